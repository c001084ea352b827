// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tlog

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"
)

const (
	// batchAge is how long Tessera gathers leaves before it integrates them. Our own
	// batches are complete within microseconds, so it only needs to let them through.
	batchAge = 2 * time.Millisecond
	// gcInterval is how often partial tiles of full ones are deleted, 100 at a time.
	gcInterval = 10 * time.Second
	// closeTimeout bounds the wait for the last checkpoint.
	closeTimeout = 10 * time.Second
)

// checkpointInterval is the longest that a durable leaf waits for a signature.
// Each checkpoint costs two fsyncs, which the sequencer also needs. It is a
// variable only so that tests wait less.
var checkpointInterval = 500 * time.Millisecond

// tesseraAppender is a running Tessera over its POSIX driver.
type tesseraAppender struct {
	add      tessera.AddFn
	shutdown func(context.Context) error
	cancel   context.CancelFunc
}

// silence keeps klog off stderr. Tessera is its only user here, and what it would
// report reaches us as errors, or as a checkpoint that does not come.
var silence = sync.OnceFunc(func() {
	var flags flag.FlagSet
	klog.InitFlags(&flags)
	for name, value := range map[string]string{"logtostderr": "false", "stderrthreshold": "FATAL"} {
		if err := flags.Set(name, value); err != nil {
			panic(fmt.Sprintf("tlog: klog's flag %s: %v", name, err)) // the version is pinned
		}
	}
	klog.SetOutput(io.Discard)
})

// posixDriver is what Tessera asks of its drivers for appending.
type posixDriver interface {
	Appender(context.Context, *tessera.AppendOptions) (*tessera.Appender, tessera.LogReader, error)
}

// unmeasured is a driver that keeps Tessera from reading the log's size from its
// file twenty times a second, for metrics that nobody collects here.
type unmeasured struct{ posixDriver }

func (u unmeasured) Appender(ctx context.Context, opts *tessera.AppendOptions) (*tessera.Appender, tessera.LogReader, error) {
	a, r, err := u.posixDriver.Appender(ctx, opts)
	return a, sizeless{r}, err
}

// sizeless reads a log, but for its size, which it says when the log closes.
type sizeless struct{ tessera.LogReader }

func (sizeless) IntegratedSize(ctx context.Context) (uint64, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

// newAppender starts Tessera on dir. Its goroutines run until close.
func newAppender(ctx context.Context, dir string, signer note.Signer) (appender, error) {
	silence()
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		return nil, err
	}
	opts := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithBatching(maxBatch, batchAge).
		WithCheckpointInterval(checkpointInterval).
		WithCheckpointRepublishInterval(0). // an idle log has nothing new to say
		WithGarbageCollectionInterval(gcInterval).
		WithShutdownTimeout(closeTimeout)
	ctx, cancel := context.WithCancel(ctx)
	app, shutdown, _, err := tessera.NewAppender(ctx, unmeasured{driver.(posixDriver)}, opts)
	if err != nil {
		cancel()
		return nil, err
	}
	return &tesseraAppender{app.Add, shutdown, cancel}, nil
}

func (a *tesseraAppender) append(ctx context.Context, leaves [][]byte) ([]uint64, error) {
	futures := make([]tessera.IndexFuture, len(leaves))
	for i, leaf := range leaves {
		futures[i] = a.add(ctx, tessera.NewEntry(leaf))
	}
	indexes := make([]uint64, len(leaves))
	var errs error
	for i, future := range futures { // all of them, so that none is in flight afterwards
		index, err := future()
		errs = errors.Join(errs, err)
		indexes[i] = index.Index
	}
	return indexes, errs
}

// close cannot wait for Tessera's goroutines to end, but by then they have nothing
// left to write: the tree is integrated and published.
func (a *tesseraAppender) close(ctx context.Context) error {
	defer a.cancel()
	return a.shutdown(ctx)
}

// initialise makes an empty log in dir, with a signed checkpoint of size 0.
func initialise(ctx context.Context, dir string, signer note.Signer) error {
	a, err := newAppender(ctx, dir, signer)
	if err != nil {
		return err
	}
	return a.close(ctx)
}

// lockDir makes the caller the only owner of a log directory until unlock. The
// lock is the process's, so a killed owner leaves none.
func lockDir(dir string) (unlock func() error, err error) {
	if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(stateFile))); err != nil {
		return nil, err // not a log: do not write a lock into it
	}
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("%w: %w", ErrLocked, err)
	}
	return f.Close, nil
}
