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
// is a mark that an engine of ours set. Documents write such numbers too, and would
// lead to sources that say something else. The receipt keeps the text as it was.
type marks struct {
	class dsai.EngineClass
	tail  string // the last of what was shown, where a mark could begin
}

// begun and rest are the halves of a mark that two pieces make.
var (
	begun = regexp.MustCompile(`\[[0-9]{0,3}$`)
	rest  = regexp.MustCompile(`^[0-9]{0,3}\]`)
)

// shown returns a piece as it may be shown.
func (m *marks) shown(p pipeline.Piece) pipeline.Piece {
	switch {
	case p.Quote == nil:
		p.Text = inert.Unmarked(p.Text)
	case m.class == dsai.EngineExtract:
		// One quote, and at its end its mark; whatever stands before is the document's.
		line := strings.TrimSuffix(p.Text, "\n")
		if at := strings.LastIndexByte(line, '['); at >= 0 {
			p.Text = inert.Unmarked(p.Text[:at]) + p.Text[at:]
		}
		// Composed sentences hold the marks that package answer set, and it took out all others.
	}
	if begun.MatchString(m.tail) && rest.MatchString(p.Text) {
		p.Text = " " + p.Text
	}
	m.tail += p.Text
	m.tail = m.tail[max(0, len(m.tail)-len("[999")):]
	return p
}
