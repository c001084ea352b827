// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// maxBatch bounds the leaves that a crash can leave unmarked.
	maxBatch = 256
	// batchPeriod is the least time between two batches, and busyPeriod after one of
	// more than fewLeaves. Each costs about 2 ms of CPU, mostly for creating files,
	// whatever it holds, and nothing waits for it but publication: what is
	// acknowledged is durable in the outbox already.
	batchPeriod = 400 * time.Millisecond
	busyPeriod  = time.Second
	fewLeaves   = 16
	// outboxPoll finds leaves whose Wake was lost with the process that wrote them.
	outboxPoll = time.Second
	// publishPoll is how often the checkpoint is read while somebody waits for it.
	// An idle log does not read it at all.
	publishPoll = 50 * time.Millisecond
	// publishLimit is how long a checkpoint may stay behind the tree. Tessera
	// retries a failed publication for ever and only logs it; we stop instead.
	publishLimit = 15 * time.Second
)

// appender appends leaves to a log directory.
type appender interface {
	// append returns the durable indexes of the leaves. It waits for the disk.
	append(ctx context.Context, leaves [][]byte) ([]uint64, error)
	// close waits until a checkpoint covers everything appended, then stops.
	close(ctx context.Context) error
}

// Run moves leaves from the outbox to the log until ctx is done, and then returns
// nil once the batch in flight is durable, marked and published. It may be called
// once. First it marks leaves that are in the log but whose mark a crash lost, so
// that every leaf of the outbox gets exactly one index. [ErrDiverged] says that
// this is impossible; any error means that the log must not be used before it is
// opened again.
//
// Leaves get their indexes in the order of the outbox. Inside one batch Tessera may
// swap two runs of leaves if the scheduler stalls it twice at the wrong place; the
// indexes that are marked are right even then.
func (l *Log) Run(ctx context.Context) error {
	if l.ran.Swap(true) {
		return errors.New("run log: run already called")
	}
	defer l.stop()
	if err := l.reconcile(ctx); ctx.Err() != nil {
		return nil
	} else if err != nil {
		return fmt.Errorf("match outbox with log: %w", err)
	}
	// The appender outlives ctx: a batch that it has begun must not be cut off.
	durableCtx := context.WithoutCancel(ctx)
	app, err := newAppender(durableCtx, string(l.files), l.signer)
	if err != nil {
		return fmt.Errorf("start sequencer: %w", err)
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return l.sequence(gctx, app) })
	g.Go(func() error { return l.watch(gctx) })
	err = g.Wait()
	if cerr := app.close(durableCtx); err == nil && cerr != nil {
		err = fmt.Errorf("publish last checkpoint: %w", cerr)
	}
	if _, oerr := l.observe(durableCtx); err == nil {
		err = oerr
	}
	return err
}

// Wake tells the sequencer that the outbox has leaves. It never blocks.
func (l *Log) Wake() { signal(l.wake) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// sequence appends batch after batch. The next one gathers in the outbox meanwhile,
// so a busy log writes large batches and an idle one small ones.
func (l *Log) sequence(ctx context.Context, app appender) error {
	poll := time.NewTicker(outboxPoll)
	defer poll.Stop()
	for ctx.Err() == nil {
		begin := time.Now()
		batch, err := l.outbox.Next(ctx, maxBatch)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read outbox: %w", err)
		}
		if len(batch) > 0 {
			if err := l.append(context.WithoutCancel(ctx), app, batch); err != nil {
				return err
			}
			switch {
			case len(batch) <= fewLeaves:
				pause(ctx, batchPeriod-time.Since(begin))
			case len(batch) < maxBatch:
				pause(ctx, busyPeriod-time.Since(begin))
			}
			continue
		}
		select {
		case <-ctx.Done():
		case <-l.wake:
		case <-poll.C:
		}
	}
	return nil
}

// pause returns after d, or when ctx is done.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (l *Log) append(ctx context.Context, app appender, batch []Pending) error {
	leaves := make([][]byte, len(batch))
	for i, p := range batch {
		if len(p.Leaf) == 0 || len(p.Leaf) > MaxLeaf {
			return fmt.Errorf("append leaf %d: %d bytes, want 1 to %d", p.ID, len(p.Leaf), MaxLeaf)
		}
		leaves[i] = p.Leaf
	}
	indexes, err := app.append(ctx, leaves)
	if err != nil {
		return fmt.Errorf("append %d leaves: %w", len(leaves), err)
	}
	done := make([]Sequenced, len(batch))
	for i, p := range batch {
		done[i] = Sequenced{ID: p.ID, Index: indexes[i]}
	}
	if err := l.outbox.Done(ctx, done); err != nil {
		return fmt.Errorf("mark %d leaves as sequenced: %w", len(done), err)
	}
	l.marked.Add(uint64(len(batch)))
	signal(l.grown)
	return nil
}

// watch follows the published checkpoint while it is behind the outbox.
func (l *Log) watch(ctx context.Context) error {
	poll := time.NewTicker(publishPoll)
	defer poll.Stop()
	for {
		poll.Stop()
		select {
		case <-ctx.Done():
			return nil
		case <-l.grown:
		}
		poll.Reset(publishPoll)
		for last := time.Now(); ; {
			grew, err := l.observe(ctx)
			if err != nil {
				return fmt.Errorf("watch checkpoint: %w", err)
			}
			if grew {
				last = time.Now()
			}
			if l.caughtUp() {
				break
			}
			if behind := time.Since(last); behind > publishLimit {
				return fmt.Errorf("publish checkpoint: none for %s", behind.Round(time.Second))
			}
			select {
			case <-ctx.Done():
				return nil
			case <-poll.C:
			}
		}
	}
}

// caughtUp reports whether everything marked is published.
func (l *Log) caughtUp() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.published >= l.marked.Load()
}

// reconcile marks the leaves that were appended but not marked when the last
// owner ended. They are the log's tail, and the outbox still holds them first.
func (l *Log) reconcile(ctx context.Context) error {
	last, marked, err := l.outbox.LastSequenced(ctx)
	if err != nil {
		return err
	}
	size, next := l.marked.Load(), uint64(0)
	if marked {
		next = last + 1
	}
	if next > size {
		return fmt.Errorf("%w: outbox has index %d, log has %d leaves", ErrDiverged, last, size)
	}
	for next < size {
		bundle, err := l.files.bundle(edge(bundleLevel, next/tileWidth, size))
		if err != nil {
			return err
		}
		// Twice, because a leaf of this bundle can stand a batch later in the outbox
		// if Tessera swapped leaves.
		pending, err := l.outbox.Next(ctx, 2*maxBatch)
		if err != nil {
			return err
		}
		done, err := match(bundle[next%tileWidth:], next, pending)
		if err != nil {
			return err
		}
		if err := l.outbox.Done(ctx, done); err != nil {
			return err
		}
		next += uint64(len(done))
	}
	signal(l.grown)
	return nil
}

// match finds the pending leaf of each logged one, of which the first has index.
// Equal leaves are taken in the order of the outbox.
func match(logged [][]byte, index uint64, pending []Pending) ([]Sequenced, error) {
	ids := make(map[string][]int64, len(pending))
	for _, p := range pending {
		ids[string(p.Leaf)] = append(ids[string(p.Leaf)], p.ID)
	}
	done := make([]Sequenced, len(logged))
	for i, leaf := range logged {
		queue := ids[string(leaf)]
		if len(queue) == 0 {
			return nil, fmt.Errorf("%w: leaf %d is not in the outbox", ErrDiverged, index+uint64(i))
		}
		done[i] = Sequenced{ID: queue[0], Index: index + uint64(i)}
		ids[string(leaf)] = queue[1:]
	}
	return done, nil
}
