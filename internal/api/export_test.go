// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api

// Routes returns the patterns of every route.
func (s *Server) Routes() []string {
	var out []string
	for _, r := range s.routes() {
		out = append(out, r.pattern)
	}
	return out
}

// RefusalStatus returns the status of a refusal code.
var RefusalStatus = refusalStatus

// OpenAPI is the embedded document.
var OpenAPI = openAPI

// Held returns how many questions of a queue run and wait, and for how many
// requesters it keeps a line.
func (q *Queue) Held() (running, waiting, lines int) {
	q.turns.mu.Lock()
	defer q.turns.mu.Unlock()
	return q.turns.running, q.turns.waiting, len(q.turns.lines)
}
