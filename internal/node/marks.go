// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"regexp"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/pipeline"
)

// marks sees to it that in what any door shows of an answer, a number in brackets
// is a mark that an engine of ours set. Documents and models write such numbers
// too, and would lead to sources that say something else. The receipt keeps the
// text as it was.
type marks struct {
	class   dsai.EngineClass
	foreign inert.Unmarker
}

// own is a mark as package answer writes it.
var own = regexp.MustCompile(`\[[0-9]{1,3}\]`)

// shown returns a piece as it may be shown.
func (m *marks) shown(p pipeline.Piece) pipeline.Piece {
	switch {
	case p.Quote == nil:
		p.Text = m.foreign.Piece(p.Text)
	case m.class == dsai.EngineExtract:
		// One quote, and at its end its mark; whatever stands before is the document's.
		if at := strings.LastIndexByte(p.Text, '['); at >= 0 {
			p.Text = m.foreign.Piece(p.Text[:at]) + m.foreign.Own(p.Text[at:])
		}
	default:
		// Package answer took out all plain marks of the model before it set its own.
		// What only looks like one is left.
		var b strings.Builder
		done := 0
		for _, at := range own.FindAllStringIndex(p.Text, -1) {
			b.WriteString(m.foreign.Piece(p.Text[done:at[0]]))
			b.WriteString(m.foreign.Own(p.Text[at[0]:at[1]]))
			done = at[1]
		}
		b.WriteString(m.foreign.Piece(p.Text[done:]))
		p.Text = b.String()
	}
	return p
}
