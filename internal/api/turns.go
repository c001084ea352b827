// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"errors"
	"slices"
	"sync"

	"dsai.example/dsai"
)

// turns shares the slots and the waiting places of a queue among requesters, so
// that one who asks a lot costs the others no more than one who asks a little.
//
// Slots. A slot that becomes free goes to who has the fewest answers running
// among those that wait, by turns where several have as few. Within a requester,
// who came first goes first.
//
// Places. Nobody may take a place who would then hold more than were free: one
// requester alone gets half of all places, n get the n+1st part each, and as much
// stays free (Choudhury and Hahne, Dynamic queue length thresholds, 1998, with
// alpha = 1). One place is within that bound for whoever has none, unless all are
// taken. Then the newest question of whoever holds the most gives way, if that
// is more than one. The bound alone could not promise that, since nobody knows how
// many requesters will come: so who holds no place is turned away only while every
// place is held by another requester, one each. That is as even as whole places
// can be shared.
type turns struct {
	slots, places int

	mu      sync.Mutex
	running int
	waiting int
	lines   []*line // of all who run or wait; whose last turn began or ended longest ago comes first
}

// line is what one requester has in a queue.
type line struct {
	who     dsai.Digest
	running int
	waiting []*waiter // first come first
}

// waiter is one question that waits.
type waiter struct {
	line *line
	turn chan error // its turn, or why it comes no more; buffered, who calls does not wait
}

var (
	errFull  = errors.New("queue question: every place in the line is taken")
	errShare = errors.New("queue question: the requester has its share of the line")
	errGave  = errors.New("queue question: gave its place to a requester who had none")
)

// enter gives a requester a slot, then the waiter is nil, or a place to wait.
func (t *turns) enter(who dsai.Digest) (*waiter, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running < t.slots { // then nobody waits
		t.startLocked(t.lineLocked(who))
		return nil, nil
	}
	if err := t.admitLocked(t.heldLocked(who)); err != nil {
		return nil, err
	}
	l := t.lineLocked(who)
	w := &waiter{line: l, turn: make(chan error, 1)}
	l.waiting = append(l.waiting, w)
	t.waiting++
	return w, nil
}

// admitLocked decides whether a requester that holds so many places may take one
// more, and makes room for it.
func (t *turns) admitLocked(held int) error {
	free := t.places - t.waiting
	switch {
	case held < free:
		return nil
	case held > 0:
		return errShare
	}
	var most *line // the one that took its turn last, of several that hold as many
	for _, l := range t.lines {
		if most == nil || len(l.waiting) >= len(most.waiting) {
			most = l
		}
	}
	if most == nil || len(most.waiting) < 2 {
		return errFull
	}
	newest := most.waiting[len(most.waiting)-1]
	t.removeLocked(newest)
	newest.turn <- errGave
	return nil
}

// leave takes a waiter out of the line. It reports false when its turn was called
// before, which then stands in its channel.
func (t *turns) leave(w *waiter) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.removeLocked(w)
}

// done gives a slot back, and to whoever is next.
func (t *turns) done(who dsai.Digest) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lineLocked(who)
	l.running--
	t.running--
	t.lastLocked(l) // whoever came while it ran goes first
	t.forgetLocked(l)
	var next *line
	for _, l := range t.lines {
		if len(l.waiting) > 0 && (next == nil || l.running < next.running) {
			next = l
		}
	}
	if next == nil {
		return
	}
	w := next.waiting[0]
	next.waiting = next.waiting[1:]
	t.waiting--
	t.startLocked(next)
	w.turn <- nil
}

// ahead returns how many questions have their turn before one more of a requester:
// its own that wait, and of every other one more than these.
func (t *turns) ahead(who dsai.Digest) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	own := t.heldLocked(who)
	ahead := own
	for _, l := range t.lines {
		if l.who != who {
			ahead += min(len(l.waiting), own+1)
		}
	}
	return ahead
}

// startLocked counts a slot as the line's.
func (t *turns) startLocked(l *line) {
	l.running++
	t.running++
	t.lastLocked(l)
}

// lastLocked puts a line behind all others.
func (t *turns) lastLocked(l *line) {
	i := slices.Index(t.lines, l)
	t.lines = append(slices.Delete(t.lines, i, i+1), l)
}

func (t *turns) removeLocked(w *waiter) bool {
	i := slices.Index(w.line.waiting, w)
	if i < 0 {
		return false
	}
	w.line.waiting = slices.Delete(w.line.waiting, i, i+1)
	t.waiting--
	t.forgetLocked(w.line)
	return true
}

// forgetLocked drops the line of who neither runs nor waits: keys come and go.
func (t *turns) forgetLocked(l *line) {
	if l.running == 0 && len(l.waiting) == 0 {
		t.lines = slices.DeleteFunc(t.lines, func(other *line) bool { return other == l })
	}
}

// heldLocked returns how many places a requester holds.
func (t *turns) heldLocked(who dsai.Digest) int {
	if i := t.indexLocked(who); i >= 0 {
		return len(t.lines[i].waiting)
	}
	return 0
}

// lineLocked returns the line of a requester, a new one at the end if there is none.
func (t *turns) lineLocked(who dsai.Digest) *line {
	if i := t.indexLocked(who); i >= 0 {
		return t.lines[i]
	}
	l := &line{who: who}
	t.lines = append(t.lines, l)
	return l
}

func (t *turns) indexLocked(who dsai.Digest) int {
	return slices.IndexFunc(t.lines, func(l *line) bool { return l.who == who })
}
