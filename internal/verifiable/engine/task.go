// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"sync"
	"time"

	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/token"
)

// task is a request under way.
type task struct {
	Request
	queued   time.Time
	most     int    // tokens of the output
	reserved int64  // bytes, while it runs
	purges   uint64 // before it came

	started chan struct{} // closed when its turn has come
	ready   chan struct{} // of 1: there are pieces
	quit    chan struct{} // closed by the caller, who wants no more
	done    chan struct{} // closed when the loop has let go of it

	// Owned by the loop between started and done, by the caller after.
	sequence *infer.Sequence
	tokens   []int32 // prompt and output
	fed      int     // of tokens, those that the sequence was given
	tracer   *infer.Tracer
	out      *output
	waiting  []Logprob // of tokens that have not left
	reused   int
	began    time.Time
	first    time.Time
	ended    time.Time
	finish   Finish // "" while it runs
	err      error

	mu     sync.Mutex
	pieces []Piece
}

func (t *task) output() []int32 { return t.tokens[len(t.Prompt):] }

// left reports whether the caller wants no more.
func (t *task) left() bool { return closed(t.quit) }

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// blocked reports whether so many pieces wait for the reader.
func (t *task) blocked(ahead int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.pieces) >= ahead
}

// advance takes the token that follows from a result. Tasks may advance at the same time.
func (t *task) advance(r infer.Result, ends []token.ID, v *token.Vocabulary) {
	before := t.output()
	next := t.Sampling.Choose(r.Logits, before, len(before))
	t.tracer.Add(next, r)
	t.tokens = append(t.tokens, next)
	if t.first.IsZero() {
		t.first = time.Now()
	}
	if t.Logprobs >= 0 {
		t.waiting = append(t.waiting, logprob(r.Logits, next, t.Logprobs, v))
	}
	stopped := t.out.add(token.ID(next))
	switch {
	case stopped || slices.Contains(ends, token.ID(next)):
		t.finish = Stopped
	case len(t.output()) == t.most:
		t.finish = Length
	}
	if t.finish != "" {
		t.tracer.End(r)
		t.out.end(stopped)
	}
	t.push()
}

func logprob(logits []float32, chosen int32, n int, v *token.Vocabulary) Logprob {
	one, top := infer.Likelihoods(logits, chosen, n)
	of := func(l infer.Likelihood) Likelihood {
		return Likelihood{Token: token.ID(l.Token), Bytes: v.Bytes(token.ID(l.Token)), Logprob: l.Log}
	}
	out := Logprob{Likelihood: of(one)}
	for _, l := range top {
		out.Top = append(out.Top, of(l))
	}
	return out
}

// push hands over what may leave.
func (t *task) push() {
	p := Piece{}
	p.Text, p.Tokens = t.out.take(t.finish != "")
	if p.Text == "" && p.Tokens == 0 {
		return
	}
	if t.Logprobs >= 0 {
		p.Logprobs, t.waiting = t.waiting[:p.Tokens:p.Tokens], t.waiting[p.Tokens:]
	}
	t.mu.Lock()
	t.pieces = append(t.pieces, p)
	t.mu.Unlock()
	select {
	case t.ready <- struct{}{}:
	default: // the reader will take this one too
	}
}

// pop returns the pieces that wait.
func (t *task) pop() []Piece {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := t.pieces
	t.pieces = nil
	return out
}

// fail ends a task that was never begun.
func (t *task) fail(err error) {
	t.err = err
	close(t.done)
}
