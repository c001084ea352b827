// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// moment is when a process ends: once it has made so many changes to the home,
// and so much time after that.
type moment struct {
	changes int
	after   time.Duration
	in      string // folder of the home whose changes count; "" = all of it
}

// habit is what a verb does when nobody ends it, as far as it was seen: moments
// are chosen within it, so that they meet the verb on any machine.
type habit struct {
	changes int
	took    time.Duration
}

// moment chooses. Half are moments just after a change of the home: that is
// between a write and its fsync, or between two writes that belong together,
// where a moment chosen by the clock alone seldom falls.
func (h habit) moment(rnd *rand.Rand) moment {
	if rnd.IntN(2) == 0 && h.changes > 0 {
		return h.just(rnd)
	}
	return moment{after: time.Duration(rnd.Int64N(int64(h.took) * 11 / 10))}
}

// just chooses a moment just after a change.
func (h habit) just(rnd *rand.Rand) moment {
	return moment{changes: 1 + rnd.IntN(h.changes+1), after: time.Duration(rnd.IntN(300)) * time.Microsecond}
}

// habits are those of one home's verbs. The zero value knows none.
type habits struct {
	mu sync.Mutex
	of map[string]habit
}

func (h *habits) get(verb string) habit {
	h.mu.Lock()
	defer h.mu.Unlock()
	if k, ok := h.of[verb]; ok {
		return k
	}
	return habit{changes: 8, took: 700 * time.Millisecond} // a guess, until one ends by itself
}

// learn remembers a process that ended by itself.
func (h *habits) learn(verb string, changes int, took time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.of == nil {
		h.of = map[string]habit{}
	}
	h.of[verb] = habit{changes, took}
}

// trigger ends a process at its moment.
type trigger struct {
	seen   atomic.Int64 // changes of the home
	reach  chan struct{}
	done   chan struct{} // closed when the process has ended
	waits  sync.WaitGroup
	unload func() // stops the watch
}

// arm begins to count changes of the home; fire, once the process runs.
func arm(home string, m moment) *trigger {
	t := &trigger{reach: make(chan struct{}), done: make(chan struct{})}
	var once sync.Once
	t.unload = watch(home, func(n int) {
		if t.seen.Add(int64(n)) >= int64(m.changes) {
			once.Do(func() { close(t.reach) })
		}
	})
	if m.changes == 0 || t.unload == nil {
		once.Do(func() { close(t.reach) })
	}
	return t
}

func (t *trigger) fire(p *os.Process, m moment) {
	t.waits.Go(func() {
		select {
		case <-t.reach:
		case <-t.done:
			return
		}
		select {
		case <-time.After(m.after):
			_ = p.Kill() // it may have ended
		case <-t.done:
		}
	})
}

// ended returns how many changes were seen; call it once the process has ended.
func (t *trigger) ended() int {
	close(t.done)
	t.waits.Wait()
	if t.unload != nil {
		t.unload()
	}
	return int(t.seen.Load())
}
