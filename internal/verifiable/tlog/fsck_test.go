// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tlog_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"dsai.example/dsai/internal/verifiable/tlog"
)

// damage changes a file of a log. nil content removes it.
func damage(t testing.TB, dir, path string, change func([]byte) []byte) {
	t.Helper()
	full := filepath.Join(dir, filepath.FromSlash(path))
	data, err := os.ReadFile(full)
	if err != nil {
		t.Fatal(err)
	}
	if data = change(data); data == nil {
		err = os.Remove(full)
	} else {
		err = os.WriteFile(full, data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func flip(i int) func([]byte) []byte {
	return func(data []byte) []byte { data[i] ^= 1; return data }
}

func remove([]byte) []byte        { return nil }
func truncate(data []byte) []byte { return data[:len(data)-1] }
func widen(data []byte) []byte    { return append(data, make([]byte, 32)...) }
func double(data []byte) []byte   { return append(data, data...) }

// TestFsck damages one file at a time of a log of 600 leaves.
func TestFsck(t *testing.T) {
	t.Parallel()
	cfg, _, vkey := build(t, leafs("a", 600)...)
	tests := []struct {
		path   string
		change func([]byte) []byte
	}{
		{"checkpoint", flip(3)},
		{"checkpoint", remove},
		{"tile/entries/000", flip(40)},
		{"tile/entries/000", flip(0)}, // a length
		{"tile/entries/001", remove},
		{"tile/entries/002.p/88", flip(70)},
		{"tile/entries/002.p/88", truncate},
		{"tile/entries/002.p/88", double},
		{"tile/0/000", flip(0)},
		{"tile/0/001", widen},
		{"tile/0/001", remove},
		{"tile/0/002.p/88", flip(31)},
		{"tile/0/002.p/88", widen},
		{"tile/1/000.p/2", flip(0)},
		{"tile/1/000.p/2", remove},
	}
	fsck := func() error {
		r, err := tlog.NewReader(cfg.Dir, vkey)
		if err != nil {
			t.Fatal(err)
		}
		return r.Fsck(t.Context())
	}
	if err := fsck(); err != nil {
		t.Fatalf("Fsck(sound log) = %v", err)
	}
	for i, tt := range tests {
		t.Run(fmt.Sprint(i, " ", tt.path), func(t *testing.T) {
			full := filepath.Join(cfg.Dir, filepath.FromSlash(tt.path))
			sound, err := os.ReadFile(full)
			if err != nil {
				t.Fatal(err)
			}
			defer os.WriteFile(full, slices.Clone(sound), 0o644)
			damage(t, cfg.Dir, tt.path, tt.change)
			got := fsck()
			fe, ok := errors.AsType[*tlog.FileError](got)
			if !ok || fe.Path != tt.path {
				t.Errorf("Fsck = %v, want %s at fault", got, tt.path)
			}
		})
	}
	if err := fsck(); err != nil {
		t.Errorf("Fsck(restored log) = %v", err)
	}
}
