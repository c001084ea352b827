// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tlog_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"dsai.example/dsai/internal/verifiable/tlog"
	"golang.org/x/sync/errgroup"
)

// TestReconcile loses the marks of a batch, as a crash between append and Done does.
func TestReconcile(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 255, 256, 300} { // 300 is two batches, the second never begun
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			cfg, o, _ := build(t, leafs("before", 200)...)
			o.failDone = errors.New("disk full")
			o.add(leafs("lost", n)...)
			l, err := tlog.Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Run(t.Context()); !errors.Is(err, o.failDone) {
				t.Fatalf("Run = %v, want %v", err, o.failDone)
			}
			l.Close()

			o.failDone = nil
			l, _ = start(t, tlog.Open, cfg)
			fill(t, l, o, leafs("after", 3)...)
			wantExact(t, l, o)
		})
	}
}

// TestReconcileEqualLeaves has the same leaf many times, in and out of the log.
func TestReconcileEqualLeaves(t *testing.T) {
	t.Parallel()
	same := slices.Repeat(leafs("same", 1), 40)
	cfg, o, _ := build(t, same...)
	for id := range o.index {
		if id >= 10 {
			delete(o.index, id)
		}
	}
	l, _ := start(t, tlog.Open, cfg)
	fill(t, l, o, same...)
	wantExact(t, l, o)
}

func TestDiverged(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(o *memOutbox)
	}{
		{"outbox older than log", func(o *memOutbox) { o.leaves, o.index = o.leaves[:5], map[int64]uint64{0: 0} }},
		{"outbox of another log", func(o *memOutbox) { o.leaves, o.index = leafs("other", 10), nil }},
		{"outbox newer than log", func(o *memOutbox) { o.index[9] = 10 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg, o, _ := build(t, leafs("a", 10)...)
			tt.change(o)
			l, err := tlog.Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if err := l.Run(t.Context()); !errors.Is(err, tlog.ErrDiverged) {
				t.Errorf("Run = %v, want %v", err, tlog.ErrDiverged)
			}
			if cp, err := l.Checkpoint(t.Context()); err != nil || cp.Size != 10 {
				t.Errorf("Checkpoint = size %d, %v, want 10 untouched leaves", cp.Size, err)
			}
		})
	}
}

// TestStopInFlight stops while leaves are waiting. Nothing that was begun may be
// cut off, and the rest must follow after the next start.
func TestStopInFlight(t *testing.T) {
	t.Parallel()
	o := &memOutbox{}
	cfg := config(t, o)
	l, stop := start(t, tlog.Create, cfg)
	o.add(leafs("a", 2000)...)
	if err := l.WaitPublished(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatalf("Run = %v", err)
	}
	if cp, err := l.Checkpoint(t.Context()); err != nil || cp.Size != uint64(len(o.index)) {
		t.Errorf("%d leaves are published after stop, %v, want the %d marked", cp.Size, err, len(o.index))
	}
	l, _ = start(t, tlog.Open, cfg)
	fill(t, l, o, leafs("b", 1)...)
	wantExact(t, l, o)
}

// TestConcurrentUse adds, waits, proves and serves at once.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	o := &memOutbox{}
	l, stop := start(t, tlog.Create, config(t, o))
	h := l.Handler()
	g, ctx := errgroup.WithContext(t.Context())
	const writers, each = 8, 40
	for w := range writers {
		g.Go(func() error {
			for _, leaf := range leafs(fmt.Sprint("writer", w), each) {
				o.add(leaf)
				request(h, "GET", "/checkpoint")
				request(h, "GET", "/tile/0/000")
			}
			if err := l.WaitPublished(ctx, uint64(each*w)); err != nil {
				return err
			}
			_, err := l.Prove(ctx, uint64(each*w))
			return err
		})
	}
	if err := errors.Join(g.Wait(), l.WaitPublished(t.Context(), writers*each-1)); err != nil {
		t.Fatal(err)
	}
	wantExact(t, l, o)

	waiting := make(chan error, 1)
	go func() { waiting <- l.WaitPublished(context.Background(), writers*each) }()
	if err := stop(); err != nil {
		t.Errorf("Run = %v", err)
	}
	if err := <-waiting; !errors.Is(err, tlog.ErrStopped) {
		t.Errorf("WaitPublished beyond the end = %v, want %v", err, tlog.ErrStopped)
	}
}
