// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
	"dsai.example/dsai/internal/verifiable/token"
)

// question is one of those that clients ask: few beginnings, many ends, all kinds of sampling.
func question(r *rand.Rand) engine.Request {
	var tokens []token.ID
	for _, part := range [][]int32{infertest.Tokens(uint64(r.IntN(6)), 20+r.IntN(200), 2000), infertest.Tokens(r.Uint64(), 1+r.IntN(30), 2000)} {
		for _, t := range part {
			tokens = append(tokens, token.ID(t))
		}
	}
	q := engine.Request{
		Prompt: tokens, MaxTokens: 1 + r.IntN(80), Logprobs: r.IntN(5) - 2, Wait: time.Duration(1+r.IntN(20)) * time.Second,
		Sampling:  infer.Sampling{Seed: r.Uint64(), TopK: r.IntN(50), Presence: float32(r.IntN(2))},
		Partition: dsai.Digest{byte(r.IntN(4))}, // 0 is nobody
		Consents:  []dsai.Digest{consent(r), consent(r)},
	}
	if r.IntN(2) == 0 {
		q.Sampling.Temperature, q.Sampling.TopP = float32(r.IntN(15))/10, 0.9
	}
	if r.IntN(3) == 0 {
		q.Stop = []string{"kami", "水"}
	}
	return q
}

// watch measures memory while clients are busy.
type watch struct {
	began   time.Time
	span    time.Duration
	samples []int64 // bytes, one each second
}

func (w *watch) run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			n, err := resident()
			if err != nil {
				return err
			}
			w.samples = append(w.samples, n)
		}
	}
}

// quarter is the average memory of one quarter of the time, 0 to 3.
func (w *watch) quarter(i int) int64 {
	part := w.samples[len(w.samples)*i/4 : len(w.samples)*(i+1)/4]
	var sum int64
	for _, n := range part {
		sum += n
	}
	return sum / int64(max(1, len(part)))
}

func (w *watch) String() string {
	return fmt.Sprintf("resident memory %d MiB in the second quarter, %d MiB in the last", w.quarter(1)>>20, w.quarter(3)>>20)
}

// judge fails if memory grew after the first quarter, or if something still runs.
func (w *watch) judge(goroutines int) error {
	if early, late := w.quarter(1), w.quarter(3); len(w.samples) >= 40 && late > early+early/8+4<<20 {
		return fmt.Errorf("memory grows: %s", w)
	}
	for range 100 { // what has ended may take a moment to be gone
		if runtime.NumGoroutine() <= goroutines {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	return fmt.Errorf("%d goroutines run at the end, %d at the start:\n%s", runtime.NumGoroutine(), goroutines, stacks[:runtime.Stack(stacks, true)])
}

// resident returns the bytes of memory that this process has.
func resident() (int64, error) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0, fmt.Errorf("/proc/self/statm is %q", b)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
