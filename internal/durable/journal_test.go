// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package durable_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"dsai.example/dsai/internal/durable"
)

// journal makes a journal with records that have not ended, each its own key.
func journal(t *testing.T, records ...string) (*durable.Journal, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal")
	if err := durable.WriteJournal(path, []byte("ended before")); err != nil {
		t.Fatal(err)
	}
	j, err := durable.OpenJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := j.Append(r, []byte(r)); err != nil {
			t.Fatal(err)
		}
	}
	return j, path
}

func read(path string) ([]string, error) {
	records, err := durable.ReadJournal(path)
	var out []string
	for _, r := range records {
		out = append(out, string(r))
	}
	return out, err
}

func wantRecords(t *testing.T, path string, want ...string) {
	t.Helper()
	if got, err := read(path); err != nil || !slices.Equal(got, want) {
		t.Errorf("ReadJournal = %q, %v, want %q", got, err, want)
	}
}

func TestJournal(t *testing.T) {
	j, path := journal(t, "a", "b b", "")
	wantRecords(t, path, "a", "b b", "")
	if err := j.Append("a", []byte("again")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Append under a key in use = %v, want %v", err, fs.ErrExist)
	}
	if err := j.Append("c", []byte("two\nlines")); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("Append of two lines = %v, want %v", err, fs.ErrInvalid)
	}
	j.End("a")
	j.End("nobody's")
	wantRecords(t, path, "a", "b b", "") // later
	if err := j.Compact(); err != nil {
		t.Fatal(err)
	}
	wantRecords(t, path, "b b", "")
	if err := j.Append("a", []byte("again")); err != nil || j.Len() != 3 {
		t.Errorf("Append after End = %v, %d records, want 3", err, j.Len())
	}
	j.End("b b")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	wantRecords(t, path, "", "again")
	wantNames(t, filepath.Dir(path), "journal")
}

// TestJournalLetsGo appends more than a journal keeps of what has ended.
func TestJournalLetsGo(t *testing.T) {
	j, path := journal(t, "lives")
	large := strings.Repeat("x", 100<<10)
	for i := range 25 {
		key := fmt.Sprint(i)
		if err := j.Append(key, []byte(large)); err != nil {
			t.Fatal(err)
		}
		j.End(key)
	}
	got, err := read(path)
	if err != nil || len(got) > 13 || got[0] != "lives" {
		t.Errorf("ReadJournal = %d records, %v, want what lives and at most 1 MiB and a record of others", len(got), err)
	}
}

// TestJournalCutOff ends the file everywhere in the last write, and leaves
// blocks of it unwritten.
func TestJournalCutOff(t *testing.T) {
	j, path := journal(t, "first")
	whole := readFile(t, path)
	if err := j.Append("last", []byte(strings.Repeat("last ", 20))); err != nil {
		t.Fatal(err)
	}
	b := readFile(t, path)
	for end := len(whole); end < len(b); end++ {
		writeFile(t, path, b[:end])
		wantRecords(t, path, "first")
		hole := bytes.Clone(b)
		clear(hole[len(whole):end])
		if end > len(whole) {
			writeFile(t, path, hole)
			wantRecords(t, path, "first")
		}
	}
}

// TestJournalFlipped turns every bit over. No record may come out changed, and
// only a flip that looks like a write that was cut off may cost the last one.
func TestJournalFlipped(t *testing.T) {
	_, path := journal(t, `{"n":1}`, `{"n":2}`)
	b := readFile(t, path)
	lost := 0
	for bit := range 8 * len(b) {
		flipped := bytes.Clone(b)
		flipped[bit/8] ^= 1 << (bit % 8)
		writeFile(t, path, flipped)
		got, err := read(path)
		switch {
		case errors.Is(err, durable.ErrDamaged):
		case err == nil && slices.Equal(got, []string{`{"n":1}`}) && bit/8 > len(b)/2:
			lost++
		default:
			t.Errorf("bit %d: ReadJournal = %q, %v, want %v", bit, got, err, durable.ErrDamaged)
		}
	}
	if lost > 9 { // the line feed, and the space that becomes NUL
		t.Errorf("%d flipped bits cost the last record unnoticed", lost)
	}
}

func TestJournalAfterFailedFsync(t *testing.T) {
	j, _ := journal(t)
	t.Run("fails", func(t *testing.T) {
		durable.FailSync(t, syscall.EIO)
		if err := j.Append("a", []byte("a")); !errors.Is(err, durable.ErrFsync) {
			t.Errorf("Append = %v, want %v", err, durable.ErrFsync)
		}
	})
	for name, err := range map[string]error{"Append": j.Append("b", []byte("b")), "Compact": j.Compact(), "Close": j.Close()} {
		if !errors.Is(err, durable.ErrFsync) {
			t.Errorf("%s after a failed fsync = %v, want %v for ever", name, err, durable.ErrFsync)
		}
	}
}

func TestJournalMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	if _, err := durable.ReadJournal(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReadJournal = %v, want %v", err, fs.ErrNotExist)
	}
	if _, err := durable.OpenJournal(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("OpenJournal = %v, want %v", err, fs.ErrNotExist)
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
