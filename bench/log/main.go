// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

// Command log measures the node's transparency log beside raw Tessera, in the same
// run and on the same disk: how long a leaf takes until its index is durable, and
// until a published checkpoint covers it, when leaves arrive at random, at a mean
// rate, whatever the log does (open loop, Poisson). It then measures what an idle
// log costs.
//
//	go run ./bench/log -rate 50 -for 20s -idle 10s
package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	mrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"dsai.example/dsai/internal/verifiable/tlog"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

const origin = "bench/log/1"

// sample is one leaf's two latencies, from the moment it was due.
type sample struct{ durable, published time.Duration }

// arm appends leaves; add returns when the leaf is durable, and then when it is published.
type arm struct {
	name  string
	start func(ctx context.Context, dir string) (add func(leaf []byte) (published func() error, err error), stop func() error, err error)
}

func main() {
	rate := flag.Int("rate", 50, "mean leaves per second")
	span := flag.Duration("for", 20*time.Second, "time per arm and round")
	idle := flag.Duration("idle", 10*time.Second, "time to sit idle")
	rounds := flag.Int("rounds", 2, "alternating rounds")
	dir := flag.String("dir", "", "where to put the logs; must not be a memory disk (default: the system's temporary directory)")
	flag.Parse()
	if err := run(*dir, *rate, *span, *idle, *rounds); err != nil {
		log.Fatalf("bench log: %v", err)
	}
}

func run(parent string, rate int, span, idle time.Duration, rounds int) error {
	dir, err := os.MkdirTemp(parent, "bench-log-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fsync, err := fsyncTime(filepath.Join(dir, "fsync"))
	if err != nil {
		return err
	}
	fmt.Printf("one 8 KiB write and fsync: %s (median of 100)\n", fsync)
	fmt.Printf("%-24s %5s %26s %26s %12s\n", "arm", "n", "durable p50/p99/max", "published p50/p99/max", "cpu per leaf")
	for round := range rounds {
		for _, a := range arms {
			if err := measure(a, filepath.Join(dir, fmt.Sprint(a.name, round)), rate, span); err != nil {
				return fmt.Errorf("%s: %w", a.name, err)
			}
		}
	}
	_, stop, err := startDsai(context.Background(), filepath.Join(dir, "idle"))
	if err != nil {
		return err
	}
	before := cpu()
	time.Sleep(idle)
	fmt.Printf("idle: %.2f %% of a core over %s\n", 100*float64(cpu()-before)/float64(idle), idle)
	return stop()
}

func measure(a arm, dir string, rate int, span time.Duration) error {
	add, stop, err := a.start(context.Background(), dir)
	if err != nil {
		return err
	}
	n := int(span.Seconds() * float64(rate))
	gaps := mrand.New(mrand.NewPCG(1, 2)) // every arm gets the same arrivals
	samples, errs := make([]sample, n), make([]error, n)
	before, due := cpu(), time.Now()
	var wg sync.WaitGroup
	for i := range n {
		due = due.Add(time.Duration(gaps.ExpFloat64() * float64(time.Second) / float64(rate)))
		time.Sleep(time.Until(due))
		due := due
		wg.Go(func() {
			leaf := make([]byte, 33)
			rand.Read(leaf)
			published, err := add(leaf)
			if err != nil {
				errs[i] = err
				return
			}
			samples[i].durable = time.Since(due)
			errs[i] = published()
			samples[i].published = time.Since(due)
		})
	}
	wg.Wait()
	used := cpu() - before
	durable := func(s sample) time.Duration { return s.durable }
	published := func(s sample) time.Duration { return s.published }
	fmt.Printf("%-24s %5d %26s %26s %12s\n", a.name, n, quantiles(samples, durable), quantiles(samples, published), (used / time.Duration(n)).Round(time.Microsecond))
	return errors.Join(append(errs, stop())...)
}

// arms begin with dsai, which silences Tessera's own log.
var arms = []arm{
	{"dsai", startDsai},
	{"tessera, age 20ms cp 1s", tesseraArm(20*time.Millisecond, time.Second)},
	{"tessera, age 2ms cp 0.5s", tesseraArm(2*time.Millisecond, 500*time.Millisecond)},
}

// tesseraArm adds each leaf to Tessera by itself, as its own examples do.
func tesseraArm(age, interval time.Duration) func(context.Context, string) (func([]byte) (func() error, error), func() error, error) {
	return func(ctx context.Context, dir string) (func([]byte) (func() error, error), func() error, error) {
		secret, _, err := note.GenerateKey(rand.Reader, origin)
		if err != nil {
			return nil, nil, err
		}
		signer, err := note.NewSigner(secret)
		if err != nil {
			return nil, nil, err
		}
		driver, err := posix.New(ctx, posix.Config{Path: dir})
		if err != nil {
			return nil, nil, err
		}
		ctx, cancel := context.WithCancel(ctx)
		app, shutdown, reader, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
			WithCheckpointSigner(signer).WithBatching(256, age).WithCheckpointInterval(interval))
		if err != nil {
			cancel()
			return nil, nil, err
		}
		awaiter := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 20*time.Millisecond)
		add := func(leaf []byte) (func() error, error) {
			future := app.Add(ctx, tessera.NewEntry(leaf))
			_, err := future()
			return func() error { _, _, err := awaiter.Await(ctx, future); return err }, err
		}
		return add, func() error { defer cancel(); return shutdown(ctx) }, nil
	}
}

// startDsai feeds the node's log from an outbox in memory.
func startDsai(ctx context.Context, dir string) (func([]byte) (func() error, error), func() error, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	o := &outbox{waiting: map[int64]chan uint64{}}
	l, err := tlog.Create(ctx, tlog.Config{Dir: dir, Origin: origin, Key: key, Outbox: o})
	if err != nil {
		return nil, nil, err
	}
	runCtx, cancel := context.WithCancel(ctx)
	ran := make(chan error, 1)
	go func() { ran <- l.Run(runCtx) }()
	add := func(leaf []byte) (func() error, error) {
		done := o.add(leaf)
		l.Wake()
		index := <-done
		return func() error { return l.WaitPublished(ctx, index) }, nil
	}
	return add, func() error { cancel(); return errors.Join(<-ran, l.Close()) }, nil
}

// outbox is a queue in memory that hands each index to whoever added the leaf.
type outbox struct {
	mu      sync.Mutex
	last    int64
	pending []tlog.Pending
	waiting map[int64]chan uint64
}

func (o *outbox) add(leaf []byte) <-chan uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last++
	done := make(chan uint64, 1)
	o.pending = append(o.pending, tlog.Pending{ID: o.last, Leaf: leaf})
	o.waiting[o.last] = done
	return done
}

func (o *outbox) Next(_ context.Context, max int) ([]tlog.Pending, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.pending[:min(max, len(o.pending))]), nil
}

func (o *outbox) Done(_ context.Context, leaves []tlog.Sequenced) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pending = o.pending[len(leaves):]
	for _, s := range leaves {
		o.waiting[s.ID] <- s.Index
		delete(o.waiting, s.ID)
	}
	return nil
}

func (o *outbox) LastSequenced(context.Context) (uint64, bool, error) { return 0, false, nil }

func quantiles(samples []sample, of func(sample) time.Duration) string {
	d := make([]time.Duration, len(samples))
	for i, s := range samples {
		d[i] = of(s)
	}
	slices.Sort(d)
	at := func(q float64) time.Duration { return d[int(q*float64(len(d)-1))].Round(100 * time.Microsecond) }
	return fmt.Sprintf("%s/%s/%s", at(.5), at(.99), at(1))
}

// cpu returns the processor time this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// fsyncTime is the disk's own limit: no durable answer can be faster.
func fsyncTime(path string) (time.Duration, error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var d []time.Duration
	for range 100 {
		begin := time.Now()
		if _, err := io.CopyN(f, rand.Reader, 8<<10); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		d = append(d, time.Since(begin))
	}
	slices.Sort(d)
	return d[len(d)/2].Round(time.Microsecond), nil
}
