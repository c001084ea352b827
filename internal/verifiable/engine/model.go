// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/tensor"
	"dsai.example/dsai/internal/verifiable/token"
)

// Model is a model that the engine serves: loaded when it is asked something, unloaded when it was not
// for a while. It is safe for concurrent use.
type Model struct {
	*File

	e    *Engine
	want dsai.Digest
	ends []token.ID
	wake chan struct{} // of 1: tells the loop to look again

	items     int   // that a step may have
	workspace int64 // bytes that steps compute in

	mu      sync.Mutex
	life    *life // nil while unloaded
	queue   []*task
	running int // tasks that the loop has
	holds   int // others who need the weights
	held    int64
	pace    time.Duration // what a request takes, on the average of late
	print   dsai.Digest   // of the file that was loaded last
	since   time.Time     // it waits for memory since then; zero: it does not
	asked   time.Time     // somebody waited for it then, while it waited for memory
	up      time.Time     // it was loaded then
	making  bool          // its loop makes room for a request
	going   bool          // the loop ends, and nobody may begin with this life
	closed  bool          // nobody may begin any more
}

// life is the time from the decision to load until the weights are gone.
type life struct {
	ctx   context.Context // ends when the model is closed: then it need not be loaded
	stop  context.CancelFunc
	room  chan struct{} // closed when there is memory for the weights, or err
	up    chan struct{} // closed when the weights are there, or err
	down  chan struct{} // closed when they are gone
	err   error
	model *infer.Model

	read  atomic.Int64
	total int64
}

// Load loads the model, if it is not, and returns when it is. progress, if not nil, hears now and then how much
// is done.
func (m *Model) Load(ctx context.Context, progress func(done, total int64)) error {
	_, release, err := m.hold(ctx, progress)
	if err == nil {
		release()
	}
	return err
}

// Loaded returns the fingerprint of the file that is loaded, or was last. Zero: it never was.
func (m *Model) Loaded() dsai.Digest {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.print
}

// hold returns the weights, which stay until they are released.
func (m *Model) hold(ctx context.Context, progress func(done, total int64)) (*infer.Model, func(), error) {
	for {
		m.mu.Lock()
		if m.closed {
			m.mu.Unlock()
			return nil, nil, m.why()
		}
		l := m.liveLocked()
		if m.going { // too late for this life
			m.mu.Unlock()
			select {
			case <-l.down:
				continue
			case <-ctx.Done():
				return nil, nil, context.Cause(ctx)
			}
		}
		m.holds++
		m.mu.Unlock()
		if err := m.await(ctx, l, progress); err != nil {
			m.unhold()
			return nil, nil, err
		}
		return l.model, m.unhold, nil
	}
}

func (m *Model) unhold() {
	m.mu.Lock()
	m.holds--
	m.mu.Unlock()
	m.look()
}

// await returns when the weights are there.
func (m *Model) await(ctx context.Context, l *life, progress func(done, total int64)) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(m.e.cfg.Wait)
	defer late.Stop()
	room := l.room
	for {
		select {
		case <-l.up:
			return l.err
		case <-room:
			room = nil
			late.Stop() // nobody can say how long it takes to load
		case <-late.C:
			return m.busy(m.e.cfg.Wait)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
			if progress != nil {
				progress(l.read.Load(), l.total)
			}
		}
	}
}

// liveLocked returns the model's life, and begins it if need be.
func (m *Model) liveLocked() *life {
	if m.life == nil {
		l := &life{room: make(chan struct{}), up: make(chan struct{}), down: make(chan struct{}), total: m.Size + m.Weights}
		l.ctx, l.stop = context.WithCancel(m.e.ctx)
		m.life = l
		m.e.start(func(p *Pool) { m.live(l, p) })
	}
	return m.life
}

// current returns the model's life, or nil.
func (m *Model) current() *life {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.life
}

// live loads the model, serves until nobody needs it, and unloads it.
func (m *Model) live(l *life, p *Pool) {
	l.err = m.claim()
	close(l.room)
	if l.err == nil {
		l.err = m.load(l)
	}
	if l.err != nil && l.ctx.Err() != nil {
		l.err = m.why()
	}
	close(l.up)
	if l.err == nil {
		newLoop(m, l, p).run()
		m.unload(l)
	}
	m.mu.Lock()
	waiting := m.queue
	if m.going && !m.closed {
		waiting = nil // they came too late for this life: the next one has them
	} else {
		m.queue = nil
	}
	m.life, m.going = nil, false
	if len(m.queue) > 0 {
		m.liveLocked()
	}
	gone := m.closed
	m.mu.Unlock()
	if gone {
		m.e.drop(m)
	}
	for _, t := range waiting {
		t.fail(orError(l.err, m.why()))
	}
	l.stop()
	close(l.down)
}

// why returns the error of who asks a model that is closed.
func (m *Model) why() error {
	if m.e.ctx.Err() != nil {
		return ErrClosed
	}
	return ErrRemoved
}

func orError(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// fixed returns the bytes that the model takes while it is loaded, whoever asks.
func (m *Model) fixed() int64 { return m.Weights + m.workspace }

// load checks the fingerprint and reads the weights, in memory that was claimed.
func (m *Model) load(l *life) (err error) {
	began := time.Now()
	defer func() {
		if err != nil {
			m.e.budget.give(m.fixed())
		}
	}()
	if err := m.e.useKernel(); err != nil {
		return err
	}
	p, err := m.fingerprint(l.ctx, func(done, _ int64) { l.read.Store(done) })
	if err != nil {
		return fmt.Errorf("load model %s: %w", m.Path, err)
	}
	if !m.want.IsZero() && p.digest != m.want {
		return &ChangedError{Path: m.Path, Want: m.want, Got: p.digest}
	}
	if l.model, err = m.File.load(l.ctx, p, &l.read); err != nil {
		return fmt.Errorf("model file %s: %w", m.Path, err)
	}
	m.mu.Lock()
	m.print, m.up = p.digest, time.Now()
	m.mu.Unlock()
	m.e.cfg.Log.InfoContext(m.e.ctx, "model loaded", "model", p.digest.Short(), "bytes", m.fixed(), "tokens_per_step", m.items, "kernel", tensor.InUse(), "took", time.Since(began).Round(time.Millisecond))
	return nil
}

func (m *Model) unload(l *life) {
	m.e.prefixes.forget(m)
	l.model = nil
	m.e.budget.give(m.fixed())
	freeMemory()
	m.e.cfg.Log.InfoContext(context.WithoutCancel(m.e.ctx), "model unloaded", "model", m.Loaded().Short())
}

// take takes a task out of the queue to run it, if it still waits there.
func (m *Model) take(t *task) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.going || m.closed || !m.withdrawLocked(t) {
		return false
	}
	m.running++
	m.held += t.reserved
	return true
}

// release is the end of take.
func (m *Model) release(t *task) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running--
	m.held -= t.reserved
	m.pace += (t.ended.Sub(t.began) - m.pace) / 4
}

// look wakes the loop, if it sleeps.
func (m *Model) look() {
	select {
	case m.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Remove takes no more requests: those that wait fail, those that run end in their own time. After the
// last of them the model is unloaded; Remove waits for that only if none runs. The file is closed when
// Remove returns, and stays where it is.
func (m *Model) Remove() {
	l, busy := m.shut()
	switch {
	case l == nil:
		m.e.drop(m)
	case !busy:
		<-l.down
	}
}

// shut lets nobody begin any more, and closes the file once nothing reads it. It returns the life in
// which requests may still run, or nil, and whether somebody has the weights.
func (m *Model) shut() (l *life, busy bool) {
	m.mu.Lock()
	was, waiting := m.closed, m.queue
	m.closed, m.queue = true, nil
	l, busy = m.life, m.running > 0 || m.holds > 0
	if l != nil {
		l.stop()
	}
	m.mu.Unlock()
	for _, t := range waiting {
		t.fail(m.why())
	}
	m.look()
	if l != nil {
		<-l.up // the weights were read, or will not be
	}
	if !was {
		_ = m.File.Close() // it was only read
	}
	return l, busy
}
