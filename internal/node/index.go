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
// not hold yet.
func (n *Node) catchUpIndex(ctx context.Context) error {
	change, err := n.applyPending(ctx, 1)
	// At the end, so that not every batch gets statistics of its own.
	n.pins.indexed(change)
	return err
}

// applyPending brings batches to the index until fewer than least passages wait.
// It returns the number of the last change, 0 without one.
func (n *Node) applyPending(ctx context.Context, least int) (change uint64, err error) {
	for {
		add, remove, err := n.db.PendingIndex(ctx, indexBatch)
		if err != nil || len(add)+len(remove) < least {
			return change, err
		}
		var c retrieve.Change
		var added []int64
		for _, p := range add {
			x, err := n.indexed(p)
			if err != nil {
				return change, err
			}
			c.Add = append(c.Add, x)
			added = append(added, p.Num)
		}
		for _, num := range remove {
			c.Remove = append(c.Remove, uint64(num))
		}
		if err := n.ix.Apply(ctx, c); err != nil {
			return change, err
		}
		// Only now: applying a change twice is harmless, losing one is not.
		next := uint64(0)
		err = n.db.Update(ctx, func(tx *store.Tx) (err error) {
			if next, err = tx.Next(metaIndexed); err != nil {
				return err
			}
			return tx.Indexed(added, remove)
		})
		if err != nil {
			return change, err
		}
		change = next // now that it is on disk
	}
}

// indexing brings passages to the index while others are still being read. They
// may be there before the library knows their documents: nobody finds them then.
type indexing struct {
	n       *Node
	waiting int           // passages since the last go
	full    chan struct{} // a batch waits
	done    chan struct{}
	change  uint64 // when done
	err     error
}

func (n *Node) startIndexing(ctx context.Context) *indexing {
	x := &indexing{n: n, full: make(chan struct{}, 1), done: make(chan struct{})}
	ctx = context.WithoutCancel(ctx) // a batch is not left half done
	go func() {
		defer close(x.done)
		for range x.full {
			change, err := n.applyPending(ctx, indexBatch)
			if x.change = max(x.change, change); err != nil {
				x.err = err
				return
			}
		}
	}()
	return x
}

// more notes that passages were stored.
func (x *indexing) more(passages int) {
	if x.waiting += passages; x.waiting < indexBatch {
		return
	}
	x.waiting = 0
	select {
	case x.full <- struct{}{}:
	default: // it will see these too
	}
}

// end waits for the batch under way; catchUpIndex does the rest.
func (x *indexing) end() error {
	close(x.full)
	<-x.done
	x.n.pins.indexed(x.change)
	return x.err
}

// indexed is a stored passage as the index takes it.
func (n *Node) indexed(p store.PendingPassage) (retrieve.Passage, error) {
	var b dsai.PassageBody
	if err := json.Unmarshal(p.Body, &b); err != nil {
		return retrieve.Passage{}, fmt.Errorf("index passage %d: %w", p.Num, err)
	}
	var contributor uint32
	if m := n.lib.member(p.Member); m != nil {
		contributor = m.num
	}
	return retrieve.Passage{
		ID: uint64(p.Num), Document: uint32(p.Document), Contributor: contributor,
		Field: retrieve.Lexicon{}.Field(b.Language), Text: rank.Text(b), Commitment: p.Commitment,
	}, nil
}
