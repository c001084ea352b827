// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"dsai.example/dsai/internal/verifiable/infer"
)

// Pool is threads that share the calls of an infer.Parallel. A worker without work spins for some
// microseconds, since the next call mostly comes at once and waking a sleeper takes as long as the
// call, and then sleeps, so that an idle node uses no power.
//
// A job is open while the epoch is odd. A worker enters it by counting itself in and looking at the
// epoch again; whoever opened it closes the epoch and waits until everybody is out before the job's
// fields are used again. Both orders are sequentially consistent, so nobody works on a job that has
// ended.
type Pool struct {
	workers []*worker
	group   sync.WaitGroup
	stop    atomic.Bool

	mu    sync.Mutex // held by the one who has a job
	epoch atomic.Uint64
	n     int64
	f     func(i int)
	next  atomic.Int64
	in    atomic.Int64 // workers inside
	broke atomic.Pointer[PanicError]

	waits    atomic.Bool   // whoever opened the job sleeps until the last worker is out
	finished chan struct{} // of 1: whoever takes waits away sends once
}

type worker struct {
	asleep atomic.Bool
	wake   chan struct{} // of 1: whoever takes asleep away sends once
}

// A PanicError is a panic of one of the calls.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("computation panics: %v\n%s", e.Value, e.Stack)
}

// NewPool returns a pool of so many threads, the caller's included; 0: one for each processor that Go
// may use. It starts the others, which end with Close.
func NewPool(threads int) *Pool {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	p := &Pool{finished: make(chan struct{}, 1)}
	for range threads - 1 {
		w := &worker{wake: make(chan struct{}, 1)}
		p.workers = append(p.workers, w)
		p.group.Go(func() { p.work(w) })
	}
	return p
}

// Threads returns how many threads share a call.
func (p *Pool) Threads() int { return len(p.workers) + 1 }

// Close ends the workers and waits for them. No call may be under way.
func (p *Pool) Close() {
	p.stop.Store(true)
	for _, w := range p.workers {
		w.rouse()
	}
	p.group.Wait()
}

func (w *worker) rouse() {
	if w.asleep.Load() && w.asleep.CompareAndSwap(true, false) {
		w.wake <- struct{}{}
	}
}

// Parallel is an infer.Parallel. A call that panics makes it panic with a *PanicError, in the caller,
// after all others have returned. While the workers are somebody else's, the caller does all itself:
// to wait for them would take longer.
func (p *Pool) Parallel(n int, f func(i int)) {
	if n < 2 || len(p.workers) == 0 || !p.mu.TryLock() {
		infer.Serial(n, f)
		return
	}
	defer p.mu.Unlock()
	p.n, p.f = int64(n), f
	p.next.Store(0)
	p.broke.Store(nil)
	p.epoch.Add(1)
	for _, w := range p.workers[:min(n-1, len(p.workers))] {
		w.rouse()
	}
	p.share()
	p.epoch.Add(1)
	p.wait()
	p.f = nil
	if broke := p.broke.Load(); broke != nil {
		panic(broke)
	}
}

// wait returns when all workers are out.
func (p *Pool) wait() {
	for range 5000 { // what the last call takes, mostly
		if p.in.Load() == 0 {
			return
		}
	}
	for p.in.Load() != 0 { // again: one that was out when it looked at waits may have sent for another
		p.waits.Store(true) // a worker may have lost its processor: it can have ours
		if p.in.Load() == 0 && p.waits.CompareAndSwap(true, false) {
			return
		}
		<-p.finished
	}
}

// share makes calls until none is left.
func (p *Pool) share() {
	defer p.catch()
	n, f := p.n, p.f
	for i := p.next.Add(1) - 1; i < n; i = p.next.Add(1) - 1 {
		f(int(i))
	}
}

func (p *Pool) catch() {
	if v := recover(); v != nil {
		p.next.Store(p.n) // nobody begins another call
		p.broke.CompareAndSwap(nil, &PanicError{Value: v, Stack: debug.Stack()})
	}
}

// How long a worker spins before it sleeps. It doubles when sleep was not worth it.
const (
	leastSpin = 20 * time.Microsecond
	mostSpin  = 160 * time.Microsecond
)

func (p *Pool) work(w *worker) {
	spin := leastSpin
	for last := uint64(0); !p.stop.Load(); {
		if e := p.await(last, spin); e != last {
			p.enter(e)
			last = e
			continue
		}
		began := time.Now()
		w.sleep(p, last)
		if time.Since(began) < 2*mostSpin {
			spin = min(2*spin, mostSpin)
		} else {
			spin = leastSpin
		}
	}
}

// enter shares the job of an epoch, if it is still open.
func (p *Pool) enter(e uint64) {
	p.in.Add(1)
	if p.epoch.Load() == e {
		p.share()
	}
	if p.in.Add(-1) == 0 && p.waits.Load() && p.waits.CompareAndSwap(true, false) {
		p.finished <- struct{}{}
	}
}

// await spins for a job after the last one. It returns last if none came.
func (p *Pool) await(last uint64, spin time.Duration) uint64 {
	var began time.Time
	for i := 1; ; i++ {
		if e := p.epoch.Load(); e&1 == 1 && e != last {
			return e
		}
		if i%256 != 0 {
			continue
		}
		if began.IsZero() {
			began = time.Now()
		} else if time.Since(began) > spin || p.stop.Load() {
			return last
		}
	}
}

// sleep returns when there may be a job after the last one, or the pool is closed.
func (w *worker) sleep(p *Pool, last uint64) {
	w.asleep.Store(true)
	// What was published before asleep was set would not wake us.
	if e := p.epoch.Load(); (e&1 == 1 && e != last || p.stop.Load()) && w.asleep.CompareAndSwap(true, false) {
		return
	}
	<-w.wake
}
