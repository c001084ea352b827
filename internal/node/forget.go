// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/store"
)

// Forget destroys a document's secret and text for good, and sets copies of it
// aside as a withdrawal does. It makes no WithdrawalReceipt: a contributor who
// wants one withdraws first.
//
// Statistics that count its words go too, and with them the replay of all quoted
// answers since it came. Keeping those that count only words which other documents
// hold would not do: two that differ by this document tell its words.
func (n *Node) Forget(ctx context.Context, id dsai.DocumentID) error {
	n.copying.Lock() // a backup must hold what its database names; before change, as fsck takes them
	defer n.copying.Unlock()
	n.change.Lock()
	defer n.change.Unlock()
	// First: nobody does it who starts again after a crash.
	if err := n.home.dropOldBackups(); err != nil {
		return fmt.Errorf("forget document: %w", err)
	}
	if err := n.erase(ctx, id); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if !n.pins.any() {
		// Those in use went: questions get others before writers have to wait.
		var nobody dsai.Digest
		if _, err := n.statistics(ctx, nobody); err != nil {
			n.slog.WarnContext(ctx, "statistics are not pinned yet: the next question tries again", "error", err)
		}
		n.pins.settle(nobody)
	}
	return errors.Join(n.opened.Compact(), n.once(ctx, metaRewritten, n.rewrite))
}

// erase is Forget without what overwrites the traces on the disk. From the end of
// its transaction on, a start after a crash finishes it.
func (n *Node) erase(ctx context.Context, id dsai.DocumentID) error {
	d := n.lib.documentByID(id) // under the lock: its version is the current one
	if d == nil {
		return fmt.Errorf("forget document: %w", store.ErrNotFound)
	}
	copies, err := n.copiesOf(ctx, d)
	if err != nil {
		return err
	}
	n.pins.pinning.Lock() // until the index is without it, too
	defer n.pins.pinning.Unlock()
	counting, err := n.counting(ctx, d)
	if err != nil {
		return err
	}
	now := n.clock.now()
	n.log.signing.Lock() // see recorder.Append
	err = n.db.Update(ctx, func(tx *store.Tx) error {
		for credential, m := range counting {
			if err := tx.SetMeta(m.meta(credential)); err != nil {
				return err
			}
		}
		for _, c := range copies {
			if err := tx.SetQuarantine(c.num, c.of); err != nil {
				return err
			}
		}
		return errors.Join(tx.ReindexVersion(d.Version, store.IndexRemove), tx.Forget(d.Num, now), tx.DropMeta(metaRewritten))
	})
	if err == nil {
		n.forgotten.Store(d.Num, true)
	}
	n.log.signing.Unlock()
	if err != nil {
		return fmt.Errorf("forget %s: %w", d.Title, err)
	}
	n.pins.forget(counting)
	err = n.afterIngest(ctx)
	n.purgePrompts(append(idsOf(copies), id)...)
	return errors.Join(err, n.pins.files.Retain(n.pins.needed()))
}

// Marks that a start looks for; see once.
const (
	metaTraces    = "forgotten-traces" // no answer of a forgotten document has its trace here
	metaRewritten = "rewritten"        // the database was written anew since a document was forgotten
)

// once does a step that the mark of this name does not say was done, and sets the
// mark in one transaction with what the step returns: so it is done again until it
// ends, also after a crash. What needs it again takes the mark away.
func (n *Node) once(ctx context.Context, name string, step func(context.Context) (func(*store.Tx) error, error)) error {
	if _, err := n.db.Meta(ctx, name); !isNotFound(err) {
		return err
	}
	change, err := step(ctx)
	if err != nil {
		return err
	}
	return n.db.Update(ctx, func(tx *store.Tx) error {
		return errors.Join(change(tx), tx.AddMeta(name, []byte{}))
	})
}

// forgetTraces removes what an earlier version left when it forgot.
func (n *Node) forgetTraces(context.Context) (func(*store.Tx) error, error) {
	return func(tx *store.Tx) error { return errors.Join(tx.ForgetTraces(), tx.DropMeta(metaRewritten)) }, nil
}

// errTraces reports that what was forgotten may be read from the free space of a file.
var errTraces = errors.New("what was forgotten is out of use, and the free space of the database may still hold text of it")

// rewrite overwrites what the database keeps in free space.
func (n *Node) rewrite(ctx context.Context) (func(*store.Tx) error, error) {
	rewrite := n.db.Rewrite
	if n.hooks.rewrite != nil {
		rewrite = n.hooks.rewrite
	}
	if err := rewrite(ctx); err != nil {
		return nil, fmt.Errorf("%w: %w", errTraces, err)
	}
	return nothing, nil
}

func nothing(*store.Tx) error { return nil }

// finishForgetting has a start overwrite what an interrupted Forget, or an earlier
// version, left. A disk that is too full for it is no reason not to start.
func (n *Node) finishForgetting(ctx context.Context) error {
	err := n.once(ctx, metaRewritten, func(ctx context.Context) (func(*store.Tx) error, error) {
		if !slices.ContainsFunc(n.lib.allDocuments(), func(d *document) bool { return d.Secret == nil }) {
			return nothing, nil // a home of an earlier version, where nobody forgot
		}
		n.cfg.say("writing the database anew, so that it holds nothing of what was forgotten")
		return n.rewrite(ctx)
	})
	if errors.Is(err, errTraces) && ctx.Err() == nil {
		n.cfg.say(Describe(err).Message + "; " + Describe(err).Hint)
		n.slog.WarnContext(ctx, "the database is not written anew: the next start tries again", "error", err)
		return nil
	}
	return err
}

// fsckForgotten wants nothing of what was forgotten to be left in free space.
func (n *Node) fsckForgotten(ctx context.Context) (string, error) {
	_, err := n.db.Meta(ctx, metaRewritten)
	if isNotFound(err) {
		return "", fmt.Errorf("%w; the next start overwrites it", errTraces)
	}
	return "nothing of what was forgotten is left in free space", err
}
