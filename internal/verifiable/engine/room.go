// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"time"
)

// again is how often who waits for memory looks: what others give back sends no sign.
const again = 100 * time.Millisecond

// room takes n bytes of memory for a model, by forgetting prefixes and then by unloading models that
// nobody uses, if that is enough. If not it touches nothing, and notes since when the model waits.
//
// Nobody takes memory before a model that has waited for so long that they must let it go first. So a
// busy model that is in its way begins with no more requests, finishes, and leaves.
func (e *Engine) room(n int64, m *Model) bool { return e.may(n, m) && e.make(n, m) }

// beside takes n bytes for somebody who has the model's weights. It lets no other model go first: the
// other would wait for these weights to go.
func (e *Engine) beside(n int64, m *Model) error {
	if limit := e.cfg.Memory; limit > 0 && m.fixed()+n > limit {
		return &MemoryError{What: "a replay", Need: n, Used: m.fixed(), Limit: limit}
	}
	if enough, _ := e.look(n, m); !enough || !e.make(n, m) {
		return m.busy(0)
	}
	return nil
}

// may reports whether n bytes are free or can be made so, and it is the model's turn to take them.
func (e *Engine) may(n int64, m *Model) bool {
	enough, first := e.look(n, m)
	if enough && first {
		return true
	}
	m.waits(true)
	return false
}

// look returns whether n bytes are free or can be made so, and whether it is the model's turn.
func (e *Engine) look(n int64, m *Model) (enough, first bool) {
	need := n - e.budget.free() - e.prefixes.size()
	first = true
	for _, o := range e.rivals(m) {
		first = first && !o.before(m)
		if o.idle(m) {
			need -= o.fixed()
		}
	}
	return need <= 0, first
}

func (e *Engine) make(n int64, m *Model) bool {
	for !e.budget.take(n) {
		if !e.prefixes.evict() && !slices.ContainsFunc(e.rivals(m), func(o *Model) bool { return o.leaveFor(m) }) {
			m.waits(true) // somebody was faster
			return false
		}
	}
	m.waits(false)
	return true
}

func (e *Engine) rivals(m *Model) []*Model {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(e.models), func(o *Model) bool { return o == m })
}

// makes notes whether the model's loop makes room for a request. It cannot leave meanwhile.
func (m *Model) makes(yes bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.making = yes
}

// waits notes whether the model waits for memory.
func (m *Model) waits(yes bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case !yes:
		m.since = time.Time{}
	case m.since.IsZero():
		m.since = time.Now()
	}
}

// before reports whether the model waits for memory for so long that other, which waits for less or
// not at all, must let it go first. How long is a quarter of what requests wait; and so long every model
// may serve once it is loaded.
func (m *Model) before(other *Model) bool {
	other.mu.Lock()
	since, turn := other.since, other.up
	other.mu.Unlock()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.since.IsZero() || !since.IsZero() && !m.since.Before(since) {
		return false
	}
	if m.since.After(turn) {
		turn = m.since
	}
	return time.Since(turn) >= m.e.cfg.Wait/4
}

// idle reports whether nobody uses the model, which is loaded, so that it can go for another. Requests
// may wait that must let the other go first: they wait on, for the model to come back.
func (m *Model) idle(other *Model) bool {
	first := other.before(m)
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.idleLocked(first)
}

func (m *Model) idleLocked(first bool) bool {
	return m.life != nil && closed(m.life.up) && m.life.err == nil && !m.going &&
		m.holds == 0 && m.running == 0 && !m.making && (len(m.queue) == 0 || first)
}

// leaveFor unloads the model if it is idle, and reports whether it did.
func (m *Model) leaveFor(other *Model) bool {
	first := other.before(m) // each locks but one at a time
	m.mu.Lock()
	l := m.life
	if !m.idleLocked(first) {
		m.mu.Unlock()
		return false
	}
	m.going = true
	m.mu.Unlock()
	m.look()
	<-l.down
	return true
}

// claim takes the memory of the model, which others may have to give back first. It gives up when
// nobody needs the model any more; but for a while it keeps its place while others finish for its sake,
// for who is told to come again.
func (m *Model) claim() error {
	if limit := m.e.cfg.Memory; limit > 0 && m.fixed() > limit {
		return &MemoryError{What: "model " + m.Name, Need: m.fixed(), Limit: limit}
	}
	for {
		may := m.e.may(m.fixed(), m)
		if m.unneeded(may) {
			return ErrClosed
		}
		if may && m.e.make(m.fixed(), m) {
			return nil
		}
		timer := time.NewTimer(again)
		select {
		case <-m.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// unneeded ends the model's life if nobody waits for it. may says that nobody has to finish for it.
func (m *Model) unneeded(may bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return true
	}
	if len(m.queue) > 0 || m.holds > 0 {
		m.asked = time.Now()
		return false
	}
	if !may && time.Since(m.since) >= m.e.cfg.Wait/4 && time.Since(m.asked) < m.e.cfg.Wait {
		return false
	}
	m.going, m.since = true, time.Time{}
	return true
}
