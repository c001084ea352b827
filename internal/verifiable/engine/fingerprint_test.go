// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
)

// overwrite writes into a file that stays the same length, and sets its times back.
func overwrite(t *testing.T, path string, b []byte, at int64) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.WriteAt(b, at)
	if err := errors.Join(err, w.Close(), os.Chtimes(path, time.Time{}, info.ModTime())); err != nil {
		t.Fatal(err)
	}
}

// A file whose header was parsed, and that then became another, is neither: it does not load under the
// fingerprint of the other.
func TestHeaderChangesAfterOpen(t *testing.T) {
	honest := infertest.Speaker(1).File()
	evil := bytes.Replace(honest, []byte("<s>assistant"), []byte("<s>evilthing"), 1)
	path := write(t, infertest.Speaker(1))
	overwrite(t, path, evil, 0)
	f, err := engine.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, path, honest, 0)
	e := engine.New(engine.Config{Threads: 1})
	defer e.Close()
	m := e.Add(f, dsai.Digest(sha256.Sum256(honest)))
	if err := m.Load(t.Context(), nil); !errors.Is(err, engine.ErrChanged) {
		t.Errorf("Load of a file with another template than was read = %v, want ErrChanged", err)
	}
	overwrite(t, path, evil, 0)
	m = e.Add(f, dsai.Digest(sha256.Sum256(evil)))
	if err := m.Load(t.Context(), nil); err != nil {
		t.Errorf("Load of the file that was opened = %v", err)
	}
}

// A byte that changes after it was hashed is found, wherever it lies and whatever the times say.
func TestWeightsChangeAfterHash(t *testing.T) {
	s := small()
	s.Inner = 2048 // so that the file has more blocks than one
	path := write(t, s)
	f, err := engine.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.LoadAfter(t.Context(), func() {}); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(file) < 2<<20 {
		t.Fatalf("the file has %d bytes, which is too few to mean something", len(file))
	}
	for _, at := range []int{100, len(file) / 2, 1<<20 - 1, 1 << 20, len(file) - 1} {
		change := []byte{file[at] ^ 1}
		if err := f.LoadAfter(t.Context(), func() { overwrite(t, path, change, int64(at)) }); !errors.Is(err, engine.ErrChanged) {
			t.Errorf("a byte at %d of %d that changes after it was hashed: load = %v, want ErrChanged", at, len(file), err)
		}
		overwrite(t, path, file[at:at+1], int64(at))
	}
	if err := f.LoadAfter(t.Context(), func() {}); err != nil {
		t.Errorf("load of the file as it was: %v", err)
	}
}
