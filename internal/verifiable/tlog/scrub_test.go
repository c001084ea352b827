// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tlog_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"dsai.example/dsai/internal/verifiable/tlog"
	sumdb "golang.org/x/mod/sumdb/tlog"
)

// plant writes a file of a log.
func plant(t testing.TB, dir, path string, data []byte) {
	t.Helper()
	full := filepath.Join(dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// hashTile returns the tile over 256 leaves.
func hashTile(leaves [][]byte) (tile []byte) {
	for _, leaf := range leaves {
		h := sumdb.RecordHash(leaf)
		tile = append(tile, h[:]...)
	}
	return tile
}

// TestOrphanTile reproduces a defect of Tessera v1.0.4. A crash after a full tile
// is written and before the tree is recorded leaves that tile behind. From a size
// that is a multiple of 256, the next integration builds on it.
func TestOrphanTile(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		open opener
		want error
	}{
		{"without scrub", tlog.OpenUnscrubbed, tlog.ErrCorrupt},
		{"with scrub", tlog.Open, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg, o, _ := build(t, leafs("a", 256)...)
			plant(t, cfg.Dir, "tile/0/001", hashTile(leafs("lost", 256)))

			l, _ := start(t, tt.open, cfg)
			fill(t, l, o, leafs("b", 5)...)

			err := l.Fsck(t.Context())
			if !errors.Is(err, tt.want) {
				t.Fatalf("Fsck = %v, want %v", err, tt.want)
			}
			if fe, ok := errors.AsType[*tlog.FileError](err); ok && fe.Path != "tile/0/001.p/5" {
				t.Errorf("Fsck blames %s, want tile/0/001.p/5", fe.Path)
			}
			if _, err := l.Prove(t.Context(), 258); !errors.Is(err, tt.want) {
				t.Errorf("Prove(258) = %v, want %v", err, tt.want)
			}
			if tt.want == nil {
				wantExact(t, l, o)
			}
		})
	}
}

func TestScrub(t *testing.T) {
	t.Parallel()
	keep := []string{
		"lock", "checkpoint", ".state/version", ".state/treeState", ".state/treeState.lock",
		".state/publish.lock", ".state/gcState", ".state/gcState.lock", "notes.txt",
		"tile/0/000", "tile/0/001.p/1", "tile/0/001.p/44", "tile/1/000.p/1",
		"tile/entries/000", "tile/entries/001.p/44",
	}
	drop := []string{
		"checkpoint123", ".state/treeState77", ".state/version1", ".state/gcState5",
		"tile/0/001", "tile/0/001.p/45", "tile/0/002.p/1", "tile/1/000.p/2", "tile/1/000", "tile/2/000.p/1",
		"tile/entries/001", "tile/entries/001.p/45", "tile/entries/x001/000",
		"tile/0/0001234567", "tile/0/001.p/441234567", "tile/entries/00099", "tile/junk",
	}
	dir := t.TempDir()
	for _, p := range slices.Concat(keep, drop) {
		plant(t, dir, p, nil)
	}
	for range 2 { // the second finds nothing to do
		if err := tlog.Scrub(dir, 300); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range keep {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(p))); err != nil {
			t.Errorf("scrub deleted a file of the log: %v", err)
		}
	}
	for _, p := range drop {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(p))); err == nil {
			t.Errorf("scrub kept %s", p)
		}
	}
}

func TestOpenChecksTree(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		path string
		data []byte
	}{
		{"tile changed", "tile/0/001.p/44", make([]byte, 44*32)},
		{"tile of wrong width", "tile/0/001.p/44", make([]byte, 45*32)},
		{"tree state not JSON", ".state/treeState", []byte("{")},
		{"tree state rolled back", ".state/treeState", []byte(`{"size":256,"root":"` + "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" + `"}`)},
		{"checkpoint unsigned", "checkpoint", []byte("0123abcd/log/1\n300\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg, _, _ := build(t, leafs("a", 300)...)
			plant(t, cfg.Dir, tt.path, tt.data)
			if _, err := tlog.Open(t.Context(), cfg); !errors.Is(err, tlog.ErrCorrupt) {
				t.Errorf("Open = %v, want %v", err, tlog.ErrCorrupt)
			}
		})
	}
}

// TestPartialsCollected reads under a checkpoint whose partial tiles were deleted
// because the tiles are full by now.
func TestPartialsCollected(t *testing.T) {
	t.Parallel()
	cfg, o, vkey := build(t, leafs("a", 300)...)
	old, err := os.ReadFile(filepath.Join(cfg.Dir, "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	l, stop := start(t, tlog.Open, cfg)
	fill(t, l, o, leafs("b", 300)...)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	plant(t, cfg.Dir, "checkpoint", old)
	for _, p := range []string{"tile/0/001.p", "tile/entries/001.p"} {
		if err := os.RemoveAll(filepath.Join(cfg.Dir, filepath.FromSlash(p))); err != nil {
			t.Fatal(err)
		}
	}
	r, err := tlog.NewReader(cfg.Dir, vkey)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Fsck(t.Context()); err != nil {
		t.Errorf("Fsck = %v", err)
	}
	p, err := r.Prove(t.Context(), 299)
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(vkey, o.leaves[299], p); err != nil {
		t.Errorf("verify(proof) = %v", err)
	}
}
