// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Reader reads the published part of a log directory. It writes nothing and takes
// no lock, so it also reads the log of a running node and logs of closed epochs.
// It is safe for concurrent use.
type Reader struct {
	files    files
	verifier note.Verifier

	mu     sync.Mutex
	latest Checkpoint // the last one read, so that an unchanged one is verified once
}

// NewReader returns a reader of the log in dir, whose checkpoints must verify
// under vkey (c2sp.org/signed-note), and be for the origin that vkey names.
func NewReader(dir, vkey string) (*Reader, error) {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, fmt.Errorf("read log key: %w", err)
	}
	return &Reader{files: files(dir), verifier: v}, nil
}

// Checkpoint is a published and verified tree head.
type Checkpoint struct {
	Origin string
	Size   uint64   // leaves in the tree
	Root   [32]byte // RFC 6962 root over them
	Raw    []byte   // the signed note, with every cosignature (c2sp.org/tlog-checkpoint)
}

// Checkpoint returns the latest published checkpoint. Each call may return a larger one.
func (r *Reader) Checkpoint(context.Context) (Checkpoint, error) {
	raw, err := r.files.read(checkpointFile)
	if err != nil {
		return Checkpoint{}, &FileError{checkpointFile, err}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if bytes.Equal(raw, r.latest.Raw) {
		return r.latest, nil
	}
	cp, rest, _, err := log.ParseCheckpoint(raw, r.verifier.Name(), r.verifier)
	switch {
	case err != nil:
		return Checkpoint{}, &FileError{checkpointFile, fmt.Errorf("%w: %w", ErrCorrupt, err)}
	case len(rest) != 0, len(cp.Hash) != tlog.HashSize, cp.Size > maxSize:
		return Checkpoint{}, &FileError{checkpointFile, fmt.Errorf("%w: not a checkpoint that this log signs", ErrCorrupt)}
	}
	r.latest = Checkpoint{Origin: cp.Origin, Size: cp.Size, Root: [32]byte(cp.Hash), Raw: raw}
	return r.latest, nil
}

// maxSize keeps sizes, and the hash indexes that are twice as large, within int64.
const maxSize = 1 << 62

// Prove returns the proof that the leaf at index is in the log, with the latest
// checkpoint, as c2sp.org/tlog-proof@v1. The tiles used are first checked against
// that checkpoint. It returns [ErrNotPublished] if the checkpoint does not cover index.
func (r *Reader) Prove(ctx context.Context, index uint64) ([]byte, error) {
	cp, err := r.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	if index >= cp.Size {
		return nil, fmt.Errorf("prove leaf %d of %d: %w", index, cp.Size, ErrNotPublished)
	}
	path, err := tlog.ProveRecord(int64(cp.Size), int64(index), r.tree(cp).hashes())
	if err != nil {
		return nil, fmt.Errorf("prove leaf %d of %d: %w", index, cp.Size, err)
	}
	p := proof.TLogProof{Index: index, Checkpoint: cp.Raw}
	for _, h := range path {
		p.Hashes = append(p.Hashes, h)
	}
	return p.Marshal(), nil
}

func (r *Reader) tree(cp Checkpoint) tree {
	return tree{files: r.files, size: cp.Size, root: cp.Root}
}
