// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"sync/atomic"
)

// pool is threads that wait for work by looking again and again. The engine's also park.
type pool struct {
	job    atomic.Pointer[job]
	others int
	closed atomic.Bool
}

type job struct {
	f             func(i int)
	n, next, left atomic.Int64
	sharers       atomic.Int64
}

func newPool(threads int) *pool {
	p := &pool{others: threads - 1}
	for range p.others {
		go p.work()
	}
	return p
}

func (p *pool) work() {
	runtime.LockOSThread()
	var last *job
	for !p.closed.Load() {
		if j := p.job.Load(); j != nil && j != last {
			last = j
			j.take()
			j.sharers.Add(-1)
		}
	}
}

func (j *job) take() {
	for {
		i := j.next.Add(1) - 1
		if i >= j.n.Load() {
			return
		}
		j.f(int(i))
	}
}

// parallel is an infer.Parallel.
func (p *pool) parallel(n int, f func(i int)) {
	if p.others == 0 || n == 1 {
		for i := range n {
			f(i)
		}
		return
	}
	j := &job{f: f}
	j.n.Store(int64(n))
	j.sharers.Store(int64(p.others))
	p.job.Store(j)
	j.take()
	for j.sharers.Load() > 0 {
	}
}

func (p *pool) close() { p.closed.Store(true) }
