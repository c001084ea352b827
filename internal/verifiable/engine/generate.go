// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/token"
)

// Generate answers a request. It waits for the model and for its turn, hands the answer to emit piece by
// piece on the caller's goroutine, and returns once nothing of the request runs any more. When ctx
// ends or emit fails, the answer ends within one step and that error is returned beside the result,
// as is the error of an engine that breaks. The result is nil if nothing was run: ErrRequest, ErrBusy,
// ErrClosed, ErrRemoved, a *MemoryError, a *ChangedError, what the file had wrong, or the end of ctx.
func (m *Model) Generate(ctx context.Context, r Request, emit func(Piece) error) (*Result, error) {
	purges := m.e.prefixes.count() // before ctx is looked at: see Purge
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	t, err := m.newTask(r)
	if err != nil {
		return nil, err
	}
	t.purges = purges
	l, err := m.submit(t)
	if err != nil {
		return nil, err
	}
	if err := m.turn(ctx, l, t, or(r.Wait, m.e.cfg.Wait)); err != nil {
		return nil, err
	}
	result := &Result{PromptTokens: len(r.Prompt)}
	err = m.follow(ctx, t, result, emit)
	if result.Trace.Whole {
		err = nil // the end of ctx came after the last token had left
	}
	m.conclude(t, result, err)
	return result, err
}

// maxLogprobs is of how many of the likeliest tokens a request may ask.
const maxLogprobs = 20

func (m *Model) newTask(r Request) (*task, error) {
	if err := r.Sampling.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	outside := func(id token.ID) bool { return id < 0 || int(id) >= m.Vocabulary.Len() }
	switch {
	case len(r.Prompt) == 0:
		return nil, fmt.Errorf("%w: the prompt is empty", ErrRequest)
	case slices.ContainsFunc(r.Prompt, outside):
		return nil, fmt.Errorf("%w: the prompt holds tokens that the model does not have", ErrRequest)
	case r.MaxTokens < 0 || r.Logprobs > maxLogprobs:
		return nil, fmt.Errorf("%w: %d tokens, %d likelihoods", ErrRequest, r.MaxTokens, r.Logprobs)
	case slices.Contains(r.Stop, ""):
		return nil, fmt.Errorf("%w: a text that stops it is empty", ErrRequest)
	}
	if r.MaxTokens > m.Context-len(r.Prompt) || len(r.Prompt) >= m.Context {
		return nil, &ContextError{Prompt: len(r.Prompt), Output: max(1, r.MaxTokens), Context: m.Context}
	}
	most := or(r.MaxTokens, m.Context-len(r.Prompt))
	t := &task{
		Request: r, queued: time.Now(), most: most, reserved: m.remembered(len(r.Prompt) + most),
		out: newOutput(m.Vocabulary, r.Stop), started: make(chan struct{}), ready: make(chan struct{}, 1),
		quit: make(chan struct{}), done: make(chan struct{}),
	}
	for _, id := range r.Prompt {
		t.tokens = append(t.tokens, int32(id))
	}
	if limit := m.e.cfg.Memory; limit > 0 && m.fixed()+t.reserved > limit {
		what := fmt.Sprintf("a request of %d tokens", len(r.Prompt)+most)
		return nil, &MemoryError{What: what, Need: t.reserved, Used: m.fixed(), Limit: limit}
	}
	t.tracer = infer.NewTracer(t.tokens, r.Sampling)
	return t, nil
}

// submit puts a task into the queue.
func (m *Model) submit(t *task) (*life, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, m.why()
	}
	if m.running+len(m.queue) >= m.e.cfg.Running+m.e.cfg.Waiting {
		return nil, m.busyLocked(0)
	}
	m.queue = append(m.queue, t)
	l := m.liveLocked()
	m.look()
	return l, nil
}

func (m *Model) busyLocked(waited time.Duration) error {
	wait := m.pace * time.Duration(len(m.queue)+1) / time.Duration(m.e.cfg.Running)
	if !m.since.IsZero() { // others must let it go first, but not yet
		wait = max(wait, m.e.cfg.Wait/4-time.Since(m.since))
	}
	seconds := math.Ceil(min(max(wait.Seconds(), 1), 120))
	return &BusyError{Running: m.running, Waiting: len(m.queue), Waited: waited, RetryAfter: time.Duration(seconds) * time.Second}
}

// busy is the error of who has waited for so long.
func (m *Model) busy(waited time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.busyLocked(waited)
}

// turn waits until the loop begins with a task. The clock stands while the model is loaded, since nobody
// can say how long that takes, and begins anew when it is.
func (m *Model) turn(ctx context.Context, l *life, t *task, wait time.Duration) error {
	late := time.NewTimer(wait)
	defer late.Stop()
	gone := ctx.Done()
	next := l.room
	for {
		select {
		case <-t.started:
			return nil
		case <-t.done:
			return t.err
		case <-next:
			switch next {
			case l.room:
				late.Stop()
				next = l.up
			case l.up:
				late.Reset(wait)
				next = l.down
			case l.down: // it had to let another go first
				if l = m.current(); l != nil {
					next = l.room
				} else {
					next = nil // the task is in nobody's queue: it begins, or has failed
				}
			}
		case <-gone:
			if m.withdraw(t) {
				return context.Cause(ctx)
			}
			gone = nil // the loop was faster
		case <-late.C:
			if m.withdraw(t) {
				return m.busy(time.Since(t.queued))
			}
		}
	}
}

// withdraw takes a task out of the queue, if it still waits there.
func (m *Model) withdraw(t *task) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.look() // it may be that nobody needs the model now
	return m.withdrawLocked(t)
}

func (m *Model) withdrawLocked(t *task) bool {
	before := len(m.queue)
	m.queue = slices.DeleteFunc(m.queue, func(other *task) bool { return other == t })
	return len(m.queue) < before
}

// follow hands the pieces of an answer to emit until it has ended, and adds what has left to result.
func (m *Model) follow(ctx context.Context, t *task, result *Result, emit func(Piece) error) (err error) {
	var text strings.Builder
	tokens := 0
	defer func() {
		result.Text = text.String()
		result.Trace = t.tracer.Trace(tokens)
	}()
	var once sync.Once
	quit := func() { once.Do(func() { close(t.quit); m.look() }) }
	pass := func() {
		for _, p := range t.pop() {
			if err == nil {
				err = context.Cause(ctx)
			}
			if err == nil {
				err = emit(p)
			}
			if err != nil {
				quit()
				return
			}
			text.WriteString(p.Text)
			tokens += p.Tokens
		}
		m.look() // the loop may have waited for us
	}
	gone := ctx.Done()
	for {
		select {
		case <-t.ready:
			pass()
		case <-gone:
			gone, err = nil, orError(err, context.Cause(ctx))
			quit()
		case <-t.done:
			pass()
			return orError(err, t.err)
		}
	}
}

// conclude fills in how the answer ended.
func (m *Model) conclude(t *task, r *Result, err error) {
	r.Finish = t.finish
	if err != nil || !r.Trace.Whole {
		r.Finish = Cancelled
	}
	for _, id := range r.Trace.Tokens {
		r.Output = append(r.Output, token.ID(id))
	}
	r.Reused = t.reused
	r.Waited, r.Took = t.began.Sub(t.queued), t.ended.Sub(t.began)
	if !t.first.IsZero() {
		r.FirstToken = t.first.Sub(t.began)
	}
}

// Replay makes an answer again from its trace, and reports where it differs: see infer.Replay. It takes
// memory as a request does, but waits for none: an ErrBusy says that there is none now, a *MemoryError
// that there never is.
func (m *Model) Replay(ctx context.Context, prompt []token.ID, t infer.Trace) (err error) {
	model, release, err := m.hold(ctx, nil)
	if err != nil {
		return err
	}
	defer release()
	defer func() {
		if v := recover(); v != nil {
			err = panicked(v)
		}
	}()
	m.e.mu.Lock()
	pool := m.e.pool
	m.e.mu.Unlock()
	need := m.remembered(min(len(prompt)+len(t.Tokens), m.Context)) + model.ReplayBytes(m.e.cfg.Threads)
	if err := m.e.beside(need, m); err != nil {
		return err
	}
	defer m.e.budget.give(need)
	tokens := make([]int32, len(prompt))
	for i, id := range prompt {
		tokens[i] = int32(id)
	}
	return infer.Replay(model, tokens, t, func(n int, f func(i int)) {
		if ctx.Err() != nil {
			panic(context.Cause(ctx)) // a Parallel cannot fail otherwise; it is caught above
		}
		pool.Parallel(n, f)
	})
}

// panicked makes an error of what a computation panicked with.
func panicked(v any) error {
	if err, ok := v.(error); ok && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return err
	}
	if p, ok := v.(*PanicError); ok {
		return p
	}
	return &PanicError{Value: v}
}
