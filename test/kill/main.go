// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Command kill ends dsai with SIGKILL at random moments and checks that nothing
// acknowledged was lost. Each cycle runs verbs, alone or against a running node,
// kills them, opens the home again and compares it with every JSON document that
// a verb printed completely: that is what an acknowledgement is.
//
// It never looks into a home by itself: fsck, the verbs and the strict log
// reader do. Nothing imports it.
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
	"syscall"
	"time"
)

// perHome is how many cycles one home lives: checks read all of it, so a home
// that grows for ever would make a long run quadratic.
const perHome = 100

func main() {
	bin := flag.String("bin", "", "the dsai program")
	cycles := flag.Int("cycles", 40, "kills")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "of what happens when; printed, so that a run can be repeated")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *bin, *cycles, *seed)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "kill: %v (seed %d)\n", err, *seed)
		os.Exit(1)
	}
}

func run(ctx context.Context, bin string, cycles int, seed uint64) error {
	bin, err := filepath.Abs(bin)
	if err != nil {
		return err
	}
	if st, err := os.Stat(bin); err != nil || st.IsDir() {
		return errors.New("name the dsai program with -bin")
	}
	fmt.Printf("kill: %d cycles, seed %d\n", cycles, seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	begin := time.Now()
	var sum counts
	for left := cycles; left > 0; left -= perHome {
		c, err := oneHome(ctx, bin, min(left, perHome), cycles-left, rnd)
		sum.add(c)
		if err != nil {
			return err
		}
	}
	fmt.Printf("kill: %d cycles in %s: %s; 0 lost, 0 doubled, 0 served after withdrawal\n", cycles, time.Since(begin).Round(time.Second), sum)
	if cycles >= 20 && (sum.consents == 0 || sum.withdrawals == 0 || sum.receipts == 0 || sum.crashed == 0) {
		return fmt.Errorf("too little happened to show anything: %s", sum)
	}
	return nil
}

// oneHome founds a co-op and lives through some cycles with it.
func oneHome(ctx context.Context, bin string, cycles, before int, rnd *rand.Rand) (c counts, err error) {
	dir, err := os.MkdirTemp("", "dsai-kill-")
	if err != nil {
		return c, err
	}
	w, err := newWorld(ctx, bin, dir, rnd)
	if err != nil {
		return c, err
	}
	defer w.engine.Close()
	for i := range cycles {
		if err := w.cycle(ctx); err != nil {
			return w.counts, fmt.Errorf("cycle %d: %w; its files are kept in %s", before+i+1, err, dir)
		}
		if (before+i+1)%10 == 0 {
			fmt.Printf("kill: cycle %d: %s\n", before+i+1, w.counts)
		}
	}
	if err := w.check(ctx, everything); err != nil {
		return w.counts, fmt.Errorf("last check: %w; its files are kept in %s", err, dir)
	}
	return w.counts, os.RemoveAll(dir)
}

// counts is what the run has seen.
type counts struct {
	killed, finished                        int // processes
	consents, withdrawals, receipts, proofs int // acknowledged, and checked since
	crashed                                 int // receipts of answers that a kill cut off
	rotations                               int // changes of keys acknowledged, and found again
}

func (c *counts) add(d counts) {
	c.killed += d.killed
	c.finished += d.finished
	c.consents += d.consents
	c.withdrawals += d.withdrawals
	c.receipts += d.receipts
	c.proofs += d.proofs
	c.crashed += d.crashed
	c.rotations += d.rotations
}

func (c counts) String() string {
	return fmt.Sprintf("%d processes killed, %d finished; %d consents, %d withdrawals, %d receipts acknowledged, %d crashed, %d changes of keys; %d proofs held",
		c.killed, c.finished, c.consents, c.withdrawals, c.receipts, c.crashed, c.rotations, c.proofs)
}
