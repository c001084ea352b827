// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tlog_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"dsai.example/dsai/internal/verifiable/tlog"
	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"
	sumdb "golang.org/x/mod/sumdb/tlog"
)

// memOutbox is an outbox that forgets nothing but lives in memory.
type memOutbox struct {
	mu     sync.Mutex
	leaves [][]byte
	index  map[int64]uint64
	wake   func() // called by add, may be nil

	failDone error // returned by Done, which then marks nothing
}

func (o *memOutbox) add(leaves ...[]byte) {
	o.mu.Lock()
	o.leaves = append(o.leaves, leaves...)
	o.mu.Unlock()
	if o.wake != nil {
		o.wake()
	}
}

func (o *memOutbox) Next(_ context.Context, max int) (pending []tlog.Pending, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, leaf := range o.leaves {
		if _, done := o.index[int64(id)]; !done && len(pending) < max {
			pending = append(pending, tlog.Pending{ID: int64(id), Leaf: leaf})
		}
	}
	return pending, nil
}

func (o *memOutbox) Done(_ context.Context, leaves []tlog.Sequenced) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failDone != nil {
		return o.failDone
	}
	for _, s := range leaves {
		if o.index == nil {
			o.index = map[int64]uint64{}
		}
		o.index[s.ID] = s.Index
	}
	return nil
}

func (o *memOutbox) LastSequenced(context.Context) (last uint64, ok bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, index := range o.index {
		last, ok = max(last, index), true
	}
	return last, ok, nil
}

// leafs returns n different leaves, named by seed.
func leafs(seed string, n int) [][]byte {
	leaves := make([][]byte, n)
	for i := range leaves {
		h := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(seed), uint64(i)))
		leaves[i] = append([]byte{1}, h[:]...)
	}
	return leaves
}

// config returns the configuration of a log that need not exist yet.
func config(t testing.TB, o *memOutbox) tlog.Config {
	t.Helper()
	return tlog.Config{
		Dir:    filepath.Join(t.TempDir(), "log"),
		Origin: "0123abcd/log/1",
		Key:    ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize)),
		Outbox: o,
	}
}

type opener func(context.Context, tlog.Config) (*tlog.Log, error)

// start opens the log and runs it until stop, which returns Run's error, or the test ends.
func start(t testing.TB, open opener, cfg tlog.Config) (l *tlog.Log, stop func() error) {
	t.Helper()
	l, err := open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if o, ok := cfg.Outbox.(*memOutbox); ok {
		o.wake = l.Wake
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return errors.Join(<-done, l.Close())
	})
	t.Cleanup(func() { stop() })
	return l, stop
}

// fill appends leaves and returns when they are published.
func fill(t testing.TB, l *tlog.Log, o *memOutbox, leaves ...[]byte) {
	t.Helper()
	o.add(leaves...)
	if err := l.WaitPublished(t.Context(), uint64(len(o.leaves)-1)); err != nil {
		t.Fatal(err)
	}
}

// build makes a closed log of these leaves.
func build(t testing.TB, leaves ...[]byte) (tlog.Config, *memOutbox, string) {
	t.Helper()
	o := &memOutbox{}
	cfg := config(t, o)
	l, stop := start(t, tlog.Create, cfg)
	if len(leaves) > 0 {
		fill(t, l, o, leaves...)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	return cfg, o, l.VerifierKey()
}

// wantExact checks, strictly, that the log holds the outbox's leaves, each once and
// in order, and that the outbox knows their indexes.
func wantExact(t testing.TB, l *tlog.Log, o *memOutbox) {
	t.Helper()
	if err := l.Fsck(t.Context()); err != nil {
		t.Error(err)
	}
	cp, err := l.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if cp.Size != uint64(len(o.leaves)) || len(o.index) != len(o.leaves) {
		t.Fatalf("log has %d leaves, %d are marked, want %d", cp.Size, len(o.index), len(o.leaves))
	}
	for i, leaf := range o.leaves {
		if o.index[int64(i)] != uint64(i) {
			t.Errorf("leaf %d is marked with index %d", i, o.index[int64(i)])
		}
		p, err := l.Prove(t.Context(), uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		if err := verify(l.VerifierKey(), leaf, p); err != nil {
			t.Errorf("verify(proof of leaf %d) = %v", i, err)
		}
	}
}

// verify checks a tlog-proof with the libraries of verifiers, and none of our code.
func verify(vkey string, leaf, raw []byte) error {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	var p proof.TLogProof
	if err := p.Unmarshal(raw); err != nil {
		return err
	}
	cp, _, _, err := log.ParseCheckpoint(p.Checkpoint, v.Name(), v)
	if err != nil {
		return err
	}
	var path sumdb.RecordProof
	for _, h := range p.Hashes {
		path = append(path, h)
	}
	return sumdb.CheckRecord(path, int64(cp.Size), sumdb.Hash(cp.Hash), int64(p.Index), sumdb.RecordHash(leaf))
}

func TestSequence(t *testing.T) {
	t.Parallel()
	for _, sizes := range [][]int{{1}, {255, 1}, {256, 1}, {257}, {1, 300, 3}, {700}} {
		t.Run(fmt.Sprint(sizes), func(t *testing.T) {
			t.Parallel()
			o := &memOutbox{}
			l, stop := start(t, tlog.Create, config(t, o))
			for i, n := range sizes {
				fill(t, l, o, leafs(string(rune('a'+i)), n)...)
			}
			wantExact(t, l, o)
			if err := stop(); err != nil {
				t.Errorf("Run = %v", err)
			}
		})
	}
}

func TestReopenContinues(t *testing.T) {
	t.Parallel()
	cfg, o, _ := build(t, leafs("first", 300)...)
	l, _ := start(t, tlog.Open, cfg)
	fill(t, l, o, leafs("second", 300)...)
	wantExact(t, l, o)
}

func TestProofRejectsOtherLeaf(t *testing.T) {
	t.Parallel()
	leaves := leafs("a", 5)
	cfg, _, vkey := build(t, leaves...)
	r, err := tlog.NewReader(cfg.Dir, vkey)
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Prove(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	bad := slices.Clone(leaves[3])
	bad[9] ^= 1
	if err := verify(vkey, bad, p); err == nil {
		t.Error("verify(flipped leaf) = nil, want error")
	}
	if _, err := r.Prove(t.Context(), 5); !errors.Is(err, tlog.ErrNotPublished) {
		t.Errorf("Prove(5) = %v, want %v", err, tlog.ErrNotPublished)
	}
}

func TestCreateAndOpenRefuse(t *testing.T) {
	t.Parallel()
	existing, _, _ := build(t, leafs("a", 3)...)
	otherKey, otherOrigin, empty := existing, existing, existing
	otherKey.Key = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	otherOrigin.Origin = "0123abcd/log/2"
	empty.Dir = t.TempDir()
	noKey := config(t, nil)
	noKey.Key = nil
	tests := []struct {
		name string
		open opener
		cfg  tlog.Config
		want error
	}{
		{"create over log", tlog.Create, existing, fs.ErrExist},
		{"create over directory", tlog.Create, empty, fs.ErrExist},
		{"open nothing", tlog.Open, config(t, nil), fs.ErrNotExist},
		{"open empty directory", tlog.Open, empty, fs.ErrNotExist},
		{"open with other key", tlog.Open, otherKey, tlog.ErrCorrupt},
		{"open with other origin", tlog.Open, otherOrigin, tlog.ErrCorrupt},
		{"create without key", tlog.Create, noKey, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.open(t.Context(), tt.cfg)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("open = %v, want %v", err, tt.want)
			}
		})
	}
	if entries, err := os.ReadDir(empty.Dir); err != nil || len(entries) != 0 {
		t.Errorf("refused directory has %v, %v, want nothing", entries, err)
	}
	if l, err := tlog.Open(t.Context(), existing); err != nil {
		t.Errorf("Open after refusals = %v", err)
	} else {
		if _, err := tlog.Open(t.Context(), existing); !errors.Is(err, tlog.ErrLocked) {
			t.Errorf("second Open = %v, want %v", err, tlog.ErrLocked)
		}
		l.Close()
	}
}

func TestRunRefusesBadLeaf(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, tlog.MaxLeaf + 1} {
		o := &memOutbox{leaves: [][]byte{make([]byte, size)}}
		l, err := tlog.Create(t.Context(), config(t, o))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if err := l.Run(t.Context()); err == nil {
			t.Errorf("Run with a leaf of %d bytes = nil, want error", size)
		}
		if err := l.WaitPublished(t.Context(), 0); !errors.Is(err, tlog.ErrStopped) {
			t.Errorf("WaitPublished after Run = %v, want %v", err, tlog.ErrStopped)
		}
	}
}
