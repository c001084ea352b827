// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"dsai.example/dsai/internal/verifiable/engine"
)

// Each call is made once, for any count of calls and threads, from several goroutines at once.
func TestPoolCallsOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 5} {
		p := engine.NewPool(threads)
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				for n := range 300 {
					made := make([]int, n)
					p.Parallel(n, func(i int) {
						if n%7 == 0 {
							runtime.Gosched() // so that some lose their processor
						}
						made[i]++
					})
					for i, m := range made {
						if m != 1 {
							t.Errorf("%d threads: call %d of %d was made %d times", threads, i, n, m)
						}
					}
				}
			})
		}
		group.Wait()
		p.Close()
	}
}

// A panic comes back to the caller, and the pool goes on.
func TestPoolPanic(t *testing.T) {
	p := engine.NewPool(3)
	defer p.Close()
	broken := errors.New("broken")
	for round := range 200 {
		err := func() (err error) {
			defer func() { err, _ = recover().(error) }()
			p.Parallel(20, func(i int) {
				if i == round%20 {
					panic(broken)
				}
			})
			return nil
		}()
		var panicked *engine.PanicError
		if !errors.As(err, &panicked) || panicked.Value != error(broken) {
			t.Fatalf("round %d: Parallel panics with %v, want the call's panic", round, err)
		}
		var made atomic.Int64
		p.Parallel(10, func(int) { made.Add(1) })
		if made.Load() != 10 {
			t.Fatalf("after a panic %d of 10 calls are made", made.Load())
		}
	}
}

// After sleep, workers wake for new calls.
func TestPoolWakes(t *testing.T) {
	p := engine.NewPool(2)
	defer p.Close()
	for range 20 {
		time.Sleep(2 * time.Millisecond) // long enough to sleep; what follows does not depend on it
		both := make(chan int, 2)
		p.Parallel(2, func(i int) { // returns only if two threads are there
			both <- i
			for len(both) < 2 {
				runtime.Gosched()
			}
		})
	}
}

// What a pool costs: a call, and a second of doing nothing.
func BenchmarkPool(b *testing.B) {
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("call/threads=%d", threads), func(b *testing.B) {
			p := engine.NewPool(threads)
			defer p.Close()
			var sum [16]int64
			for b.Loop() {
				p.Parallel(16, func(i int) { sum[i]++ })
			}
		})
	}
	b.Run("idle", func(b *testing.B) {
		p := engine.NewPool(4)
		defer p.Close()
		p.Parallel(8, func(int) {})
		before := processorTime(b)
		for b.Loop() {
			time.Sleep(100 * time.Millisecond)
		}
		b.ReportMetric(float64(processorTime(b)-before)/float64(b.Elapsed())*100, "%cpu")
	})
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Skip("SKIPPED: no getrusage here")
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
