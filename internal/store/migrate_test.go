// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"dsai.example/dsai/internal/store"
)

// TestLeaveOpened takes a database of format 1, in which two answers had begun,
// to format 2, after an attempt that was cut off.
func TestLeaveOpened(t *testing.T) {
	path := formatOne(t)
	broken := errors.New("no space left")
	var kept []string
	for _, fail := range []error{broken, nil, nil} {
		err := store.LeaveOpened(t.Context(), path, func(plans [][]byte) error {
			for _, p := range plans {
				kept = append(kept, string(p))
			}
			return fail
		})
		if !errors.Is(err, fail) {
			t.Fatalf("LeaveOpened = %v, want %v", err, fail)
		}
		if s, err := store.Open(context.Background(), path); (err == nil) != (fail == nil) {
			t.Errorf("Open after LeaveOpened gave %v = %v", fail, err)
		} else if err == nil {
			s.Close()
		}
	}
	if want := []string{"earlier", "later", "earlier", "later"}; !slices.Equal(kept, want) {
		t.Errorf("kept %q, want %q: nothing once the format is 2", kept, want)
	}
	for query, want := range map[string][]string{
		`SELECT num||' '||hex(digest)||' '||type||' '||coalesce(raw,'-') FROM credential ORDER BY num`: {
			"1 01 LogEpoch epoch", "2 02 UseConsent consent", "3 03 InferenceReceipt answer", "4 04 StatusList list", "5 05 RefusalReceipt -",
		},
		`SELECT credential||' '||epoch||' '||first||' '||leaf||' '||coalesce(idx,'-') FROM outbox ORDER BY credential`: {
			"1 1 1 a 0", "2 1 0 b 1", "3 1 0 c 3", "4 1 0 d 2", "5 1 0 e -",
		},
		`SELECT num||' '||hex(request)||' '||at||' '||code||ended||' '||purpose||' '||coalesce(openings,'-') FROM receipt ORDER BY num`: {
			"3 13 3 complete care {}", "5 15 5 no_grant care -",
		},
		`SELECT document||' '||receipt||' '||hex(consent)||' '||quoted||' '||chars FROM use_ ORDER BY receipt`: {"7 3 02 quoted 6", "7 5   0"},
		`PRAGMA foreign_key_check`: nil,
	} {
		if got := texts(t, path, query); !slices.Equal(got, want) {
			t.Errorf("%s\n= %q, want %q", query, got, want)
		}
	}
	fresh := filepath.Join(t.TempDir(), "fresh.db")
	s, err := store.Create(t.Context(), fresh)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if got, want := schemaOf(t, path), schemaOf(t, fresh); !slices.Equal(got, want) {
		t.Errorf("schema after the step = %q, want that of a new database, %q", got, want)
	}
}

// formatOne makes a database as the program of format 1 did, with two answers
// about one document, between other artifacts, and a leaf that waits.
func formatOne(t *testing.T) string {
	t.Helper()
	schema, err := os.ReadFile("testdata/format1.sql")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "one.db")
	execute(t, path, string(schema)+`
		INSERT INTO credential(digest,type,raw,salt,created) VALUES
			(x'01','LogEpoch','epoch',x'',1), (x'02','UseConsent','consent',x'',2), (x'03','InferenceReceipt','answer',x'',3),
			(x'04','StatusList','list',x'',4), (x'05','RefusalReceipt',NULL,NULL,5);
		INSERT INTO outbox(epoch,digest,leaf,idx) VALUES (1,x'01','a',0), (1,x'02','b',1), (1,x'03','c',3), (1,x'04','d',2), (1,x'05','e',NULL);
		INSERT INTO document VALUES (7,x'0d',x'0a','p','t',0,NULL,NULL,1,NULL,NULL);
		INSERT INTO receipt(digest,request,at,requester,code,ended,purpose,model,openings) VALUES
			(x'03',x'13',3,x'aa','','complete','care','m','{}'), (x'05',x'15',5,x'aa','no_grant','','care','',NULL);
		INSERT INTO use_ VALUES (7,1,x'02','quoted',6), (7,2,NULL,'',0);
		INSERT INTO opened VALUES (x'01','later',8), (x'02','earlier',7);
		PRAGMA user_version=1;`)
	return path
}

func execute(t *testing.T, path, query string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), query); err != nil {
		t.Fatal(err)
	}
}

func schemaOf(t *testing.T, path string) []string {
	t.Helper()
	return texts(t, path, "SELECT coalesce(sql,name) FROM sqlite_schema ORDER BY 1")
}

// texts returns the first column of a query's rows.
func texts(t *testing.T, path, query string) (out []string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}
