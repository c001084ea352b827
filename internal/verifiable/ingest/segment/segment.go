// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package segment cuts text into passages and sentences. What it returns is what
// consents cover, citations name and auditors recompute, so it is a pure
// function of its arguments: no I/O, no state, integers only, the same result
// on any CPU. Anybody may import it.
package segment

const (
	// ID names the rules of Cut. It changes whenever any passage of any text
	// could change, because derivations are signed with it.
	ID = "passage/1"

	// UnicodeVersion is the edition of UAX #29 behind sentence and grapheme
	// bounds. A derivation records it beside ID.
	UnicodeVersion = "17.0.0"
)

// Passage is a span of a text: the unit that consents cover and answers cite.
type Passage struct {
	Start, End int      // half-open byte span
	Heading    []string // path of headings that the span stands under, outermost first
	Page       int      // 1-based page, 0 if the format has none
	Language   string   // "en", "fr", ...; "" if unknown
}

// Kind tells the chunker how a stretch of text may be cut.
type Kind uint8

// The kinds of a Mark.
const (
	Prose   Kind = iota // cut between sentences; single line ends are soft
	Lines               // cut between lines: code, verse, tables in plain text
	Row                 // kept whole unless it exceeds the hard cap
	Heading             // joins the text that follows it and names it
)

// Mark starts a block of text. The block ends where the next mark starts, so
// marks always cover the whole text and no byte can fall between blocks.
type Mark struct {
	At    int    // byte offset of the first byte of the block
	Kind  Kind   //
	Level int    // of a heading, 1 is outermost
	Title string // of a heading, without markup
	Page  int    // 1-based, 0 if unknown
}
