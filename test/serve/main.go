// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Command serve keeps a node with two seeded models busy for as long as it is told: clients of several
// keys ask over HTTP at once, some leave in the middle, consents are withdrawn and given again, models
// and keys go and come back, and the node may be killed. Each receipt that the node makes is verified
// and its answer made again, whichever way it ended. It fails when anything fails that is not a refusal,
// when a receipt is missing or does not replay, and when the node holds more and more.
//
//	go run ./test/serve -bin bin/dsai -for 1h -kill 10m
//
// It drives a built program from outside and nothing imports it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// options are the flags.
type options struct {
	bin     string
	span    time.Duration
	clients int
	kill    time.Duration
	think   time.Duration
	seed    uint64
	keep    bool
}

func main() {
	var o options
	flag.StringVar(&o.bin, "bin", "bin/dsai", "the program")
	flag.DurationVar(&o.span, "for", time.Hour, "how long clients ask")
	flag.IntVar(&o.clients, "clients", 12, "clients at once")
	flag.DurationVar(&o.kill, "kill", 0, "end the node with SIGKILL so often, in the first half; 0: never")
	flag.DurationVar(&o.think, "think", 400*time.Millisecond, "the longest that a client waits before its next question")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "of what happens")
	flag.BoolVar(&o.keep, "keep", false, "leave the home where it is, to look into")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	fmt.Printf("serve: seed %d\n", o.seed)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "serve: error:", err)
		os.Exit(1)
	}
}

// counts is what clients and changes came to.
type counts struct{ asked, left, busy, lost, excused, lent, withdrawn, models, keys, kills atomic.Int64 }

// soak is one run.
type soak struct {
	options
	home    *home
	keyring keyring
	ledger  *ledger
	watch   *watch
	counts  counts
	began   time.Time
}

// run is the soak. That ctx ends, ends it early: what was done is checked all the same.
func run(ctx context.Context, o options) (err error) {
	h, err := found(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	s := &soak{options: o, home: h, ledger: newLedger(h), watch: &watch{home: h}, began: time.Now()}
	if err := s.warm(); err != nil {
		return err
	}
	err = s.busy(ctx)
	took := time.Since(s.began)
	if err == nil {
		err = s.settle()
	}
	c := &s.counts
	fmt.Printf("serve: %s: %s of %d clients, seed %d: %d requests, %d left in the middle, %d turned away, %d met what was just taken away, %d met a kill; %s; %d consents given and %d withdrawn, models replaced %d times, keys %d times, %d kills; %s\n",
		s.began.UTC().Format(time.DateOnly), took.Round(time.Second), o.clients, o.seed, c.asked.Load(), c.left.Load(), c.busy.Load(), c.excused.Load(), c.lost.Load(),
		s.ledger, c.lent.Load(), c.withdrawn.Load(), c.models.Load(), c.keys.Load(), c.kills.Load(), s.watch)
	return err
}

// warm makes the first keys, has each model answer once, and measures the node at rest.
func (s *soak) warm() error {
	for range 4 {
		k, err := s.newKey()
		if err != nil {
			return err
		}
		s.keyring.keys = append(s.keyring.keys, k)
	}
	for _, m := range s.home.models {
		if err := s.ask(context.Background(), &question{model: m, text: about(topics[0])}, s.keyring.keys[0]); err != nil {
			return err
		}
	}
	return s.watch.rest()
}

// busy runs everybody until the time is up. Answers that have begun then come to their end.
func (s *soak) busy(ctx context.Context) error {
	g, live := errgroup.WithContext(context.Background())
	end, cancel := context.WithTimeout(ctx, s.span)
	defer cancel()
	defer context.AfterFunc(live, cancel)() // somebody failed
	people, _ := errgroup.WithContext(live)
	for i := range s.clients {
		r := s.rand(i)
		people.Go(func() error { return s.client(end, live, r) })
	}
	changes := []func(context.Context, *rand.Rand) error{s.lend, s.replaceModels, s.replaceKeys, s.kills}
	for i, f := range changes {
		r := s.rand(1000 + i)
		people.Go(func() error { return f(end, r) })
	}
	people.Go(func() error { return s.watch.run(end) })
	people.Go(func() error { return s.progress(end) })
	done := make(chan struct{}) // whoever makes receipts has ended
	g.Go(func() error { defer close(done); return people.Wait() })
	g.Go(func() error { return s.ledger.list(live, done) })
	for range max(1, runtime.NumCPU()-1) {
		g.Go(func() error { return s.ledger.work(live) })
	}
	return g.Wait()
}

func (s *soak) rand(i int) *rand.Rand { return rand.New(rand.NewPCG(s.seed, uint64(i))) }

// settle checks what can be checked only when nobody asks any more.
func (s *soak) settle() error {
	return errors.Join(s.ledger.complete(), s.ledger.again(s.rand(2000)), s.ledger.byHand(), s.enough(), s.watch.judge(), s.home.fsck())
}

// enough fails when a run that had the time left something out.
func (s *soak) enough() error {
	if time.Since(s.began) < 2*time.Minute {
		return nil
	}
	c := &s.counts
	for _, n := range []*atomic.Int64{&c.asked, &c.left, &c.lent, &c.withdrawn, &c.models, &c.keys} {
		if n.Load() == 0 {
			return errors.New("too little happened to show anything")
		}
	}
	return s.ledger.enough()
}

func (s *soak) progress(ctx context.Context) error {
	return every(ctx, time.Minute, func() error {
		fmt.Printf("serve: %s: %d requests; %s; %s\n", time.Since(s.began).Round(time.Second), s.counts.asked.Load(), s.ledger, s.watch.last())
		return nil
	})
}

// every calls f again and again, at most once in each period, until ctx ends.
func every(ctx context.Context, period time.Duration, f func() error) error {
	t := time.NewTicker(period)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if err := f(); err != nil {
			return err
		}
	}
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
