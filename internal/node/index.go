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
	change := uint64(0)
	// At the end, so that not every batch gets statistics of its own.
	defer func() { n.pins.indexed(change) }()
	for {
		add, remove, err := n.db.PendingIndex(ctx, indexBatch)
		if err != nil || len(add)+len(remove) == 0 {
			return err
		}
		next, err := n.applyToIndex(ctx, add, remove)
		if err != nil {
			return err
		}
		change = next
	}
}

// applyToIndex has the index take a batch, and returns the number of the change.
func (n *Node) applyToIndex(ctx context.Context, add []store.PendingPassage, remove []int64) (change uint64, err error) {
	var c retrieve.Change
	var added []int64
	for _, p := range add {
		x, err := n.indexed(p)
		if err != nil {
			return 0, err
		}
		c.Add = append(c.Add, x)
		added = append(added, p.Num)
	}
	for _, num := range remove {
		c.Remove = append(c.Remove, uint64(num))
	}
	if err := n.ix.Apply(ctx, c); err != nil {
		return 0, err
	}
	// Only now: applying a change twice is harmless, losing one is not.
	err = n.db.Update(ctx, func(tx *store.Tx) (err error) {
		if change, err = tx.Next(metaIndexed); err != nil {
			return err
		}
		return tx.Indexed(added, remove)
	})
	return change, err
}

// indexing brings passages to the index while others are still being read. It
// takes new documents alone, which the library does not know yet, so that nobody
// finds them: a document that changed stays in the answers as it was, until
// catchUpIndex replaces it.
type indexing struct {
	n       *Node
	after   int64         // the newest document that was there before
	waiting int           // passages since the last go
	full    chan struct{} // a batch waits
	done    chan struct{}
	change  uint64 // when done
	err     error
}

func (n *Node) startIndexing(ctx context.Context) *indexing {
	x := &indexing{n: n, full: make(chan struct{}, 1), done: make(chan struct{})}
	for _, d := range n.lib.allDocuments() {
		x.after = max(x.after, d.Num)
	}
	ctx = context.WithoutCancel(ctx) // a batch is not left half done
	go func() {
		defer close(x.done)
		for range x.full {
			if x.err = x.apply(ctx); x.err != nil {
				return
			}
		}
	}()
	return x
}

// apply takes whole batches, as long as there are any.
func (x *indexing) apply(ctx context.Context) error {
	for {
		add, err := x.n.db.PendingOf(ctx, x.after, indexBatch)
		if err != nil || len(add) < indexBatch {
			return err
		}
		change, err := x.n.applyToIndex(ctx, add, nil)
		if err != nil {
			return err
		}
		x.change = change
	}
}

// more notes that passages of new documents were stored.
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
