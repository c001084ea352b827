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
// wait in line, not too many and not too long; whoever finds the line full or
// waits past the deadline gets a *pipeline.BusyError. API and pages share the
// queue of each model, see Queues; verbs pass it by, through a socket that only
// the owner of the home can open.
type Queue struct {
	next    Asker
	observe Metrics
	wait    time.Duration
	line    chan struct{} // waiting or running
	running chan struct{}
	pace    pace
}

// NewQueue returns a Queue that runs at most running questions and keeps at most
// waiting more, each for at most wait. A nil observer observes nothing.
func NewQueue(next Asker, running, waiting int, wait time.Duration, observe Metrics) *Queue {
	if observe == nil {
		observe = unobserved{}
	}
	// The capacities are the bounds themselves.
	return &Queue{next: next, observe: observe, wait: wait, line: make(chan struct{}, running+waiting), running: make(chan struct{}, running)}
}

// Ask implements Asker.
func (q *Queue) Ask(ctx context.Context, r *pipeline.Request, emit func(pipeline.Piece) error) (*pipeline.Receipt, error) {
	if err := q.enter(ctx); err != nil {
		return nil, err
	}
	defer func() { <-q.running; <-q.line }()

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

func (q *Queue) enter(ctx context.Context) error {
	start := time.Now()
	select {
	case q.line <- struct{}{}:
	default:
		q.observe.Stage("queue", "busy", 0)
		return q.busy(errors.New("queue question: the line is full"))
	}
	deadline := time.NewTimer(q.wait)
	defer deadline.Stop()
	select {
	case q.running <- struct{}{}:
		q.observe.Stage("queue", "ok", time.Since(start).Seconds())
		return nil
	case <-deadline.C:
		<-q.line
		q.observe.Stage("queue", "busy", time.Since(start).Seconds())
		return q.busy(fmt.Errorf("queue question: waited %s", q.wait))
	case <-ctx.Done():
		<-q.line
		return context.Cause(ctx)
	}
}

func (q *Queue) busy(cause error) error {
	waiting := len(q.line) - len(q.running)
	return &pipeline.BusyError{RetryAfter: q.pace.after(time.Now(), waiting, cap(q.running)), Cause: cause}
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
