// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/token"
)

// What is remembered saves work and shows in nothing else; nobody profits from another's.
func TestPrefixes(t *testing.T) {
	_, fresh := serve(t, engine.Config{Threads: 1, Cache: -1})
	e, m := serve(t, engine.Config{Threads: 1})
	ask := func(partition byte, r engine.Request) *engine.Result {
		t.Helper()
		r.Partition = dsai.Digest{partition}
		want, got := generate(t, fresh, r), generate(t, m, r)
		if !bytes.Equal(want.Trace.JSON(), got.Trace.JSON()) || want.Text != got.Text {
			t.Error("an answer with what is remembered differs from one without")
		}
		if want.Reused != 0 {
			t.Errorf("without memory %d tokens are reused", want.Reused)
		}
		return got
	}
	first := request(1, 60, 10)
	if got := ask(1, first); got.Reused != 0 {
		t.Errorf("the first request reuses %d tokens", got.Reused)
	}
	if got := ask(1, first); got.Reused != 59 {
		t.Errorf("the same request again reuses %d tokens, want all but the last, 59", got.Reused)
	}
	branch := first
	branch.Prompt = append(append([]token.ID(nil), first.Prompt[:40]...), prompt(9, 15)...)
	branch.Prompt[40] = (first.Prompt[40] + 1) % 400
	if got := ask(1, branch); got.Reused != 40 {
		t.Errorf("a request that begins alike reuses %d tokens, want 40", got.Reused)
	}
	if got := ask(1, first); got.Reused != 59 {
		t.Errorf("after it the first reuses %d tokens, want 59", got.Reused)
	}
	if got := ask(2, first); got.Reused != 0 {
		t.Errorf("another's request reuses %d tokens", got.Reused)
	}
	if got := ask(0, first); got.Reused != 0 {
		t.Errorf("a request of nobody reuses %d tokens", got.Reused)
	}
	if n, _ := e.Remembered(); n != 3 {
		t.Errorf("%d prompts are remembered, want 3", n)
	}
}

func TestPurge(t *testing.T) {
	e, m := serve(t, engine.Config{Threads: 1})
	a, b := dsai.Digest{0xa}, dsai.Digest{0xb}
	r := request(1, 60, 10)
	r.Partition, r.Consents = dsai.Digest{1}, []dsai.Digest{a, b}
	other := request(2, 60, 10)
	other.Partition, other.Consents = dsai.Digest{1}, []dsai.Digest{b}
	generate(t, m, r)
	generate(t, m, other)
	if n := e.Purge(dsai.Digest{0xc}); n != 0 {
		t.Errorf("Purge of a consent that nothing is under = %d", n)
	}
	if n := e.Purge(a); n != 1 {
		t.Errorf("Purge = %d, want 1", n)
	}
	if got := generate(t, m, r); got.Reused != 0 {
		t.Errorf("after Purge %d tokens are reused", got.Reused)
	}
	if got := generate(t, m, r); got.Reused != 59 {
		t.Errorf("a request made after Purge leaves %d tokens to reuse, want 59: it has nothing that was withdrawn", got.Reused)
	}
	if got := generate(t, m, other); got.Reused != 59 {
		t.Errorf("another consent's request reuses %d tokens, want 59", got.Reused)
	}

	// While a request comes, whose context had not ended yet.
	ctx := &looked{Context: context.Background(), then: func() { e.Purge(a) }}
	if _, err := m.Generate(ctx, r, func(engine.Piece) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if n, _ := e.Remembered(); n != 1 {
		t.Errorf("%d prompts are remembered of a request that came before Purge, want the other one alone", n)
	}

	// While a request runs.
	purged := false
	if _, err := m.Generate(t.Context(), other, func(engine.Piece) error {
		if !purged {
			purged = true
			e.Purge(b)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if n, bytes := e.Remembered(); n != 0 || bytes != 0 || e.Used() != m.Fixed() {
		t.Errorf("%d prompts in %d bytes are remembered of a running request, %d bytes are in use", n, bytes, e.Used())
	}
}

// looked is a context in whose life something happens just after it was first looked at.
type looked struct {
	context.Context
	then func()
	once sync.Once
}

func (l *looked) Err() error {
	err := l.Context.Err()
	l.once.Do(l.then)
	return err
}

// What is remembered stays within its bounds and gives way to requests.
func TestPrefixBounds(t *testing.T) {
	path := write(t, small())
	f, err := engine.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	per := 64 * f.PerToken // a prompt of 50 tokens and 10 more
	e := engine.New(engine.Config{Threads: 1, Memory: fixed(t, path) + 4*per, Prefill: 16, Running: 2, Cache: 3 * per})
	defer e.Close()
	m := e.Add(f, dsai.Digest{})
	for i := range 6 {
		r := request(uint64(i+1), 50, 10)
		r.Partition = dsai.Digest{1}
		generate(t, m, r)
		if n, bytes := e.Remembered(); n > 3 || bytes > 3*per || e.Used() != m.Fixed()+bytes {
			t.Errorf("%d prompts in %d bytes are remembered, %d in use, at most %d are allowed", n, bytes, e.Used(), 3*per)
		}
	}
	if got := generate(t, m, request(9, 200, 20)); len(got.Output) == 0 {
		t.Error("a request that needs what is remembered says nothing")
	}
	var big *engine.MemoryError
	if _, err := m.Generate(t.Context(), request(9, 300, 20), nil); !errors.As(err, &big) {
		t.Errorf("a request beyond all memory = %v, want a MemoryError", err)
	}
}
