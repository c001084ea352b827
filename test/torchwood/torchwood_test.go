// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package torchwood_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// fixture is what TestExportFixture wrote.
type fixture struct {
	dir         string // of the log
	policy      torchwood.Policy
	proof, leaf []byte
}

func load(t *testing.T) fixture {
	t.Helper()
	dir := os.Getenv("DSAI_LOG_FIXTURE")
	if dir == "" {
		t.Skip("DSAI_LOG_FIXTURE names no exported log; doc.go tells how to make one")
	}
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	v, err := note.NewVerifier(string(read("vkey")))
	if err != nil {
		t.Fatal(err)
	}
	return fixture{
		dir:    filepath.Join(dir, "log"),
		policy: torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(v.Name()), torchwood.SingleVerifierPolicy(v)),
		proof:  read("proof"),
		leaf:   read("leaf"),
	}
}

// TestWalk verifies the checkpoint, and every entry against it.
func TestWalk(t *testing.T) {
	f := load(t)
	tiles, err := torchwood.NewTileFS(os.DirFS(f.dir))
	if err != nil {
		t.Fatal(err)
	}
	f.walk(t, tiles)
}

// TestServed reads the same log as auditors elsewhere do, over HTTP, with the
// fetcher of that module: paths, partial tiles and all.
func TestServed(t *testing.T) {
	f := load(t)
	base := os.Getenv("DSAI_LOG_URL")
	if base == "" {
		t.Skip("DSAI_LOG_URL names no log that is served; test/strangers/run.sh serves one")
	}
	tiles, err := torchwood.NewTileFetcher(base, torchwood.WithConcurrencyLimit(4))
	if err != nil {
		t.Fatal(err)
	}
	f.walk(t, tiles)
}

// tiles is a log, wherever it is.
type tiles interface {
	torchwood.TileReader
	ReadEndpoint(ctx context.Context, path string) ([]byte, error)
}

func (f fixture) walk(t *testing.T, log tiles) {
	t.Helper()
	raw, err := log.ReadEndpoint(t.Context(), "checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	cp, _, err := torchwood.VerifyCheckpoint(raw, f.policy)
	if err != nil {
		t.Fatalf("VerifyCheckpoint = %v", err)
	}
	client, err := torchwood.NewClient(log)
	if err != nil {
		t.Fatal(err)
	}
	entries, found := int64(0), false
	for _, entry := range client.AllEntries(t.Context(), cp.Tree, 0) {
		entries++
		found = found || bytes.Equal(entry, f.leaf)
	}
	if err := client.Err(); err != nil {
		t.Fatalf("walk log of size %d = %v", cp.N, err)
	}
	if entries != cp.N || cp.N < 257 || !found {
		t.Errorf("walked %d entries of %d, found the leaf: %t", entries, cp.N, found)
	}
}

// TestProof verifies the proof, and refuses a changed leaf and a changed proof.
func TestProof(t *testing.T) {
	f := load(t)
	if err := torchwood.VerifyProof(f.policy, tlog.RecordHash(f.leaf), f.proof); err != nil {
		t.Fatalf("VerifyProof = %v", err)
	}
	for i := range f.leaf {
		bad := slices.Clone(f.leaf)
		bad[i] ^= 1
		if err := torchwood.VerifyProof(f.policy, tlog.RecordHash(bad), f.proof); err == nil {
			t.Errorf("VerifyProof(leaf with byte %d flipped) = nil, want error", i)
		}
	}
	for i := range f.proof {
		if bytes.HasPrefix(f.proof[i+1:], []byte("=")) {
			continue // unused bits of base64, which tlog-proof decoders ignore
		}
		bad := slices.Clone(f.proof)
		bad[i] ^= 1
		if err := torchwood.VerifyProof(f.policy, tlog.RecordHash(f.leaf), bad); err == nil {
			t.Errorf("VerifyProof(proof with byte %d flipped) = nil, want error", i)
		}
	}
}
