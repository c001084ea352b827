// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/rank"
	"dsai.example/dsai/internal/verifiable/retrieve"
	"dsai.example/dsai/internal/verifiable/vc"
)

// indexBatch is how many passages go to the index at once.
const indexBatch = 2000

// catchUpIndex applies what the store noted for the index and the index does
// not hold yet. It returns how many passages changed.
func (n *Node) catchUpIndex(ctx context.Context, progress func(done int)) (changed int, err error) {
	for {
		add, remove, err := n.db.PendingIndex(ctx, indexBatch)
		if err != nil {
			return changed, err
		}
		if len(add)+len(remove) == 0 {
			return changed, nil
		}
		var c retrieve.Change
		var done []int64
		for _, p := range add {
			x, err := n.indexed(p)
			if err != nil {
				return changed, err
			}
			c.Add = append(c.Add, x)
			done = append(done, p.Num)
		}
		for _, num := range remove {
			c.Remove = append(c.Remove, uint64(num))
			done = append(done, num)
		}
		if err := n.ix.Apply(ctx, c); err != nil {
			return changed, err
		}
		// Only now: applying a change twice is harmless, losing one is not.
		if err := n.db.Update(ctx, func(tx *store.Tx) error { return tx.Indexed(done) }); err != nil {
			return changed, err
		}
		changed += len(done)
		if progress != nil {
			progress(changed)
		}
	}
}

// indexed is a stored passage as the index takes it.
func (n *Node) indexed(p store.Passage) (retrieve.Passage, error) {
	var b dsai.PassageBody
	if err := json.Unmarshal(p.Body, &b); err != nil {
		return retrieve.Passage{}, fmt.Errorf("index passage %d: %w", p.Num, err)
	}
	var contributor uint32
	if d := n.lib.document(p.Document); d != nil {
		if m := n.lib.member(d.Member); m != nil {
			contributor = m.num
		}
	}
	return retrieve.Passage{
		ID: uint64(p.Num), Document: uint32(p.Document), Contributor: contributor,
		Field: retrieve.Lexicon{}.Field(b.Language), Text: rank.Text(b), Commitment: p.Commitment,
	}, nil
}

// pinStatistics counts what the index holds now, signs the numbers and logs
// them. Answers from here on are ranked by them.
func (n *Node) pinStatistics(ctx context.Context) error {
	e, err := n.ix.Pin(ctx, n.pin, newSalt())
	if err != nil {
		return err
	}
	s := e.Statistics()
	now := n.clock.now()
	signer := n.signerAt(now)
	s.ID, s.Coop, s.Node = signer.DID(), n.coop, n.id
	c, err := vc.Issue(vc.New(dsai.TypeStatistics, signer.DID(), s, now, 0), now, signer)
	if err != nil {
		return fmt.Errorf("pin statistics: %w", err)
	}
	err = n.db.Update(ctx, func(tx *store.Tx) error {
		return errors.Join(tx.Put(record(c, dsai.LeafStatistics, now)), tx.SetMeta(metaStats, c.Digest[:]))
	})
	if err != nil {
		return fmt.Errorf("pin statistics: %w", err)
	}
	n.log.wake()
	n.mu.Lock()
	n.epoch, n.stats = e, c.Digest
	n.mu.Unlock()
	return nil
}

// loadStatistics opens the statistics pinned last; none is not an error.
func (n *Node) loadStatistics(ctx context.Context) error {
	raw, err := n.metaCredential(ctx, metaStats)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	c, err := vc.Open[dsai.Statistics](raw, dsai.TypeStatistics)
	if err != nil {
		return err
	}
	e, err := n.pin.Open(c.Subject.Root)
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.epoch, n.stats = e, c.Digest
	n.mu.Unlock()
	return nil
}

// statistics returns the pinned statistics and their credential.
func (n *Node) statistics() (*retrieve.Epoch, dsai.Digest) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.epoch, n.stats
}
