// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import "dsai.example/dsai/internal/verifiable/tensor"

// pageTokens is how many positions a page of memory holds. It cannot show in a result.
const pageTokens = 32

// A Sequence is what a model remembers of the tokens it was given: keys and values of each layer,
// rounded to 16 bits. It is a pure function of model and tokens. One step at a time may use it.
//
// Its memory is pages, so that it grows without being copied, and forks share what they have in
// common.
type Sequence struct {
	m      *Model
	pages  []page
	length int

	owned   int // pages from this one on are this sequence's alone to write
	lent    int // positions below this one are read by forks: they are not written again
	pending int // tokens of the step under way
}

// A page holds, for each layer and each head of keys, pageTokens keys one after another, then as many
// values.
type page []tensor.Half

// NewSequence returns an empty sequence.
func (m *Model) NewSequence() *Sequence { return &Sequence{m: m} }

// Len returns how many tokens the sequence has been given.
func (s *Sequence) Len() int { return s.length }

// Bytes returns how much memory the sequence refers to. Pages that forks share count in each.
func (s *Sequence) Bytes() int { return len(s.pages) * s.m.pageNumbers() * 2 }

// SequenceBytes returns how much memory a sequence of n tokens takes.
func (m *Model) SequenceBytes(n int) int { return pagesFor(n) * m.pageNumbers() * 2 }

func (m *Model) pageNumbers() int { return m.Layers * m.KeyHeads * 2 * pageTokens * m.Head }

func pagesFor(tokens int) int { return (tokens + pageTokens - 1) / pageTokens }

// Truncate forgets all but the first n tokens.
func (s *Sequence) Truncate(n int) {
	if n >= s.length {
		return
	}
	clear(s.pages[pagesFor(n):]) // for the garbage collector
	s.pages = s.pages[:pagesFor(n)]
	if n < s.lent {
		s.owned, s.lent = max(s.owned, len(s.pages)), n
	}
	s.owned = min(s.owned, len(s.pages))
	s.length = n
}

// Fork returns a sequence of the first n tokens, in the same memory: nothing is copied but, when the
// fork grows, the page that n does not fill. Both may then be used at the same time, and each holds
// the memory until it is gone itself. Forking and steps of s must not overlap.
func (s *Sequence) Fork(n int) *Sequence {
	n = min(n, s.length)
	s.lent = max(s.lent, n)
	pages := pagesFor(n)
	return &Sequence{m: s.m, pages: append([]page(nil), s.pages[:pages]...), length: n, owned: pages}
}

// reserve makes room for n tokens more.
func (s *Sequence) reserve(n int) {
	if at := s.length / pageTokens; at < min(s.owned, len(s.pages)) { // the fork's or a lender's page
		s.pages[at] = append(page(nil), s.pages[at]...)
		s.owned = at
	}
	for len(s.pages) < pagesFor(s.length+n) {
		s.pages = append(s.pages, make(page, s.m.pageNumbers()))
	}
}

// keys and values return what a head of a layer has in a page.
func (p page) keys(m *Model, layer, head int) []tensor.Half {
	return p[(layer*m.KeyHeads+head)*2*pageTokens*m.Head:][:pageTokens*m.Head]
}

func (p page) values(m *Model, layer, head int) []tensor.Half {
	return p[((layer*m.KeyHeads+head)*2+1)*pageTokens*m.Head:][:pageTokens*m.Head]
}
