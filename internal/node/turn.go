// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"os"

	"dsai.example/dsai"
)

// A log keeps its key (spec/log.md#checkpoint): when the log key changes, the
// epoch ends and another one opens, as after a restore. The receipts that name
// the epoch are all in it by then, and its last checkpoint is named by the first
// leaf of the next: what a stolen key adds to the old log later is not in it.

// turnLog ends the epoch in use and opens the next one under the log key in
// force. The caller holds log.signing, or nobody else uses the node yet.
func (n *Node) turnLog(ctx context.Context) error {
	e := n.log.current()
	e.closed.Store(true)
	if err := n.endEpoch(ctx, e); err != nil {
		return fmt.Errorf("end log epoch %d: %w", e.epoch, err)
	}
	last, err := e.Checkpoint(ctx)
	if err != nil {
		return err
	}
	next := e.epoch + 1
	// An earlier attempt may have been cut off before the epoch was recorded.
	if err := os.RemoveAll(n.home.Log(next)); err != nil {
		return fmt.Errorf("open log epoch %d: %w", next, err)
	}
	if err := createLog(ctx, n.home, n.ring, n.id, next, n.logKeyFile()); err != nil {
		return fmt.Errorf("open log epoch %d: %w", next, err)
	}
	if err := n.recordEpoch(ctx, n.clock.now(), next, last); err != nil {
		return fmt.Errorf("open log epoch %d: %w", next, err)
	}
	if err := n.log.start(ctx, n, next); err != nil {
		return fmt.Errorf("open log epoch %d: %w", next, err)
	}
	return nil
}

// endEpoch stops the sequencer of an epoch that has all it should have: every
// receipt which names it, and every leaf that a crash left in the log without its
// index. What is put meanwhile names no log and goes to the next one.
func (n *Node) endEpoch(ctx context.Context, e *epochLog) error {
	return errors.Join(n.logAll(ctx, e), e.end())
}

// logAll waits until all that was put before is in the epoch's published
// checkpoint.
func (n *Node) logAll(ctx context.Context, e *epochLog) error {
	put, err := n.db.LastPut(ctx)
	if err != nil {
		return err
	}
	wait, cancel := context.WithTimeout(ctx, waitLog)
	defer cancel()
	pending := func(ctx context.Context) (int, error) { return n.db.CountPendingTo(ctx, e.epoch, put) }
	e.drain(pending)
	left, err := pending(ctx)
	if err == nil && left > 0 {
		err = fmt.Errorf("%d leaves are not in the log yet", left)
	}
	if last, any, lerr := n.db.LastSequenced(ctx, e.epoch); lerr != nil {
		err = errors.Join(err, lerr)
	} else if any && err == nil {
		err = e.WaitPublished(wait, last)
	}
	return err
}

// finishTurn completes, at start, a change of the log key that a crash cut off:
// the key has changed and the epoch in use is still under the one before.
func (n *Node) finishTurn(ctx context.Context) error {
	h, err := n.epochKeys(ctx, n.log.current().epoch)
	if err != nil {
		return err
	}
	if h.Last().Set.LogKey != n.keys.history.Last().Set.LogKey {
		if err := n.turnLog(ctx); err != nil {
			return err
		}
	}
	return n.destroyNodeKeys()
}

// destroyMemberKeys finishes, at start, changes of members' keys that a crash cut
// off: the new key is in force, and the old one goes.
func (n *Node) destroyMemberKeys() error {
	for _, m := range n.lib.allMembers() {
		if m.Custody != dsai.CustodyNode {
			continue
		}
		if len(m.keys) > 1 {
			n.clock.reach(m.keys.Last().From)
		}
		if err := n.destroyOld(memberKey(m.ID)+"-consent", m.keys, consentKey); err != nil {
			return err
		}
	}
	return nil
}

// destroyNodeKeys removes the node's keys that are not in force. Call it when
// the log is under the one that is.
func (n *Node) destroyNodeKeys() error {
	n.keys.mu.RLock()
	defer n.keys.mu.RUnlock()
	for _, u := range keyUses {
		if err := n.destroyOld(u.file, n.keys.history, u.of); err != nil {
			return err
		}
	}
	return nil
}
