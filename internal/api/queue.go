// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
)

// Queue is an Asker that lets a fixed number of questions run at a time. Others
// wait in line, not too many and not too long, and requesters take turns, see
// turns; whoever finds no place, gives it up to another or waits past the deadline
// gets a *pipeline.BusyError. API and pages share the queue of each model, see
// Queues; verbs pass it by, through a socket that only the owner of the home can
// open.
type Queue struct {
	next    Asker
	observe Metrics
	wait    time.Duration
	turns   turns
	pace    pace
}

// NewQueue returns a Queue that runs at most running questions and keeps at most
// waiting more, each for at most wait. A nil observer observes nothing.
func NewQueue(next Asker, running, waiting int, wait time.Duration, observe Metrics) *Queue {
	if observe == nil {
		observe = unobserved{}
	}
	return &Queue{next: next, observe: observe, wait: wait, turns: turns{slots: running, places: waiting}}
}

// Ask implements Asker.
func (q *Queue) Ask(ctx context.Context, r *pipeline.Request, emit func(pipeline.Piece) error) (*pipeline.Receipt, error) {
	who := r.Requester.Subject.Requester // one for each key, which only the operator makes
	if err := q.enter(ctx, who); err != nil {
		return nil, err
	}
	defer q.turns.done(who)

	start, first := time.Now(), false
	q.pace.begin(start)
	defer func() { q.pace.end(start, time.Now()) }()
	rec, err := q.next.Ask(ctx, r, func(p pipeline.Piece) error {
		if !first {
			first = true
			q.observe.Stage("first_piece", "ok", time.Since(start).Seconds())
		}
		return emit(p)
	})
	q.observe.Stage("answer", outcome(err), time.Since(start).Seconds())
	return rec, err
}

// enter returns when the requester has a slot, or with the reason why not.
func (q *Queue) enter(ctx context.Context, who dsai.Digest) error {
	start := time.Now()
	w, err := q.turns.enter(who)
	if w != nil {
		err = q.await(ctx, w)
	}
	took := time.Since(start).Seconds()
	switch {
	case err == nil:
		q.observe.Stage("queue", "ok", took)
		return nil
	case ctx.Err() != nil: // the client left: nobody to send away
		return context.Cause(ctx)
	}
	q.observe.Stage("queue", "busy", took)
	return &pipeline.BusyError{RetryAfter: q.pace.after(time.Now(), q.turns.ahead(who), q.turns.slots), Cause: err}
}

// await returns when the waiter's turn is called, or leaves the line.
func (q *Queue) await(ctx context.Context, w *waiter) error {
	deadline := time.NewTimer(q.wait)
	defer deadline.Stop()
	var why error
	select {
	case err := <-w.turn:
		return err
	case <-deadline.C:
		why = fmt.Errorf("queue question: waited %s", q.wait)
	case <-ctx.Done():
		why = ctx.Err()
	}
	if !q.turns.leave(w) {
		return <-w.turn // called at the same moment: the slot is this question's to give back
	}
	return why
}

func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	if _, ok := errors.AsType[*dsai.Refusal](err); ok {
		return "refused"
	}
	return "error"
}
