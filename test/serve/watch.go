// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// sample is what the node held at one moment.
type sample struct{ kB, files, goroutines int }

// watch follows what the node holds.
type watch struct {
	home *home

	mu      sync.Mutex
	still   sample // before clients came
	samples []sample
	life    int64 // of the node, that samples are of
}

const period = 2 * time.Second

// run samples until ctx ends.
func (w *watch) run(ctx context.Context) error {
	return every(ctx, period, func() error {
		up := w.home.up.n.Load()
		s, err := w.sample()
		if w.home.up.since(up) {
			return nil // it was killed meanwhile
		}
		if err != nil {
			return err
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if up != w.life {
			w.life, w.samples = up, nil
		}
		w.samples = append(w.samples, s)
		return nil
	})
}

func (w *watch) sample() (s sample, err error) {
	pid := w.home.pid()
	if s.kB, err = rssAnon(pid); err != nil {
		return s, err
	}
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return s, err
	}
	s.files = len(fds)
	s.goroutines, err = w.goroutines()
	return s, err
}

// goroutines asks the node for how many it has.
func (w *watch) goroutines() (int, error) {
	r, err := http.Get(w.home.address() + "/metrics")
	if err != nil {
		return 0, err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if n, ok := strings.CutPrefix(line, "go_goroutines "); ok {
			return strconv.Atoi(strings.TrimSpace(n))
		}
	}
	return 0, errors.New("the node's metrics have no go_goroutines")
}

func rssAnon(pid int) (int, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "RssAnon:" {
			return strconv.Atoi(f[1])
		}
	}
	return 0, fmt.Errorf("process %d has no RssAnon", pid)
}

// rest measures the node while nobody asks.
func (w *watch) rest() (err error) {
	http.DefaultClient.CloseIdleConnections()
	w.still, err = w.sample()
	return err
}

// quarter is the median of each measure in one quarter of the node's last life, 0 to 3.
func (w *watch) quarter(i int) (q sample) {
	n := len(w.samples)
	part := w.samples[n*i/4 : n*(i+1)/4]
	if len(part) == 0 {
		return q
	}
	median := func(of func(sample) int) int {
		var v []int
		for _, s := range part {
			v = append(v, of(s))
		}
		slices.Sort(v)
		return v[len(v)/2]
	}
	return sample{median(func(s sample) int { return s.kB }), median(func(s sample) int { return s.files }), median(func(s sample) int { return s.goroutines })}
}

// judge fails when the node held more in the last quarter of its life than in the second, or keeps
// goroutines when all is done: while clients ask, those come and go with the answers under way.
func (w *watch) judge() error {
	now, err := w.settled()
	if err != nil {
		return err
	}
	if now.goroutines > w.still.goroutines+spare {
		return fmt.Errorf("%d goroutines run when all is done, %d before clients came", now.goroutines, w.still.goroutines)
	}
	w.mu.Lock()
	early, late, n := w.quarter(1), w.quarter(3), len(w.samples)
	w.mu.Unlock()
	if time.Duration(n)*period < 2*time.Minute {
		return nil // it warms up
	}
	if late.kB > early.kB+early.kB/8+16<<10 || late.files > early.files+spare {
		return fmt.Errorf("the node grows: %s", w)
	}
	return nil
}

const spare = 10

// settled waits for what has ended to be gone.
func (w *watch) settled() (s sample, err error) {
	for range 50 {
		http.DefaultClient.CloseIdleConnections()
		if s, err = w.sample(); err != nil || s.goroutines <= w.still.goroutines+spare {
			break
		}
		time.Sleep(100 * time.Millisecond) // another process: there is no clock to fake
	}
	return s, err
}

func (w *watch) last() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.samples) == 0 {
		return "not measured yet"
	}
	s := w.samples[len(w.samples)-1]
	return fmt.Sprintf("%d MB, %d open files, %d goroutines", s.kB/1000, s.files, s.goroutines)
}

func (w *watch) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	a, b := w.quarter(1), w.quarter(3)
	return fmt.Sprintf("the node, since its last start, in the second and the last quarter: %d and %d MB of its own memory, %d and %d open files, %d and %d goroutines",
		a.kB/1000, b.kB/1000, a.files, b.files, a.goroutines, b.goroutines)
}
