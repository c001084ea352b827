// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"strings"
	"unicode/utf8"

	"dsai.example/dsai"
)

// Marker reads a model's text and hands out sentences with the spans they cite.
type Marker interface {
	Write(chunk string, emit func(text string, quotes []dsai.Quote) error) error
	Close(emit func(text string, quotes []dsai.Quote) error) error
}

// Sentences hands the sentences of a composed answer on, within what the
// contributors let be quoted, and keeps what it handed on.
type Sentences struct {
	Quotes []dsai.Quote
	// Logprobs go with the next sentence.
	Logprobs []Logprob

	evidence *Evidence
	emit     func(Piece) error
	text     strings.Builder
	left     map[dsai.DocumentID]int // code points that may still be quoted; -1 = any
}

// NewSentences returns the Sentences of an answer from this evidence.
func NewSentences(e *Evidence, emit func(Piece) error) *Sentences {
	s := &Sentences{evidence: e, emit: emit, left: map[dsai.DocumentID]int{}}
	for _, p := range e.Passages {
		s.left[p.Use.Document] = p.QuoteMax
	}
	return s
}

// Text is what was handed on.
func (s *Sentences) Text() string { return s.text.String() }

// Release hands one sentence on. What was released is the answer, even when the
// next sentence is not.
func (s *Sentences) Release(text string, quotes []dsai.Quote) error {
	p := Piece{Text: text, Logprobs: s.Logprobs}
	s.Logprobs = nil
	for i, q := range quotes {
		quotes[i] = s.within(q)
	}
	for i := range max(1, len(quotes)) {
		if i < len(quotes) {
			p.Quote = &quotes[i]
		}
		if err := s.emit(p); err != nil {
			return err
		}
		s.text.WriteString(p.Text)
		if p.Quote != nil {
			s.Quotes = append(s.Quotes, *p.Quote)
		}
		p = Piece{}
	}
	return nil
}

// within keeps a citation inside the contributor's limit on quotation: beyond it
// the passage is still named, and an empty span quotes nothing of it. Citing the
// same words again counts again, as it does for whoever verifies.
func (s *Sentences) within(q dsai.Quote) dsai.Quote {
	p := s.evidence.Passages[q.N-1]
	left, body := s.left[p.Use.Document], p.Body
	if left < 0 {
		return q
	}
	n := utf8.RuneCountInString(body.Text[q.Start-body.Start : q.End-body.Start])
	if n > left {
		q.End = q.Start
		return q
	}
	s.left[p.Use.Document] = left - n
	return q
}
