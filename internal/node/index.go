// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"fmt"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/rank"
	"dsai.example/dsai/internal/verifiable/retrieve"
)

// indexBatch is how many passages go to the index at once.
const indexBatch = 2000

// catchUpIndex applies what the store noted for the index and the index does
// not hold yet. It returns how many passages changed.
func (n *Node) catchUpIndex(ctx context.Context, progress func(done int)) (changed int, err error) {
	change := uint64(0)
	// At the end, so that not every batch gets statistics of its own.
	defer func() { n.pins.indexed(change) }()
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
		next := uint64(0)
		err = n.db.Update(ctx, func(tx *store.Tx) (err error) {
			if next, err = tx.Next(metaIndexed); err != nil {
				return err
			}
			return tx.Indexed(done)
		})
		if err != nil {
			return changed, err
		}
		change = next // now that it is on disk
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
