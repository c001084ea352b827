// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/store"
)

func create(t *testing.T) (*store.Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dsai.db")
	s, err := store.Create(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	s.SetEpoch(1)
	return s, path
}

func update(t *testing.T, s *store.Store, f func(*store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func d(n int) dsai.Digest { return dsai.Hash("test", fmt.Append(nil, n)) }

func credential(n int) store.Credential {
	return store.Credential{Digest: d(n), Type: "Test", Raw: fmt.Append(nil, "raw", n), Created: dsai.Time(n), Kind: dsai.LeafReceipt, Salt: dsai.Salt(d(-n)), Body: d(n)}
}

func TestPutAgainChangesNothing(t *testing.T) {
	s, _ := create(t)
	c := credential(1)
	update(t, s, func(tx *store.Tx) error { return errors.Join(tx.Put(c), tx.Put(c)) })
	other := c
	other.Raw, other.Salt = []byte("other"), dsai.Salt{}
	update(t, s, func(tx *store.Tx) error { return tx.Put(other) })
	if raw, err := s.Raw(t.Context(), c.Digest); err != nil || !bytes.Equal(raw, c.Raw) {
		t.Errorf("Raw = %q, %v, want %q", raw, err, c.Raw)
	}
	if n, err := s.CountPending(t.Context()); err != nil || n != 1 {
		t.Errorf("CountPending = %d, %v, want 1", n, err)
	}
}

func TestOutboxOrderAndSequence(t *testing.T) {
	s, _ := create(t)
	for i := range 5 {
		update(t, s, func(tx *store.Tx) error { return tx.Put(credential(5 - i)) })
	}
	ps, err := s.Unsequenced(t.Context(), 1, 3)
	if err != nil || len(ps) != 3 {
		t.Fatalf("Unsequenced = %d leaves, %v, want 3", len(ps), err)
	}
	for i, p := range ps {
		c := credential(5 - i)
		if want := dsai.Leaf(c.Kind, c.Salt, c.Body); !bytes.Equal(p.Leaf, want) {
			t.Errorf("leaf %d = %x, want %x: the order of arrival", i, p.Leaf, want)
		}
	}
	for _, c := range []struct {
		name  string
		index uint64
		ok    bool
	}{{"first", 7, true}, {"the same again", 7, true}, {"another index", 8, false}} {
		err := s.Update(t.Context(), func(tx *store.Tx) error { return tx.Sequence(ps[0].ID, c.index) })
		if (err == nil) != c.ok {
			t.Errorf("Sequence(%s) = %v, want ok %v", c.name, err, c.ok)
		}
	}
	if _, index, err := s.Index(t.Context(), d(5)); err != nil || index != 7 {
		t.Errorf("Index = %d, %v, want 7", index, err)
	}
	if last, ok, err := s.LastSequenced(t.Context(), 1); last != 7 || !ok || err != nil {
		t.Errorf("LastSequenced = %d, %v, %v, want 7", last, ok, err)
	}
	update(t, s, func(tx *store.Tx) error { return tx.MovePending(2) })
	if moved, err := s.Unsequenced(t.Context(), 2, 10); err != nil || len(moved) != 4 || !bytes.Equal(moved[0].Leaf, ps[1].Leaf) {
		t.Errorf("Unsequenced after MovePending = %d leaves, %v, want 4 in order", len(moved), err)
	}
}

// The record that opens an epoch precedes what waited for longer.
func TestEpochRecordFirst(t *testing.T) {
	s, _ := create(t)
	record := credential(9)
	record.Kind = dsai.LeafEpoch
	update(t, s, func(tx *store.Tx) error { return errors.Join(tx.Put(credential(1)), tx.Put(credential(2))) })
	update(t, s, func(tx *store.Tx) error {
		tx.OpenEpoch(2)
		return errors.Join(tx.Put(record), tx.MovePending(2))
	})
	update(t, s, func(tx *store.Tx) error { return tx.Put(credential(3)) })
	var got []string
	ps, err := s.Unsequenced(t.Context(), 2, 10)
	for _, p := range ps {
		got = append(got, string(p.Leaf))
	}
	var want []string
	for _, c := range []store.Credential{record, credential(1), credential(2), credential(3)} {
		want = append(want, string(dsai.Leaf(c.Kind, c.Salt, c.Body)))
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Unsequenced = %q, %v, want %q", got, err, want)
	}
}

// A request has one outcome, and an outcome is listed once.
func TestFinishTwice(t *testing.T) {
	s, _ := create(t)
	finish := func(n, request int) error {
		return s.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Finish(credential(n), store.Receipt{Request: d(request)})
			return err
		})
	}
	if err := finish(1, 10); err != nil {
		t.Fatal(err)
	}
	for name, again := range map[string][2]int{"request": {2, 10}, "artifact": {1, 11}} {
		if err := finish(again[0], again[1]); err == nil {
			t.Errorf("Finish with the same %s = nil, want an error", name)
		}
	}
	if rs, err := s.Receipts(t.Context(), store.Newest, 10); err != nil || len(rs) != 1 || rs[0].Digest != d(1) {
		t.Errorf("Receipts = %+v, %v, want the first alone", rs, err)
	}
	if _, err := s.Raw(t.Context(), d(2)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Raw of a refused outcome = %v, want %v", err, store.ErrNotFound)
	}
}

// Whoever looks finds what was left for later, in order, and done is called then.
// A query that does not touch it makes nobody wait.
func TestLater(t *testing.T) {
	s, _ := create(t)
	var done []int
	later := func(n int) {
		s.Later(func(tx *store.Tx) error {
			_, err := tx.Finish(credential(n), store.Receipt{Request: d(10 * n)})
			return err
		}, func() { done = append(done, n) })
	}
	for i, look := range []func() error{
		func() error { _, err := s.Raw(t.Context(), d(1)); return err },
		func() error { _, err := s.Receipt(t.Context(), d(2)); return err },
		func() error { _, _, err := s.Index(t.Context(), d(3)); return err },
		func() error {
			ps, err := s.Unsequenced(t.Context(), 1, 10)
			if len(ps) != 4 {
				err = fmt.Errorf("%d leaves wait, want 4: %w", len(ps), err)
			}
			return err
		},
		func() error { return s.Flush(t.Context()) },
		func() error { return s.BackupTo(t.Context(), filepath.Join(t.TempDir(), "copy")) },
		func() error { return s.Update(t.Context(), func(*store.Tx) error { return nil }) },
	} {
		later(i + 1)
		if _, err := s.Meta(t.Context(), "none"); !errors.Is(err, store.ErrNotFound) || len(done) != i {
			t.Errorf("after a query of another table: %v, %d changes done, want %d", err, len(done), i)
		}
		if err := look(); err != nil || len(done) != i+1 {
			t.Errorf("look %d = %v, %v done, want it and all before", i, err, done)
		}
	}
	if !slices.IsSorted(done) {
		t.Errorf("done in the order %v", done)
	}
}

// A change that fails waits on, and who needs it hears why.
func TestLaterFails(t *testing.T) {
	s, _ := create(t)
	full, ended := errors.New("disk full"), false
	fail := full
	s.Later(func(tx *store.Tx) error {
		_, err := tx.Finish(credential(1), store.Receipt{Request: d(10)})
		return errors.Join(err, fail)
	}, func() { ended = true })
	if _, err := s.Raw(t.Context(), d(1)); !errors.Is(err, full) || ended {
		t.Errorf("Raw = %v, done %v, want %v", err, ended, full)
	}
	if err := s.Update(t.Context(), func(tx *store.Tx) error { return tx.Put(credential(2)) }); !errors.Is(err, full) {
		t.Errorf("Update = %v, want %v: it would overtake what waits", err, full)
	}
	fail = nil
	if _, err := s.Raw(t.Context(), d(1)); err != nil || !ended {
		t.Errorf("Raw = %v, done %v, once there is room", err, ended)
	}
}

// Whatever goes wrong inside leaves nothing, and the next transaction works.
func TestUpdateLeavesNothing(t *testing.T) {
	errStop := errors.New("stop")
	for name, f := range map[string]func(context.Context, context.CancelFunc, *store.Store) error{
		"error": func(ctx context.Context, _ context.CancelFunc, s *store.Store) error {
			return s.Update(ctx, func(tx *store.Tx) error { return errors.Join(tx.Put(credential(1)), errStop) })
		},
		"cancelled before": func(ctx context.Context, cancel context.CancelFunc, s *store.Store) error {
			cancel()
			return s.Update(ctx, func(tx *store.Tx) error { return tx.Put(credential(1)) })
		},
		"cancelled inside": func(ctx context.Context, cancel context.CancelFunc, s *store.Store) error {
			return s.Update(ctx, func(tx *store.Tx) error {
				err := tx.Put(credential(1))
				cancel()
				return errors.Join(err, tx.Put(credential(2)))
			})
		},
		"panic": func(ctx context.Context, _ context.CancelFunc, s *store.Store) (err error) {
			defer func() { err = fmt.Errorf("%v", recover()) }()
			return s.Update(ctx, func(tx *store.Tx) error { _ = tx.Put(credential(1)); panic("stop") })
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := create(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if err := f(ctx, cancel, s); err == nil {
				t.Error("Update = nil, want an error")
			}
			if _, err := s.Raw(t.Context(), d(1)); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("Raw = %v, want %v", err, store.ErrNotFound)
			}
			update(t, s, func(tx *store.Tx) error { return tx.Put(credential(3)) })
		})
	}
}

func TestReadersWhileWriting(t *testing.T) {
	s, _ := create(t)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for last := 0; ; {
				cs, err := s.OfType(t.Context(), "Test")
				if err != nil || len(cs) < last || len(cs)%2 != 0 {
					t.Errorf("OfType = %d, %v after %d: half a transaction, or one undone", len(cs), err, last)
					return
				}
				last = len(cs)
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for i := range 50 {
		update(t, s, func(tx *store.Tx) error { return errors.Join(tx.Put(credential(2*i)), tx.Put(credential(2*i+1))) })
	}
	close(stop)
	wg.Wait()
}

func TestReopen(t *testing.T) {
	s, path := create(t)
	update(t, s, func(tx *store.Tx) error { return tx.Put(credential(1)) })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("write-ahead log after Close: %v, want none", err)
	}
	if _, err := store.Create(t.Context(), path); !errors.Is(err, store.ErrExists) {
		t.Errorf("Create over a store = %v, want %v", err, store.ErrExists)
	}
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Raw(t.Context(), d(1)); err != nil {
		t.Error(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	s, newer := create(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", newer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("PRAGMA user_version=99"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	dir := t.TempDir()
	for name, b := range map[string][]byte{"empty": nil, "text": bytes.Repeat([]byte("not a database\n"), 100)} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]error{
		newer: store.ErrFormat, filepath.Join(dir, "empty"): store.ErrFormat, filepath.Join(dir, "text"): nil, filepath.Join(dir, "none"): os.ErrNotExist,
	} {
		s, err := store.Open(t.Context(), path)
		if err == nil {
			s.Close()
			t.Errorf("Open(%s) = nil, want an error", filepath.Base(path))
		} else if want != nil && !errors.Is(err, want) {
			t.Errorf("Open(%s) = %v, want %v", filepath.Base(path), err, want)
		}
	}
}

func TestForgetErasesBytes(t *testing.T) {
	s, path := create(t)
	secret := []byte("a sentence that nobody may read any more")
	update(t, s, func(tx *store.Tx) error {
		num, err := tx.AddDocument(store.Document{ID: dsai.DocumentID{Digest: d(1)}, Path: "/a.md", Title: "a.md", Secret: []byte("secret"), Created: 1})
		if err != nil {
			return err
		}
		err = tx.AddVersion(store.Version{Commitment: d(2), Document: num, Created: 1})
		err2 := tx.AddPassage(store.Passage{Document: num, Version: d(2), Commitment: d(3), Body: secret})
		r, err3 := tx.Finish(credential(4), store.Receipt{Request: d(5), Openings: fmt.Appendf(nil, `{"prompt":{"text":"kept"},"response":{"text":%q},"trace":{"text":%[1]q}}`, secret)})
		return errors.Join(err, err2, err3, tx.AddUse(store.Use{Document: num, ID: dsai.DocumentID{Digest: d(1)}, Receipt: r, Consent: d(6), Quoted: string(secret), Chars: 3}, d(7)))
	})
	update(t, s, func(tx *store.Tx) error { return tx.Forget(1, 2) })
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, path + "-wal"} {
		if b, _ := os.ReadFile(p); bytes.Contains(b, secret) {
			t.Errorf("%s still holds what was forgotten", filepath.Base(p))
		}
	}
	if r, err := s.Receipt(t.Context(), d(4)); err != nil || !bytes.Contains(r.Openings, []byte("kept")) {
		t.Errorf("Openings = %s, %v, want the question kept", r.Openings, err)
	}
}

func TestReceiptsByPrefix(t *testing.T) {
	s, _ := create(t)
	update(t, s, func(tx *store.Tx) error {
		_, err := tx.Finish(credential(1), store.Receipt{Request: d(2)})
		return err
	})
	hex := d(1).String()
	for prefix, want := range map[string]int{hex: 1, hex[:8]: 1, hex[:7]: 1, hex[:4]: 1, hex + "0": 0, hex[:3]: 0, "": 0, "%%%%": 0, "____": 0, "0123456789": 0} {
		if rs, err := s.ReceiptsByPrefix(t.Context(), prefix); err != nil || len(rs) != want {
			t.Errorf("ReceiptsByPrefix(%q) = %d, %v, want %d", prefix, len(rs), err, want)
		}
	}
}

// TestUsesOfManyDocuments asks for more documents than SQLite takes parameters.
func TestUsesOfManyDocuments(t *testing.T) {
	s, _ := create(t)
	who, doc := d(1), dsai.DocumentID{Digest: d(2)}
	update(t, s, func(tx *store.Tx) error {
		num, err := tx.AddDocument(store.Document{ID: doc, Member: dsai.MemberID{Digest: d(3)}, Path: "/a", Title: "a"})
		if err != nil {
			return err
		}
		r, err := tx.Finish(credential(4), store.Receipt{Request: d(5), Requester: who, At: 7})
		return errors.Join(err, tx.AddGrantDocument(d(6), doc, dsai.Digest{}),
			tx.AddUse(store.Use{Document: num, ID: doc, Receipt: r, Consent: d(6), Quoted: "a", Chars: 1}, who))
	})
	var nums []int64
	for i := range int64(100_000) {
		nums = append(nums, i+1)
	}
	us, err := s.Uses(t.Context(), nums, 0)
	if err != nil || len(us) != 1 || us[0].Digest != d(4) {
		t.Errorf("Uses of %d documents = %+v, %v, want one", len(nums), us, err)
	}
	if c, err := s.UsesOfConsent(t.Context(), d(6), nums...); err != nil || c.Count != 1 {
		t.Errorf("UsesOfConsent of %d documents = %+v, %v, want one", len(nums), c, err)
	}
}

// TestRewrite looks for what SQLite moved when it split a page, and left there: the
// uses of many documents by many answers, which come in between one another.
func TestRewrite(t *testing.T) {
	s, path := create(t)
	secret := "a sentence that nobody may read any more"
	const documents, answers = 9, 300
	update(t, s, func(tx *store.Tx) error {
		for i := range documents {
			if _, err := tx.AddDocument(store.Document{ID: dsai.DocumentID{Digest: d(i)}, Path: fmt.Sprintf("/%d.md", i), Secret: []byte("secret")}); err != nil {
				return err
			}
		}
		return nil
	})
	for a := range answers {
		update(t, s, func(tx *store.Tx) error {
			r, err := tx.Finish(credential(1000+a), store.Receipt{Request: d(2000 + a)})
			for i := range documents {
				quoted := strings.Repeat("of no interest ", (a*a+i)%60)
				if i == 4 {
					quoted = strings.Repeat(secret+". ", 1+(a*7)%40)
				}
				err = errors.Join(err, tx.AddUse(store.Use{Document: int64(i + 1), ID: dsai.DocumentID{Digest: d(i)}, Receipt: r, Consent: d(6), Quoted: quoted}, d(7)))
			}
			return err
		})
	}
	holds := func() bool {
		t.Helper()
		var all []byte
		for _, p := range []string{path, path + "-wal"} {
			b, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b...)
		}
		return bytes.Contains(all, []byte(secret))
	}
	update(t, s, func(tx *store.Tx) error { return tx.Forget(5, 2) })
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !holds() {
		t.Fatal("nothing is left in free space: the test shows nothing")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Rewrite(ctx); err == nil || !holds() {
		t.Errorf("Rewrite that was cancelled = %v, want an error", err)
	}
	if err := s.Rewrite(t.Context()); err != nil || holds() {
		t.Errorf("Rewrite = %v, want nothing left", err)
	}
	if n, err := s.Quoted(t.Context(), d(7), dsai.DocumentID{Digest: d(1)}); err != nil || n != 0 {
		t.Errorf("Quoted after Rewrite = %d, %v", n, err)
	}
	if lines, err := s.Check(t.Context()); err != nil || len(lines) > 0 {
		t.Errorf("Check after Rewrite = %q, %v", lines, err)
	}
	update(t, s, func(tx *store.Tx) error { return tx.Put(credential(1)) })
}
