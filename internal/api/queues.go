// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"math"
	"sync"
	"time"

	"dsai.example/dsai/internal/pipeline"
)

// Queues is an Asker with a Queue for each model, so that slow answers of one keep
// no question to another waiting.
type Queues struct {
	of    func(model string) string
	fresh func() *Queue

	mu     sync.Mutex
	queues map[string]*Queue
}

// NewQueues returns Queues. of names the queue of a model: it has few names, since
// a queue stays. fresh makes one when it is first needed.
func NewQueues(of func(model string) string, fresh func() *Queue) *Queues {
	return &Queues{of: of, fresh: fresh, queues: map[string]*Queue{}}
}

// Ask implements Asker.
func (q *Queues) Ask(ctx context.Context, r *pipeline.Request, emit func(pipeline.Piece) error) (*pipeline.Receipt, error) {
	return q.queue(q.of(r.Model)).Ask(ctx, r, emit)
}

func (q *Queues) queue(name string) *Queue {
	q.mu.Lock()
	defer q.mu.Unlock()
	one := q.queues[name]
	if one == nil {
		one = q.fresh()
		q.queues[name] = one
	}
	return one
}

// pace is how long answers take.
type pace struct {
	mu      sync.Mutex
	epoch   time.Time     // of began
	running int           // answers
	began   time.Duration // of all that run, the times since epoch when they began, added up
	usual   time.Duration // what an answer takes, on the average of late
}

func (p *pace) begin(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == 0 {
		p.epoch, p.began = now, 0
	}
	p.running++
	p.began += now.Sub(p.epoch)
}

func (p *pace) end(began, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running--
	p.began -= began.Sub(p.epoch)
	if took := now.Sub(began); p.usual == 0 {
		p.usual = took
	} else {
		p.usual += (took - p.usual) / 4
	}
}

// mostAfter bounds what a client is told: a guess from longer answers is none.
const mostAfter = 2 * time.Minute

// after returns when one more will find its turn behind so many that wait, where
// so many run at a time: whole seconds, one at least. Those that run count as long
// as they have taken already, so that slow answers show before the first has ended.
func (p *pace) after(now time.Time, waiting, atOnce int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	takes := p.usual
	if p.running > 0 {
		takes = max(takes, now.Sub(p.epoch)-p.began/time.Duration(p.running))
	}
	after := min(max(takes*time.Duration(waiting+1)/time.Duration(atOnce), time.Second), mostAfter)
	return time.Duration(math.Ceil(after.Seconds())) * time.Second
}
