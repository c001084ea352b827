// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import "context"

// turn is a mutex whose waiters can be told of it, and can leave.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

// Lock waits for the turn without end.
func (t turn) Lock() { t <- struct{}{} }

// Unlock lets the next one have it.
func (t turn) Unlock() { <-t }

// take waits for the turn until ctx ends, and calls waiting once if it has to.
func (t turn) take(ctx context.Context, waiting func()) error {
	select {
	case t <- struct{}{}:
		return nil
	default:
	}
	waiting()
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Waiting is the progress of a method that waits for another to finish.
type Waiting struct {
	For string `json:"waitingFor"`
}

// another is what changes of documents wait for.
const another = "another add, watch or forget"
