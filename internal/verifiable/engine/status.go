// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

// Status says what a model does.
type Status struct {
	State       string // "unloaded", "waiting" for memory, "loading", "loaded"
	Done, Total int64  // bytes read while loading: once for the fingerprint, once for the weights
	Held        int64  // bytes that running requests may take
	Running     int
	Waiting     int
}

// Status returns what the model does now.
func (m *Model) Status() Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := Status{State: "unloaded", Held: m.held, Running: m.running, Waiting: len(m.queue)}
	if m.life == nil {
		return s
	}
	s.State, s.Done, s.Total = "waiting", m.life.read.Load(), m.life.total
	if closed(m.life.room) {
		s.State = "loading"
	}
	if closed(m.life.up) {
		s.State = "loaded"
	}
	return s
}
