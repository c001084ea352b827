// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Command kill ends dsai with SIGKILL at random moments and checks that nothing
// acknowledged was lost. Each cycle runs verbs, alone or against a running node,
// and kills them, half of the time just after a change of the home. After every
// few cycles it opens the home again and compares it with all that was
// acknowledged: every JSON document that a verb printed completely, every result
// of a call. What is lost stays lost, so looking less often misses nothing.
//
// It looks into a home by itself only to count key files: fsck, the methods, the
// store and the strict log reader do the rest. Nothing imports it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// perHome is how many kills one home lives: checks read all of it, so a home
// that grows for ever would make a long run quadratic. checkEvery is in cycles.
const (
	perHome    = 80
	checkEvery = 12
)

func main() {
	var r runner
	flag.StringVar(&r.bin, "bin", "", "the dsai program")
	flag.IntVar(&r.kills, "kills", 40, "processes to kill")
	flag.IntVar(&r.homes, "homes", 4, "homes at once: a verb mostly waits")
	flag.DurationVar(&r.limit, "for", 0, "begin no new cycle after this time; 0 = no limit")
	flag.Uint64Var(&r.seed, "seed", uint64(time.Now().UnixNano()), "of what happens when; printed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	r.interrupted = ctx.Done()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	err := r.run(context.Background())
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "kill: %v (seed %d)\n", err, r.seed)
		os.Exit(1)
	}
}

// runner lives through one home after the other until enough was killed.
type runner struct {
	bin          string
	kills, homes int
	limit        time.Duration
	seed         uint64
	interrupted  <-chan struct{} // closed: begin no new cycle

	begin time.Time
	mu    sync.Mutex
	begun uint64 // homes
	sum   counts // of homes that came to their end
	now   int    // processes killed so far, in all homes
}

func (r *runner) run(ctx context.Context) (err error) {
	if r.bin, err = filepath.Abs(r.bin); err != nil {
		return err
	}
	if st, err := os.Stat(r.bin); err != nil || st.IsDir() {
		return errors.New("name the dsai program with -bin")
	}
	fmt.Printf("kill: %d processes, seed %d\n", r.kills, r.seed)
	r.begin = time.Now()
	g, ctx := errgroup.WithContext(ctx)
	for range max(1, min(r.homes, r.kills/20)) {
		g.Go(func() error {
			for !r.enough() {
				if err := r.oneHome(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err = g.Wait()
	verdict := "0 lost, 0 doubled, 0 served after withdrawal"
	if err != nil {
		verdict = "NOT FINISHED"
	}
	fmt.Printf("kill: %s: %s, in %s; %s\n", r.begin.UTC().Format(time.DateOnly), r.sum, time.Since(r.begin).Round(time.Second), verdict)
	if err == nil && r.sum.poor() {
		return fmt.Errorf("too little happened to show anything: %s", r.sum)
	}
	return err
}

func (r *runner) enough() bool {
	select {
	case <-r.interrupted:
		return true
	default:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now >= r.kills || r.limit > 0 && time.Since(r.begin) > r.limit
}

// killed adds kills and says how it goes, each time a hundred are full.
func (r *runner) killed(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if (r.now+n)/100 > r.now/100 {
		fmt.Printf("kill: %d after %s\n", r.now+n, time.Since(r.begin).Round(time.Second))
	}
	r.now += n
}

// oneHome founds a co-op and lives through some cycles with it.
func (r *runner) oneHome(ctx context.Context) error {
	r.mu.Lock()
	r.begun++
	rnd := rand.New(rand.NewPCG(r.seed, r.begun))
	r.mu.Unlock()
	dir, err := os.MkdirTemp("", "dsai-kill-")
	if err != nil {
		return err
	}
	w := newWorld(r.bin, dir, rnd)
	defer w.engine.Close()
	if err = w.found(ctx); err == nil {
		err = r.live(ctx, w)
	}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w; its files are kept in %s", err, dir)
	}
	// The log's library may still touch a file after it was closed: what is left
	// of a home that passed its last check is no finding.
	_ = os.RemoveAll(dir)
	if err != nil {
		return err // another home failed: this one was not checked to its end
	}
	r.mu.Lock()
	r.sum.add(w.counts)
	r.mu.Unlock()
	return nil
}

func (r *runner) live(ctx context.Context, w *world) error {
	for i := 1; w.killed < perHome && !r.enough(); i++ {
		before := w.killed
		if err := w.cycle(ctx); err != nil {
			return fmt.Errorf("cycle %d: %w", i, err)
		}
		r.killed(w.killed - before)
		if i%checkEvery == 0 {
			if err := w.check(ctx, recent); err != nil {
				return fmt.Errorf("check after cycle %d: %w", i, err)
			}
		}
	}
	if err := w.check(ctx, everything); err != nil {
		return fmt.Errorf("last check: %w", err)
	}
	return nil
}

// counts is what the run has seen.
type counts struct {
	killed, finished                        int // processes
	consents, withdrawals, receipts, proofs int // acknowledged, and checked since
	crashed                                 int // receipts of answers that a kill cut off
	additions, objections, adoptions        int // acknowledged, and checked since
	memberKeys, nodeKeys                    int // changes of keys, likewise
}

// poor says that so many kills should have met more: each kind of act when there
// were many, and anything beside consents and answers when there were few.
func (c counts) poor() bool {
	least := min(c.consents, c.withdrawals, c.receipts, c.crashed)
	others := []int{c.additions, c.objections, c.adoptions, c.memberKeys, c.nodeKeys}
	return c.killed >= 40 && (least == 0 || slices.Max(others) == 0) || c.killed >= 200 && slices.Min(others) == 0
}

func (c *counts) add(d counts) {
	c.killed += d.killed
	c.finished += d.finished
	c.consents += d.consents
	c.withdrawals += d.withdrawals
	c.receipts += d.receipts
	c.proofs += d.proofs
	c.crashed += d.crashed
	c.additions += d.additions
	c.objections += d.objections
	c.adoptions += d.adoptions
	c.memberKeys += d.memberKeys
	c.nodeKeys += d.nodeKeys
}

func (c counts) String() string {
	return fmt.Sprintf("%d processes killed, %d finished; %d consents, %d withdrawals, %d receipts, %d additions, %d objections, %d adoptions, %d member and %d node keys acknowledged, %d crashed; %d proofs held",
		c.killed, c.finished, c.consents, c.withdrawals, c.receipts, c.additions, c.objections, c.adoptions, c.memberKeys, c.nodeKeys, c.crashed, c.proofs)
}
