// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"log/slog"
	"time"

	"dsai.example/dsai"
)

// Config is how an engine serves. Its zero value is good for one machine that also does other things.
type Config struct {
	// Threads compute. 0: one for each processor that Go may use.
	Threads int
	// Memory is the most bytes that weights and what requests remember may take, all models together.
	// 0: three quarters of the machine's, or of what its control group permits, where that is known.
	Memory int64
	// Cache is the most bytes, of Memory, that are kept of requests that ended. 0: an eighth of Memory.
	// Negative: none.
	Cache int64
	// Running is how many requests a model serves at once. 0: 8.
	Running int
	// Waiting is how many more may wait for their turn. 0: 64.
	Waiting int
	// Wait is how long a request waits for its turn unless it says otherwise. 0: 30 seconds.
	Wait time.Duration
	// Prefill is how many tokens of prompts a step takes; a quarter of it while answers are under way, so
	// that they go on. 0: 256.
	Prefill int
	// KeepAlive is how long an idle model stays loaded. 0: 5 minutes. Negative: until the engine closes.
	KeepAlive time.Duration
	// Log hears when models are loaded and unloaded. nil: nobody does.
	Log *slog.Logger
}

// Engine serves models. It is safe for concurrent use.
type Engine struct {
	cfg Config
}

// New returns an engine. It starts nothing: workers and models start with the first request.
func New(cfg Config) *Engine { panic("not yet") }

// Close ends all requests, waits for them, and frees what they and the models held.
func (e *Engine) Close() { panic("not yet") }

// Add makes the file's model available. It will be loaded only if its fingerprint is want; zero takes
// any. The engine closes the file.
func (e *Engine) Add(f *File, want dsai.Digest) *Model { panic("not yet") }

// Purge forgets, at once and for good, what is remembered of prompts under any of these consents. What
// running requests hold of them is forgotten as they end, which is for the caller to bring about. It
// returns how many prompts were forgotten.
func (e *Engine) Purge(consents ...dsai.Digest) int { panic("not yet") }
