// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package merkle makes RFC 6962 roots and inclusion proofs of small trees that
// are held in memory, such as the passages of one document. The arithmetic is
// golang.org/x/mod/sumdb/tlog's. It holds no state; anybody may import it. The
// node's log, which is large and on disk, is internal/verifiable/tlog.
package merkle

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"dsai.example/dsai"
)

// Tree is the hashes of a tree. Building it costs two hashes for each leaf.
type Tree struct {
	size   int64
	hashes []tlog.Hash // in tlog's storage order
}

// New builds the tree over leaves in order.
func New(leaves [][]byte) (*Tree, error) {
	t := &Tree{}
	for _, l := range leaves {
		h, err := tlog.StoredHashes(t.size, l, t)
		if err != nil {
			return nil, fmt.Errorf("hash leaf %d: %w", t.size, err)
		}
		t.hashes = append(t.hashes, h...)
		t.size++
	}
	return t, nil
}

// ReadHashes implements tlog.HashReader.
func (t *Tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x < 0 || x >= int64(len(t.hashes)) {
			return nil, fmt.Errorf("hash %d of %d", x, len(t.hashes))
		}
		out[i] = t.hashes[x]
	}
	return out, nil
}

// Root returns the tree's root; that of no leaves is SHA-256 of nothing.
func (t *Tree) Root() (dsai.Digest, error) {
	h, err := tlog.TreeHash(t.size, t)
	return dsai.Digest(h), err
}

// Prove returns the proof that leaf index is in the tree.
func (t *Tree) Prove(index int) ([]dsai.Digest, error) {
	p, err := tlog.ProveRecord(t.size, int64(index), t)
	if err != nil {
		return nil, fmt.Errorf("prove leaf %d of %d: %w", index, t.size, err)
	}
	out := make([]dsai.Digest, len(p))
	for i, h := range p {
		out[i] = dsai.Digest(h)
	}
	return out, nil
}

// Check reports why leaf is not leaf number index of size under root.
func Check(proof []dsai.Digest, size, index int, root dsai.Digest, leaf []byte) error {
	p := make(tlog.RecordProof, len(proof))
	for i, h := range proof {
		p[i] = tlog.Hash(h)
	}
	if index < 0 || index >= size {
		return fmt.Errorf("leaf %d of %d", index, size)
	}
	return tlog.CheckRecord(p, int64(size), tlog.Hash(root), int64(index), tlog.RecordHash(leaf))
}
