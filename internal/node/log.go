// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/note"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/tlog"
	"dsai.example/dsai/internal/verifiable/vc"
)

// nodeLog is the node's log: the epoch in use, and how another one takes its
// place while the node runs (turn.go).
type nodeLog struct {
	// signing is held from the signature of a receipt until it is stored, and for
	// writing while an epoch ends: see pipeline.Pipeline.
	signing sync.RWMutex

	open atomic.Pointer[epochLog]
}

// epochLog runs the sequencer of one epoch, from open to close, whether or not
// the node serves: a verb that writes also sees its leaf into the log.
type epochLog struct {
	*tlog.Log
	epoch  int
	origin string

	closed atomic.Bool // for receipts: the epoch ends
	ended  sync.Once
	stop   context.CancelFunc
	done   chan struct{} // closed when the sequencer has ended
	err    error         // of the sequencer; read after done
}

// errClosedLog is what a receipt meets when one epoch ended and the next one
// could not be opened.
var errClosedLog = errors.New("append receipt: the log has ended; start the node again to open the next epoch")

func openLog(ctx context.Context, n *Node) (*nodeLog, error) {
	epoch, err := epochNumber(ctx, n.db)
	if err != nil {
		return nil, err
	}
	n.db.SetEpoch(epoch)
	l := &nodeLog{}
	return l, l.start(ctx, n, epoch)
}

// start opens an epoch that exists and makes it the one in use.
func (l *nodeLog) start(ctx context.Context, n *Node, epoch int) error {
	name, err := n.epochKeyFile(ctx, epoch)
	if err != nil {
		return err
	}
	key, err := n.ring.Ed25519(name)
	if err != nil {
		return err
	}
	origin := dsai.LogOrigin(n.id, epoch)
	t, err := tlog.Open(ctx, tlog.Config{Dir: n.home.Log(epoch), Origin: origin, Key: key, Outbox: outbox{n.db, epoch}})
	if err != nil {
		return err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	e := &epochLog{Log: t, epoch: epoch, origin: origin, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(e.done)
		e.err = t.Run(run)
	}()
	l.open.Store(e)
	return nil
}

// current is the epoch in use. Who waits for something in it holds on to the
// value: another may be in use afterwards.
func (l *nodeLog) current() *epochLog { return l.open.Load() }

func (l *nodeLog) wake() { l.current().Wake() }

// latest names the last published state that this node has seen, for receipts.
func (l *nodeLog) latest() (string, dsai.CheckpointRef) {
	e := l.current()
	cp := e.Latest()
	return e.origin, dsai.CheckpointRef{Origin: e.origin, Size: cp.Size, Root: dsai.Digest(cp.Root)}
}

// ServeHTTP serves the tiles of the epoch in use.
func (l *nodeLog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.current().Handler().ServeHTTP(w, r)
}

// failed returns when the sequencer fails, or nil when ctx ends.
func (l *nodeLog) failed(ctx context.Context) error {
	for {
		e := l.current()
		select {
		case <-e.done:
			if l.replaced(e) {
				continue
			}
			if e.err == nil {
				return errors.New("run log: sequencer ended")
			}
			return e.err
		case <-ctx.Done():
			return nil
		}
	}
}

// replaced reports whether an epoch whose sequencer has ended gave way to the
// next one. It waits for a change that is under way.
func (l *nodeLog) replaced(e *epochLog) bool {
	l.signing.RLock()
	defer l.signing.RUnlock()
	return l.current() != e
}

// close lets the sequencer take what waits in the outbox and gives up the
// directory. What it cannot take in time stays there for the next start.
func (l *nodeLog) close(db *store.Store) error {
	e := l.current()
	if e == nil {
		return nil
	}
	e.drain(db.CountPending)
	return e.end()
}

// end stops the sequencer, once its batch is published, and gives up the
// directory. Ending again does nothing.
func (e *epochLog) end() error {
	err := error(nil)
	e.ended.Do(func() {
		e.stop()
		<-e.done
		err = errors.Join(e.err, e.Close())
	})
	return err
}

// drain returns when no leaf waits any more, or the sequencer cannot go on.
func (e *epochLog) drain(pending func(context.Context) (int, error)) {
	ctx, cancel := context.WithTimeout(context.Background(), waitLog)
	defer cancel()
	t := time.NewTicker(sequencePoll)
	defer t.Stop()
	for {
		if n, err := pending(ctx); err != nil || n == 0 {
			return
		}
		e.Wake()
		select {
		case <-t.C:
		case <-e.done:
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
	if errors.Is(err, syscall.ENOSPC) {
		return nil, nil // what waits is in the journal; the sequencer asks again in a second
	}
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
	l := n.log.current()
	r := l.Reader
	if epoch != l.epoch {
		if r, err = n.closedLog(ctx, epoch); err != nil {
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
func (n *Node) closedLog(ctx context.Context, epoch int) (*tlog.Reader, error) {
	keys, err := n.epochKeys(ctx, epoch)
	if err != nil {
		return nil, err
	}
	pub, err := vc.ParseDID(keys.Last().Set.LogKey)
	if err != nil {
		return nil, err
	}
	key, ok := pub.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("log of epoch %d: its key is not Ed25519", epoch)
	}
	vkey, err := note.NewEd25519VerifierKey(dsai.LogOrigin(n.id, epoch), key)
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
		l := n.log.current()
		epoch, index, err := n.db.Index(ctx, d)
		if err != nil {
			return err
		}
		if index >= 0 && epoch < l.epoch {
			return nil // an earlier log, closed under its last checkpoint
		}
		if index >= 0 && epoch == l.epoch {
			return l.WaitPublished(ctx, uint64(index))
		}
		select {
		case <-t.C:
		case <-l.done:
			if !n.log.replaced(l) {
				return errors.Join(l.err, tlog.ErrStopped)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
