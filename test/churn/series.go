// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// series is what a process held, once a second.
type series struct {
	mu    sync.Mutex
	rss   []int // kB of its own memory
	files []int // open
}

// follow samples a process until ctx ends.
func (s *series) follow(ctx context.Context, pid int) error {
	return every(ctx, time.Second, func(int) error {
		rss, err := rssAnon(pid)
		if err != nil {
			return gone(ctx, err)
		}
		fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
		if err != nil {
			return gone(ctx, err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.rss, s.files = append(s.rss, rss), append(s.files, len(fds))
		return nil
	})
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

// thirds returns the medians of the second and the last third: the first is a
// node that warms up.
func thirds(v []int) (early, late int) {
	if len(v) < 3 {
		return 0, 0
	}
	n := len(v) / 3
	return median(v[n : 2*n]), median(v[2*n:])
}

func median(v []int) int { return slices.Sorted(slices.Values(v))[len(v)/2] }

func (s *series) String() string {
	re, rl := thirds(s.rss)
	fe, fl := thirds(s.files)
	return fmt.Sprintf("%d then %d MB, %d then %d open files", re/1000, rl/1000, fe, fl)
}

// flat fails when the process held more in the last third than in the one before.
// What a node records, it also keeps: a quarter and some megabytes are that.
func (s *series) flat(name string) error {
	re, rl := thirds(s.rss)
	fe, fl := thirds(s.files)
	if len(s.rss) < 9 {
		return fmt.Errorf("%s: too short to see growth", name)
	}
	if rl > re+re/4+16_000 || fl > fe+10 {
		return fmt.Errorf("%s grows: %s", name, s)
	}
	return nil
}
