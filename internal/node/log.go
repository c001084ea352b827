// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/tlog"
)

// nodeLog runs the sequencer of the epoch in use, from open to close, whether
// or not the node serves: a verb that writes also sees its leaf into the log.
type nodeLog struct {
	*tlog.Log
	epoch  int
	origin string

	stop context.CancelFunc
	done chan struct{} // closed when the sequencer has ended
	err  error         // of the sequencer; read after done
}

func openLog(ctx context.Context, n *Node) (*nodeLog, error) {
	epoch, err := epochNumber(ctx, n.db)
	if err != nil {
		return nil, err
	}
	n.db.SetEpoch(epoch)
	key, err := n.ring.Ed25519(keyLog)
	if err != nil {
		return nil, err
	}
	origin := dsai.LogOrigin(n.id, epoch)
	t, err := tlog.Open(ctx, tlog.Config{Dir: n.home.Log(epoch), Origin: origin, Key: key, Outbox: outbox{n.db, epoch}})
	if err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	l := &nodeLog{Log: t, epoch: epoch, origin: origin, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		l.err = t.Run(run)
	}()
	return l, nil
}

func (l *nodeLog) wake() { l.Wake() }

// latest names the last published state that this node has seen, for receipts.
func (l *nodeLog) latest() (string, dsai.CheckpointRef) {
	cp := l.Latest()
	return l.origin, dsai.CheckpointRef{Origin: l.origin, Size: cp.Size, Root: dsai.Digest(cp.Root)}
}

// failed returns when the sequencer fails, or nil when ctx ends.
func (l *nodeLog) failed(ctx context.Context) error {
	select {
	case <-l.done:
		if l.err == nil {
			return errors.New("run log: sequencer ended")
		}
		return l.err
	case <-ctx.Done():
		return nil
	}
}

// close lets the sequencer take what waits in the outbox and gives up the
// directory. What it cannot take in time stays there for the next start.
func (l *nodeLog) close(db *store.Store) error {
	l.drain(db)
	l.stop()
	<-l.done
	return errors.Join(l.err, l.Close())
}

// drain returns when no leaf waits any more, or the sequencer cannot go on.
func (l *nodeLog) drain(db *store.Store) {
	ctx, cancel := context.WithTimeout(context.Background(), waitLog)
	defer cancel()
	t := time.NewTicker(sequencePoll)
	defer t.Stop()
	for {
		if n, err := db.CountPending(ctx); err != nil || n == 0 {
			return
		}
		l.wake()
		select {
		case <-t.C:
		case <-l.done:
			return
		case <-ctx.Done():
			return
		}
	}
}

// outbox feeds the log from the store.
type outbox struct {
	db    *store.Store
	epoch int
}

// Next implements tlog.Outbox.
func (o outbox) Next(ctx context.Context, max int) ([]tlog.Pending, error) {
	rows, err := o.db.Unsequenced(ctx, o.epoch, max)
	out := make([]tlog.Pending, len(rows))
	for i, r := range rows {
		out[i] = tlog.Pending{ID: r.ID, Leaf: r.Leaf}
	}
	return out, err
}

// Done implements tlog.Outbox.
func (o outbox) Done(ctx context.Context, leaves []tlog.Sequenced) error {
	return o.db.Update(ctx, func(tx *store.Tx) error {
		for _, l := range leaves {
			if err := tx.Sequence(l.ID, l.Index); err != nil {
				return err
			}
		}
		return nil
	})
}

// LastSequenced implements tlog.Outbox.
func (o outbox) LastSequenced(ctx context.Context) (uint64, bool, error) {
	return o.db.LastSequenced(ctx, o.epoch)
}

// prove returns the proof that an artifact is in the log, nil while it waits.
func (n *Node) prove(ctx context.Context, d dsai.Digest) ([]byte, error) {
	epoch, index, err := n.db.Index(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("find %s in the log: %w", d, err)
	}
	if index < 0 {
		return nil, nil
	}
	r := n.log.Reader
	if epoch != n.log.epoch {
		if r, err = n.closedLog(epoch); err != nil {
			return nil, err
		}
	}
	p, err := r.Prove(ctx, uint64(index))
	if errors.Is(err, tlog.ErrNotPublished) {
		return nil, nil
	}
	return p, err
}

// closedLog reads the log of an earlier epoch.
func (n *Node) closedLog(epoch int) (*tlog.Reader, error) {
	key, err := n.ring.Ed25519(keyLog)
	if err != nil {
		return nil, err
	}
	vkey, err := note.NewEd25519VerifierKey(dsai.LogOrigin(n.id, epoch), key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	return tlog.NewReader(n.home.Log(epoch), vkey)
}

// sequencePoll is how often settle looks whether the log has taken a leaf.
const sequencePoll = 10 * time.Millisecond

// settle waits until an artifact is in a published checkpoint.
func (n *Node) settle(ctx context.Context, d dsai.Digest) error {
	n.log.wake()
	t := time.NewTicker(sequencePoll)
	defer t.Stop()
	for {
		epoch, index, err := n.db.Index(ctx, d)
		if err != nil {
			return err
		}
		if index >= 0 && epoch != n.log.epoch {
			return nil // an earlier log, closed under its last checkpoint
		}
		if index >= 0 {
			return n.log.WaitPublished(ctx, uint64(index))
		}
		select {
		case <-t.C:
		case <-n.log.done:
			return errors.Join(n.log.err, tlog.ErrStopped)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
