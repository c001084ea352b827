// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"database/sql"
	"errors"
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

// formatOne makes a database as the program of format 1 did.
func formatOne(t *testing.T) string {
	t.Helper()
	s, path := create(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	execute(t, path, `DROP INDEX receipt_requester;
		CREATE TABLE opened (request BLOB PRIMARY KEY, plan BLOB NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
		CREATE INDEX receipt_at ON receipt(at); CREATE INDEX receipt_requester ON receipt(requester, at); CREATE INDEX use_receipt ON use_(receipt);
		INSERT INTO opened VALUES(x'01','later',8),(x'02','earlier',7); PRAGMA user_version=1;`)
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

func schemaOf(t *testing.T, path string) (out []string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT coalesce(sql,name) FROM sqlite_schema ORDER BY 1")
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
