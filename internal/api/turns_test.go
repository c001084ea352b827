// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/api"
	"dsai.example/dsai/internal/pipeline"
)

// from is a question of a requester.
func from(who string) *pipeline.Request {
	return &pipeline.Request{Requester: pipeline.Requester{Subject: dsai.Undertaking{Requester: dsai.Hash(who)}}}
}

// counter is a queue whose answers end when the test says so. It is used in a
// bubble; ask returns when the question runs, waits or was turned away.
type counter struct {
	*testing.T
	q       *api.Queue
	name    map[dsai.Digest]string
	ran     []string // who was served, in order
	busy    []string // who was turned away, in order
	left    int      // clients that left
	end     chan bool
	clients sync.WaitGroup
}

func newCounter(t *testing.T, slots, places int) *counter {
	c := &counter{T: t, name: map[dsai.Digest]string{}, end: make(chan bool)}
	var mu sync.Mutex
	f := &fake{ask: func(_ context.Context, r *pipeline.Request, _ func(pipeline.Piece) error) (*pipeline.Receipt, error) {
		mu.Lock()
		c.ran = append(c.ran, c.name[r.Requester.Subject.Requester])
		mu.Unlock()
		<-c.end
		return answered("x", dsai.EndedComplete), nil
	}}
	c.q = api.NewQueue(f, slots, places, time.Hour, nil)
	return c
}

func (c *counter) ask(who string) (leave func()) {
	r := from(who)
	c.name[r.Requester.Subject.Requester] = who
	ctx, cancel := context.WithCancel(c.Context())
	c.clients.Go(func() {
		_, err := c.q.Ask(ctx, r, nil)
		if busy, ok := errors.AsType[*pipeline.BusyError](err); ok {
			if busy.RetryAfter < time.Second {
				c.Errorf("turned away to come again after %s", busy.RetryAfter)
			}
			c.busy = append(c.busy, who)
		} else if errors.Is(err, context.Canceled) {
			c.left++
		} else if err != nil {
			c.Errorf("Ask of %s = %v", who, err)
		}
	})
	synctest.Wait()
	return func() { cancel(); synctest.Wait() }
}

// next ends n answers, one after the other.
func (c *counter) next(n int) {
	for range n {
		c.end <- true
		synctest.Wait()
	}
}

// drain ends all answers, and requires that nothing stays in the queue.
func (c *counter) drain() {
	close(c.end)
	c.clients.Wait()
	if run, wait, lines := c.q.Held(); run != 0 || wait != 0 || lines != 0 {
		c.Errorf("at the end %d run, %d wait, %d lines are kept, want none", run, wait, lines)
	}
}

func (c *counter) want(what string, got []string, want ...string) {
	c.Helper()
	if !slices.Equal(got, want) {
		c.Errorf("%s: %q, want %q", what, got, want)
	}
}

// Who floods a queue waits for its own questions: slots go by turns, first come
// first served within a requester.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t, 2, 16)
		for range 6 { // two run, four wait
			c.ask("flood")
		}
		c.ask("b")
		c.ask("c")
		c.ask("b")
		c.ran = nil
		c.next(1)
		c.want("served next", c.ran, "b") // who has none running, and came before c
		c.next(4)
		c.want("served", c.ran[:4], "b", "c", "flood", "b")
		c.drain()
	})
}

// Whoever runs many answers gets no further slot while one with fewer waits.
func TestSlotsGoToWhoRunsFewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t, 4, 16)
		for range 8 {
			c.ask("flood")
		}
		c.ask("b")
		c.ask("b")
		c.ran = nil
		c.next(2)
		c.want("served", c.ran, "b", "b") // first 3 : 1, then 2 : 2, whose ever turn it was
		c.drain()
	})
}

// One requester gets half of the places, further ones their part of what is left,
// and a newcomer gets one as long as anybody holds two.
func TestPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t, 1, 8)
		for range 6 { // one runs, four wait, one is turned away
			c.ask("flood")
		}
		c.want("turned away", c.busy, "flood")
		for range 3 { // four places are free: two, then the share is reached
			c.ask("b")
		}
		c.want("turned away", c.busy, "flood", "b")
		c.ask("c")
		c.ask("d") // the last place
		c.want("turned away", c.busy, "flood", "b")
		for i := range 4 { // three of flood's give way, and one of b's
			c.ask(fmt.Sprint("new ", i))
		}
		c.want("turned away", c.busy, "flood", "b", "flood", "flood", "b", "flood")
		c.ask("late") // eight places, eight requesters
		c.ask("c")
		c.want("turned away", c.busy[6:], "late", "c")
		c.ran = nil
		c.next(8)
		c.want("served", c.ran, "b", "c", "d", "new 0", "new 1", "new 2", "new 3", "flood")
		c.drain()
	})
}

// Who leaves the line leaves nothing behind, and its place is free again.
func TestLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t, 1, 2)
		c.ask("a")
		first := c.ask("b")
		second := c.ask("c")
		first()
		if run, wait, lines := c.q.Held(); run != 1 || wait != 1 || lines != 2 || c.left != 1 {
			t.Errorf("after one of two left, %d run, %d wait in %d lines, %d left; want 1, 1, 2, 1", run, wait, lines, c.left)
		}
		c.ask("d")
		second()
		c.next(1)
		c.want("served", c.ran, "a", "d")
		c.want("turned away", c.busy)
		c.drain()
	})
}

// The time after which to come again is that of the requester's own turn: who has
// no place waits for one of everybody's questions, not for all of them.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t, 1, 4)
		for range 3 {
			c.ask("flood")
		}
		c.ask("b")
		time.Sleep(10 * time.Second) // what an answer takes so far
		for _, tt := range []struct {
			who  string
			want time.Duration
		}{{"flood", 40 * time.Second}, {"b", 40 * time.Second}} { // two of its own and one of b's; one of its own and two of flood's
			_, err := c.q.Ask(t.Context(), from(tt.who), nil)
			if busy, ok := errors.AsType[*pipeline.BusyError](err); !ok || busy.RetryAfter != tt.want {
				t.Errorf("Ask of %s = %v, %+v, want to come again after %s", tt.who, err, busy, tt.want)
			}
		}
		c.drain()
	})
}

// Any number of clients that ask and leave at once leave nothing behind.
func TestTurnsAtOnce(t *testing.T) {
	f := &fake{ask: func(context.Context, *pipeline.Request, func(pipeline.Piece) error) (*pipeline.Receipt, error) {
		return answered("x", dsai.EndedComplete), nil
	}}
	q := api.NewQueue(f, 2, 8, time.Minute, nil)
	var clients sync.WaitGroup
	for i := range 64 {
		clients.Go(func() {
			for range 20 {
				ctx, cancel := context.WithCancel(t.Context())
				go cancel()
				_, err := q.Ask(ctx, from(fmt.Sprint(i%7)), nil)
				if _, busy := errors.AsType[*pipeline.BusyError](err); err != nil && !busy && !errors.Is(err, context.Canceled) {
					t.Errorf("Ask = %v", err)
				}
			}
		})
	}
	clients.Wait()
	if run, wait, lines := q.Held(); run != 0 || wait != 0 || lines != 0 {
		t.Errorf("at the end %d run, %d wait, %d lines are kept, want none", run, wait, lines)
	}
}
