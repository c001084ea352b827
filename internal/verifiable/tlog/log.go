// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"dsai.example/dsai/internal/durable"
	"golang.org/x/mod/sumdb/note"
)

// Log owns a log directory: it alone appends to it, from [Log.Run]. What it
// inherits from [Reader], and Wake and WaitPublished, are safe for concurrent use.
type Log struct {
	*Reader
	outbox Outbox
	signer note.Signer
	vkey   string
	unlock func() error

	ran    atomic.Bool
	wake   chan struct{} // 1: the outbox may have leaves
	grown  chan struct{} // 1: marked is ahead of published
	marked atomic.Uint64 // leaves that the outbox knows, or that Run is about to mark

	mu        sync.Mutex
	published uint64        // leaves that are marked and under the published checkpoint
	stopped   bool          // Run has ended
	changed   chan struct{} // closed, and replaced, when published or stopped change
}

// Create makes an empty log in cfg.Dir and opens it. It refuses an existing
// directory with an error that matches [fs.ErrExist], so that a wrong path or a
// forgotten backup can never fork a log.
func Create(ctx context.Context, cfg Config) (*Log, error) {
	if err := create(ctx, cfg); err != nil {
		return nil, fmt.Errorf("create log %s: %w", cfg.Origin, err)
	}
	return Open(ctx, cfg)
}

func create(ctx context.Context, cfg Config) error {
	switch _, err := os.Lstat(cfg.Dir); {
	case err == nil:
		return fs.ErrExist
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	signer, _, err := newSigner(cfg.Origin, cfg.Key)
	if err != nil {
		return err
	}
	// The log appears whole or not at all: a crash leaves only the draft.
	draft := cfg.Dir + ".draft"
	if err := os.RemoveAll(draft); err != nil {
		return err
	}
	if err := initialise(ctx, draft, signer); err != nil {
		return err
	}
	return durable.Rename(draft, cfg.Dir)
}

// Open opens the log in cfg.Dir, which must exist. It takes ownership ([ErrLocked]
// if it has another owner), deletes what a crash left behind, and checks that the
// checkpoint is this log's, and that the files add up to it and to the tree that
// was last integrated ([ErrCorrupt]). Call [Log.Run] to sequence, and then [Log.Close].
func Open(ctx context.Context, cfg Config) (*Log, error) {
	l, err := open(ctx, cfg, files.scrub)
	if err != nil {
		return nil, fmt.Errorf("open log %s: %w", cfg.Origin, err)
	}
	return l, nil
}

func open(ctx context.Context, cfg Config, scrub func(files, uint64) error) (l *Log, err error) {
	signer, vkey, err := newSigner(cfg.Origin, cfg.Key)
	if err != nil {
		return nil, err
	}
	reader, err := NewReader(cfg.Dir, vkey)
	if err != nil {
		return nil, err
	}
	unlock, err := lockDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			unlock()
		}
	}()
	integrated, err := reader.files.integrated()
	if err != nil {
		return nil, err
	}
	if err := scrub(reader.files, integrated.size); err != nil {
		return nil, fmt.Errorf("scrub: %w", err)
	}
	cp, err := reader.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	if cp.Size > integrated.size {
		return nil, fmt.Errorf("%w: checkpoint of %d leaves, tree of %d", ErrCorrupt, cp.Size, integrated.size)
	}
	if err := errors.Join(reader.tree(cp).checkEdge(), integrated.checkEdge()); err != nil {
		return nil, err
	}
	l = &Log{
		Reader: reader, outbox: cfg.Outbox, signer: signer, vkey: vkey, unlock: unlock,
		wake: make(chan struct{}, 1), grown: make(chan struct{}, 1),
		published: cp.Size, changed: make(chan struct{}),
	}
	l.marked.Store(integrated.size)
	return l, nil
}

// Close gives up the directory. Call it after [Log.Run] has returned.
func (l *Log) Close() error { return l.unlock() }

// VerifierKey returns the key under which the checkpoints verify, in the encoding
// of c2sp.org/signed-note. It names the origin.
func (l *Log) VerifierKey() string { return l.vkey }

// Latest returns the published checkpoint as it was last read, without reading
// it again. While [Log.Run] has anything to publish it is hardly older than that.
func (l *Log) Latest() Checkpoint {
	l.Reader.mu.Lock()
	defer l.Reader.mu.Unlock()
	return l.latest
}

// WaitPublished returns when the leaf at index is marked in the outbox and covered
// by a published checkpoint, so that [Reader.Prove] succeeds. It returns [ErrStopped] once [Log.Run] has ended without.
func (l *Log) WaitPublished(ctx context.Context, index uint64) error {
	for {
		l.mu.Lock()
		published, stopped, changed := l.published, l.stopped, l.changed
		l.mu.Unlock()
		switch {
		case index < published:
			return nil
		case stopped:
			return fmt.Errorf("wait for leaf %d: %w", index, ErrStopped)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// observe reads the checkpoint and tells waiters if it grew.
func (l *Log) observe(ctx context.Context) (grew bool, err error) {
	cp, err := l.Checkpoint(ctx)
	if err != nil {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	published := min(cp.Size, l.marked.Load())
	if published <= l.published {
		return false, nil
	}
	l.published = published
	l.notifyLocked()
	return true, nil
}

// stop tells waiters that no further checkpoint will come.
func (l *Log) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped = true
	l.notifyLocked()
}

func (l *Log) notifyLocked() {
	close(l.changed)
	l.changed = make(chan struct{})
}
