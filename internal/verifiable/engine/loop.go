// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"time"

	"dsai.example/dsai/internal/verifiable/infer"
)

// loop serves a loaded model: each round is one step of the model, with the next token of each answer
// that is under way and a part of the prompts of those that begin. No sum of a step reaches across its
// items, so requests do not see each other.
type loop struct {
	m         *Model
	life      *life
	pool      *Pool
	workspace *infer.Workspace

	active []*task // in order of their turn
	rounds int
	answer int // which task's next token goes first in the next round
	prompt int // and which task's prompt
	items  []infer.Item
	parts  []part
	stays  bool // the step was given up once already, because one of several left it

	call, unless func(i int) // what parallel does, and that unless nobody needs the step
}

func newLoop(m *Model, l *life, p *Pool) *loop {
	s := &loop{m: m, life: l, pool: p, workspace: l.model.NewWorkspace()}
	s.unless = func(i int) {
		if !s.needless() {
			s.call(i)
		}
	}
	return s
}

// part is what a task has in a round.
type part struct {
	t        *task
	from, to int // of the items
}

// run serves until nobody needs the model.
func (s *loop) run() {
	for s.more() {
		s.drop()
		s.plan()
		if len(s.items) == 0 {
			if len(s.active) > 0 {
				<-s.m.wake // all wait for who reads them, who will wake us
			}
			continue
		}
		s.step()
		s.drop()
	}
}

// more takes new tasks, and waits if there is nothing to do. It reports false when the model is to go.
func (s *loop) more() bool {
	idle := s.m.e.cfg.KeepAlive
	var timer *time.Timer
	for {
		switch s.admit() {
		case goOn:
			return true
		case goAway:
			return false
		}
		if timer == nil && idle > 0 {
			timer = time.NewTimer(idle)
			defer timer.Stop()
		}
		if s.sleep(timer) {
			return false
		}
	}
}

// sleep waits for a sign. It reports whether the model was idle for so long that it goes.
func (s *loop) sleep(timer *time.Timer) bool {
	var late <-chan time.Time
	if timer != nil {
		late = timer.C
	}
	retry := time.NewTimer(again)
	defer retry.Stop()
	s.m.mu.Lock()
	if len(s.m.queue) == 0 {
		retry.Stop()
	}
	s.m.mu.Unlock()
	select {
	case <-s.m.wake:
	case <-retry.C:
	case <-late:
		s.m.mu.Lock()
		defer s.m.mu.Unlock()
		if len(s.m.queue) == 0 && s.m.holds == 0 {
			s.m.going = true
			return true
		}
		timer.Reset(s.m.e.cfg.KeepAlive)
	}
	return false
}

// What to do next.
const (
	goOn = iota
	goWait
	goAway
)

// admit begins with the tasks whose turn it is.
func (s *loop) admit() int {
	for {
		if s.m.e.ctx.Err() != nil {
			s.abandon(ErrClosed)
		}
		t, leave := s.next()
		if leave {
			return goAway
		}
		if t == nil || !s.room(t) {
			break
		}
		if !s.m.take(t) { // its caller has left, or the model is to go
			s.m.e.budget.give(t.reserved)
			continue
		}
		s.begin(t)
	}
	if len(s.active) > 0 {
		return goOn
	}
	return goWait
}

// room takes the memory of a task. Another model may have to leave for it, which is waited for: so two
// models never make room for each other.
func (s *loop) room(t *task) bool {
	s.m.makes(true)
	defer s.m.makes(false)
	return s.m.e.room(t.reserved, s.m)
}

// next returns the task whose turn it is, if there is room for one, or that the model is to go.
func (s *loop) next() (t *task, leave bool) {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if s.m.closed && s.m.holds == 0 && len(s.active) == 0 {
		s.m.going = true
	}
	if len(s.m.queue) > 0 && len(s.active) < s.m.e.cfg.Running && !s.m.closed && !s.m.going {
		t = s.m.queue[0]
	} else {
		s.m.since = time.Time{}
	}
	return t, s.m.going
}

func (s *loop) begin(t *task) {
	t.began = time.Now()
	t.sequence = s.m.e.prefixes.find(s.m, t.Partition, t.tokens)
	if t.sequence == nil {
		t.sequence = s.life.model.NewSequence()
	}
	t.fed = t.sequence.Len()
	t.reused = t.fed
	s.active = append(s.active, t)
	close(t.started)
}

// drop lets go of the tasks that have ended, or whose callers have left.
func (s *loop) drop() {
	s.active = slices.DeleteFunc(s.active, func(t *task) bool {
		if t.finish == "" && t.err == nil && !t.left() {
			return false
		}
		s.end(t)
		return true
	})
}

func (s *loop) abandon(err error) {
	for _, t := range s.active {
		t.err = err
		s.end(t)
	}
	s.active = nil
}

// end remembers what the task's sequence holds, and lets go of the task.
func (s *loop) end(t *task) {
	t.ended = time.Now()
	s.m.e.budget.give(t.reserved)
	s.m.release(t)
	if t.err == nil {
		s.m.e.prefixes.keep(&prefix{
			model: s.m, partition: t.Partition, tokens: t.tokens[:t.fed:t.fed], consents: t.Consents, purges: t.purges, sequence: t.sequence,
		})
	} else {
		t.sequence.Erase()
	}
	t.sequence = nil
	close(t.done)
}

// plan makes the items of the next step, no more than fit into the workspace. Who goes first changes,
// so that everybody's turn comes.
func (s *loop) plan() {
	s.items, s.parts = s.items[:0], s.parts[:0]
	answers := s.m.items - s.forPrompts()
	if answers > 0 { // else nobody's turn would have come
		s.answer++
	}
	for i := range s.active {
		t := s.active[(i+s.answer)%len(s.active)]
		if len(t.tokens)-t.fed == 1 && len(s.items) < answers && !t.blocked(s.m.e.cfg.ahead) {
			s.add(t, 1)
		}
	}
	room := s.m.e.cfg.Prefill
	if len(s.parts) > 0 {
		room /= 4
	}
	room = min(room, s.m.items-len(s.items))
	if room > 0 {
		s.prompt++
	}
	for i := range s.active {
		t := s.active[(i+s.prompt)%len(s.active)]
		if rest := len(t.tokens) - t.fed; rest > 1 && room > 0 {
			n := min(rest, room)
			room -= n
			s.add(t, n)
		}
	}
}

// forPrompts returns how many items of the next step answers must leave to prompts, if somebody's is
// being read: a quarter, or one of every fourth step where steps have less than four.
func (s *loop) forPrompts() int {
	s.rounds++
	switch {
	case !slices.ContainsFunc(s.active, func(t *task) bool { return len(t.tokens)-t.fed > 1 }):
		return 0
	case s.m.items >= 4:
		return s.m.items / 4
	case s.rounds%4 == 0:
		return 1
	}
	return 0
}

// add adds the next n tokens of a task.
func (s *loop) add(t *task, n int) {
	from := len(s.items)
	for i := t.fed; i < t.fed+n; i++ {
		s.items = append(s.items, infer.Item{Sequence: t.sequence, Token: t.tokens[i], Logits: i == len(t.tokens)-1})
	}
	s.parts = append(s.parts, part{t: t, from: from, to: len(s.items)})
}
