// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import "dsai.example/dsai/internal/verifiable/tensor"

// pageTokens is how many positions a page of memory holds. It cannot show in a result.
const pageTokens = 32

// A Sequence is what a model remembers of the tokens it was given: keys and values of each layer,
// rounded to 16 bits. It is a pure function of model and tokens. One step at a time may use it.
//
// Its memory is pages, so that it grows without being copied.
type Sequence struct {
	m       *Model
	pages   []page
	length  int
	pending int // tokens of the step under way
}

// A page holds, for each layer and each head of keys, pageTokens keys one after another, then as many
// values.
type page []tensor.Half

// NewSequence returns an empty sequence.
func (m *Model) NewSequence() *Sequence { return &Sequence{m: m} }

// Len returns how many tokens the sequence has been given.
func (s *Sequence) Len() int { return s.length }

// Bytes returns how much memory the sequence takes.
func (s *Sequence) Bytes() int { return len(s.pages) * s.m.pageNumbers() * 2 }

// SequenceBytes returns how much memory a sequence of n tokens takes.
func (m *Model) SequenceBytes(n int) int { return pagesFor(n) * m.pageNumbers() * 2 }

func (m *Model) pageNumbers() int { return m.Layers * m.KeyHeads * 2 * pageTokens * m.Head }

func pagesFor(tokens int) int { return (tokens + pageTokens - 1) / pageTokens }

// reserve makes room for n tokens more.
func (s *Sequence) reserve(n int) {
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
