// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/token"
)

// Model is a model that the engine serves: loaded when it is asked something, unloaded when it was not
// for a while. It is safe for concurrent use.
type Model struct {
	*File
}

// Generate answers a request. It waits for the model and for its turn, hands the answer to emit piece by
// piece on the caller's goroutine, and returns once nothing of the request runs any more. When ctx
// ends or emit fails, the answer ends within one token and that error is returned beside the result.
// Beside other errors the result is nil if nothing was run: ErrRequest, ErrBusy, ErrClosed, a
// *MemoryError, a *ChangedError, what the file had wrong.
func (m *Model) Generate(ctx context.Context, r Request, emit func(Piece) error) (*Result, error) {
	panic("not yet")
}

// Load loads the model, if it is not, and returns when it is. progress, if not nil, hears now and then how much
// is done.
func (m *Model) Load(ctx context.Context, progress func(done, total int64)) error { panic("not yet") }

// Replay makes an answer again from its trace, and reports where it differs: see infer.Replay.
func (m *Model) Replay(ctx context.Context, prompt []token.ID, t infer.Trace) error { panic("not yet") }

// Remove ends the model's requests and unloads it. The file stays where it is.
func (m *Model) Remove() { panic("not yet") }

// Loaded returns the fingerprint of the file that is loaded, or was last.
func (m *Model) Loaded() dsai.Digest { panic("not yet") }

// Status says what a model does.
type Status struct {
	State       string // "unloaded", "loading", "loaded"
	Done, Total int64  // while loading
	Weights     int64  // bytes
	Remembered  int64  // bytes that running requests hold
	Running     int
	Waiting     int
}

// Status returns what the model does now.
func (m *Model) Status() Status { panic("not yet") }
