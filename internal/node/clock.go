// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/consent"
)

const metaClock = "clock-high"

// clock keeps consent time: it reads the machine's clocks, lets
// consent.Clock judge them, and remembers the highest time believed.
type clock struct {
	db  *store.Store
	own func() time.Time

	saving sync.Mutex // held while the mark is written; taken before mu

	mu     sync.Mutex
	state  consent.Clock
	stored dsai.Time
}

// storeEvery is how far the high-water mark may run ahead of the disk. After a
// crash the mark is at most this much too low.
const storeEvery = 10 * time.Second

func newClock(ctx context.Context, db *store.Store, own func() time.Time) (*clock, error) {
	c := &clock{db: db, own: own}
	b, err := db.Meta(ctx, metaClock)
	if err == nil && len(b) == 8 {
		c.state.High = dsai.Time(binary.BigEndian.Uint64(b))
		c.stored = c.state.High
	}
	if err != nil && !isNotFound(err) {
		return nil, fmt.Errorf("read clock: %w", err)
	}
	return c, nil
}

func (c *clock) reading() consent.Reading {
	return consent.Reading{Own: dsai.At(c.own()), Elapsed: elapsed()}
}

// moment returns the time by which consent is decided.
func (c *clock) moment() consent.Moment {
	c.mu.Lock()
	defer c.mu.Unlock()
	next, m := c.state.Advance(c.reading())
	c.state = next
	return m
}

func (c *clock) now() dsai.Time { return c.moment().Now }

// reach moves time forward to t, by the second or so in which keys change.
func (c *clock) reach(t dsai.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.High = max(c.state.High, t)
}

// catchUp waits, two seconds at most, until the machine's time has caught up with
// reach: many changes of keys in a row must not look like a jump of the clock.
// Its error is the end of ctx.
func (c *clock) catchUp(ctx context.Context) error {
	for range 40 {
		c.mu.Lock()
		ahead := c.state.High > dsai.At(c.own())
		c.mu.Unlock()
		if !ahead {
			break
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// save stores the mark when it has grown by at least so much.
func (c *clock) save(ctx context.Context, atLeast time.Duration) error {
	c.saving.Lock()
	defer c.saving.Unlock()
	c.mu.Lock()
	high := c.state.High
	due := high > c.stored && high >= c.stored.Add(atLeast)
	c.mu.Unlock()
	if !due {
		return nil
	}
	if err := c.write(ctx, high); err != nil {
		return err
	}
	c.mu.Lock()
	c.stored = high
	c.mu.Unlock()
	return nil
}

func (c *clock) write(ctx context.Context, t dsai.Time) error {
	return c.db.Update(ctx, func(tx *store.Tx) error {
		return tx.SetMeta(metaClock, binary.BigEndian.AppendUint64(nil, uint64(t)))
	})
}

// accept makes the machine's time the node's, on its operator's word.
func (c *clock) accept(ctx context.Context) (dsai.Time, error) {
	c.saving.Lock()
	defer c.saving.Unlock()
	c.mu.Lock()
	next := c.state.Accept(c.reading())
	c.mu.Unlock()
	if err := c.write(ctx, next.High); err != nil {
		return 0, err
	}
	c.mu.Lock()
	c.state, c.stored = next, next.High
	c.mu.Unlock()
	return next.High, nil
}
