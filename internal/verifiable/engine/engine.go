// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"

	"dsai.example/dsai"
)

// Config is how an engine serves. Its zero value is good for one machine that also does other things.
type Config struct {
	// Threads compute. 0: one for each processor that Go may use.
	Threads int
	// Memory is the most bytes that weights, what steps compute in, and what requests remember may take, all
	// models together.
	// 0: three quarters of the machine's, or of what its control group permits, where that is known.
	Memory int64
	// Cache is the most bytes, of Memory, that are kept of requests that ended. 0: an eighth of Memory,
	// or 1 GiB where that is unknown. Negative: none.
	Cache int64
	// Running is how many requests a model serves at once. 0: 8.
	Running int
	// Waiting is how many more may wait for their turn. 0: 64. Negative: none.
	Waiting int
	// Wait is how long a request waits for its turn unless it says otherwise, and how long a model that is
	// asked for waits for memory. 0: 30 seconds. After a quarter of it models that are in another's way
	// begin with no more requests, finish, and go.
	Wait time.Duration
	// Prefill is how many tokens of prompts a step takes; a quarter of it while answers are under way, so
	// that they go on. 0: 256. Fewer if they would compute in more than 512 MiB, or a quarter of Memory.
	Prefill int
	// KeepAlive is how long an idle model stays loaded. 0: 5 minutes. Negative: until the engine closes.
	KeepAlive time.Duration
	// Log hears when models are loaded and unloaded. nil: nobody does.
	Log *slog.Logger

	ahead int // how many pieces a model may be ahead of who reads them
}

func (c Config) withDefaults() Config {
	machine := machineMemory() / 4 * 3
	c.Memory = or(c.Memory, machine)
	if c.Threads <= 0 {
		c.Threads = runtime.GOMAXPROCS(0)
	}
	c.Cache = max(0, or(c.Cache, or(c.Memory/8, 1<<30)))
	c.Running = max(1, or(c.Running, 8))
	c.Waiting = max(0, or(c.Waiting, 64))
	c.Wait = or(c.Wait, 30*time.Second)
	c.Prefill = max(4, or(c.Prefill, 256))
	c.KeepAlive = or(c.KeepAlive, 5*time.Minute)
	c.ahead = or(c.ahead, 256)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

func or[T int | int64 | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// Engine serves models. It is safe for concurrent use.
type Engine struct {
	cfg      Config
	budget   *budget
	prefixes *prefixes

	ctx   context.Context // ends with Close
	close context.CancelFunc
	group sync.WaitGroup // the loops of loaded models

	mu     sync.Mutex // taken before a model's, never while one is held
	pool   *Pool      // nil until a model is loaded
	models []*Model
	closed bool

	kernels sync.Once
}

// New returns an engine. It starts nothing: workers and models start with the first request. The
// variable DSAI_KERNEL forces the code that multiplies, for whoever compares.
func New(cfg Config) *Engine {
	e := &Engine{cfg: cfg.withDefaults()}
	e.budget = &budget{limit: e.cfg.Memory}
	e.prefixes = &prefixes{limit: e.cfg.Cache, budget: e.budget, purged: map[dsai.Digest]uint64{}}
	e.ctx, e.close = context.WithCancel(context.Background())
	return e
}

// Close ends all requests, waits for them, and frees what they and the models held.
func (e *Engine) Close() {
	e.mu.Lock()
	models := slices.Clone(e.models)
	e.closed = true
	e.mu.Unlock()
	e.close()
	for _, m := range models {
		m.shut()
	}
	e.group.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.pool != nil {
		e.pool.Close()
		e.pool = nil
	}
}

// Add makes the file's model available. It will be loaded only if its fingerprint is want; zero takes
// any. The engine closes the file.
func (e *Engine) Add(f *File, want dsai.Digest) *Model {
	m := &Model{File: f, e: e, want: want, ends: endTokens(f.Vocabulary), wake: make(chan struct{}, 1)}
	m.items, m.workspace = e.cfg.workspace(f)
	e.mu.Lock()
	defer e.mu.Unlock()
	m.closed = e.closed
	e.models = append(e.models, m)
	return m
}

// drop forgets a model that was closed.
func (e *Engine) drop(m *Model) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.models = slices.DeleteFunc(e.models, func(other *Model) bool { return other == m })
}

// Purge forgets, at once, what is remembered of prompts under any of these consents. What requests hold
// of them is forgotten as these end, which is for the caller to bring about: whoever withdraws a passage
// first ends the context of every request that has it, and then purges. Requests without it may be under
// the same consents, and are remembered as before. It returns how many prompts were forgotten.
func (e *Engine) Purge(consents ...dsai.Digest) int { return e.prefixes.purge(consents) }

// start runs a model's loop, and the pool that it needs.
func (e *Engine) start(loop func(p *Pool)) {
	e.group.Go(func() {
		e.mu.Lock()
		if e.pool == nil {
			e.pool = NewPool(e.cfg.Threads)
		}
		p := e.pool
		e.mu.Unlock()
		loop(p)
	})
}
