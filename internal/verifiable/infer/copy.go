// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

// Copy returns a sequence of the first n tokens in memory of its own, so that either may be erased.
func (s *Sequence) Copy(n int) *Sequence {
	n = max(0, min(n, s.length))
	out := &Sequence{m: s.m, length: n}
	for _, p := range s.pages[:pagesFor(n)] {
		out.pages = append(out.pages, append(page(nil), p...))
	}
	return out
}

// Erase overwrites what the sequence remembers and makes it empty.
func (s *Sequence) Erase() {
	for _, p := range s.pages {
		clear(p)
	}
	s.pages, s.length, s.pending = nil, 0, 0
}
