// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"context"
	"crypto/ed25519"
	"errors"
)

// MaxLeaf is the largest leaf in bytes. Leaves are a kind byte and a salted hash
// (spec/log.md#leaf); anything longer is a mistake that could never be erased.
const MaxLeaf = 64

// Errors that callers branch on.
var (
	// ErrLocked says that another process, or another Log here, owns the directory.
	ErrLocked = errors.New("log is in use")
	// ErrNotPublished says that no published checkpoint covers the index yet.
	ErrNotPublished = errors.New("index is not in a published checkpoint")
	// ErrStopped is what waiters get when the sequencer ends before their index is published.
	ErrStopped = errors.New("sequencer stopped")
	// ErrDiverged says that log and outbox tell different histories, as after one
	// of them was restored from a backup. It is fatal: continue in a new epoch.
	ErrDiverged = errors.New("log and outbox diverge")
	// ErrCorrupt says that the files do not support the recorded tree. It is fatal.
	ErrCorrupt = errors.New("log is corrupt")
)

// Config says where a log is and who signs it.
type Config struct {
	// Dir is the log's own directory. It holds nothing else.
	Dir string
	// Origin is the checkpoint's origin line and key name: <NodeID hex>/log/<epoch>.
	Origin string
	// Key signs checkpoints. A log keeps its key: another key needs another epoch.
	Key ed25519.PrivateKey
	// Outbox holds the leaves to be sequenced. Only [Log.Run] uses it.
	Outbox Outbox
}

// Outbox is the durable queue that one log is fed from; a new epoch needs a new
// one, because its indexes start again at 0. Its methods are called by one
// goroutine. An error from any of them ends [Log.Run].
type Outbox interface {
	// Next returns at most max leaves that are not marked as sequenced, oldest first.
	Next(ctx context.Context, max int) ([]Pending, error)
	// Done marks leaves as sequenced, all or none, durably before it returns.
	// Marking a leaf again with the same index changes nothing.
	Done(ctx context.Context, leaves []Sequenced) error
	// LastSequenced returns the highest index that was marked. ok is false if none was.
	LastSequenced(ctx context.Context) (index uint64, ok bool, err error)
}

// Pending is a leaf that waits for its index.
type Pending struct {
	ID   int64 // the outbox's own name for it
	Leaf []byte
}

// Sequenced says which index, counted from 0, a leaf has in the log for good.
type Sequenced struct {
	ID    int64
	Index uint64
}
