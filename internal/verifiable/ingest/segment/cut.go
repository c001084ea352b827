// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package segment

import (
	"bytes"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
	"github.com/clipperhouse/uax29/v2/sentences"

	"dsai.example/dsai/internal/verifiable/ingest/lang"
)

// Sizes of a passage in bytes. About 110 English words are 600 to 900 bytes.
const (
	passageMin = 600  // below it a passage grows if it can
	passageMax = 900  // above it a passage is cut if a good place exists
	passageAll = 1100 // a rest up to this size stays whole rather than leave a stump
	passageTop = 1200 // a paragraph end up to here beats a sentence end before passageMin
	passageCap = 1500 // never exceeded
	passageBit = 200  // smallest piece cut off to spare what follows

	titleCap = 200 // bytes of one heading in a path
	pathCap  = 6   // headings in a path
)

// Cut cuts text into passages. It works on any bytes; the marks must be in
// order of At, and a mark outside the text or inside a rune is ignored. A
// passage whose own language is unsure takes language, that of the document.
//
// Passages are ordered, disjoint, free of white space at both ends, at most
// 1500 bytes, and together hold every byte of text that is not white space. A
// passage never crosses a page or a heading, except that a run of headings,
// each deeper than the one before, joins the text that follows it.
func Cut(text []byte, marks []Mark, language string) []Passage {
	c := cutter{text: text}
	marks = normal(text, marks)
	for i := 0; i < len(marks); {
		j := i + 1
		for j < len(marks) && !splits(marks[j-1], marks[j]) {
			j++
		}
		end := len(text)
		if j < len(marks) {
			end = marks[j].At
		}
		c.section(marks[i:j], end)
		i = j
	}
	for i := range c.out {
		p := &c.out[i]
		if p.Language = lang.Detect(text[p.Start:p.End]); p.Language == "" {
			p.Language = language
		}
	}
	return c.out
}

// normal returns marks that start at 0, ascend and lie inside the text at runes.
func normal(text []byte, marks []Mark) []Mark {
	out := make([]Mark, 0, len(marks)+1)
	if len(marks) == 0 || marks[0].At != 0 {
		first := Mark{}
		if len(marks) > 0 {
			first.Page = marks[0].Page
		}
		out = append(out, first)
	}
	for _, m := range marks {
		switch n := len(out); {
		case m.At < 0 || m.At >= len(text) || m.At > 0 && !utf8.RuneStart(text[m.At]):
		case n > 0 && m.At < out[n-1].At:
		case n > 0 && m.At == out[n-1].At && out[n-1].Kind != Heading:
			out[n-1] = m
		default:
			out = append(out, m)
		}
	}
	return out
}

type cutter struct {
	text []byte
	out  []Passage
	path []Mark // open headings, levels ascending
	cuts []cut  // of the section at hand
	soft []byte // copy of a paragraph whose line ends are spaces
}

// A cut is a place where the section may be divided.
type cut struct {
	at   int
	hard bool // a block ends here, not just a sentence or a line
}

// splits reports whether a passage must end between two neighbouring blocks.
func splits(a, b Mark) bool {
	if a.Page != b.Page {
		return true
	}
	return b.Kind == Heading && !(a.Kind == Heading && b.Level > a.Level)
}

// section emits the passages of blocks that share a heading path and a page.
func (c *cutter) section(marks []Mark, end int) {
	for _, m := range marks {
		if m.Kind == Heading {
			c.open(m)
		}
	}
	c.cuts = c.cuts[:0]
	for i, m := range marks {
		stop := end
		if i+1 < len(marks) {
			stop = marks[i+1].At
		}
		c.within(m, stop)
		// No cut after a heading: its line belongs to what follows.
		if m.Kind != Heading {
			c.cuts = append(c.cuts, cut{stop, true})
		}
	}
	titles := make([]string, len(c.path))
	for i, m := range c.path {
		titles[i] = m.Title
	}
	if len(titles) == 0 {
		titles = nil
	}
	at, end := trim(c.text, marks[0].At, end)
	for at < end {
		next := c.next(at, end)
		s, e := trim(c.text, at, next)
		if s < e {
			c.out = append(c.out, Passage{Start: s, End: e, Heading: titles, Page: marks[0].Page})
		}
		at, _ = trim(c.text, next, end)
	}
}

// open puts a heading on the path in place of those at its level or below.
func (c *cutter) open(m Mark) {
	for len(c.path) > 0 && c.path[len(c.path)-1].Level >= m.Level {
		c.path = c.path[:len(c.path)-1]
	}
	if m.Title = title(m.Title); m.Title != "" && len(c.path) < pathCap {
		c.path = append(c.path, m)
	}
}

// within adds the cuts inside one block.
func (c *cutter) within(m Mark, stop int) {
	b := c.text[m.At:stop]
	switch m.Kind {
	case Lines:
		for i := 0; ; {
			n := bytes.IndexByte(b[i:], '\n')
			if n < 0 || i+n+1 == len(b) {
				return
			}
			i += n + 1
			c.cuts = append(c.cuts, cut{m.At + i, false})
		}
	case Prose:
		if len(bytes.TrimSpace(b)) <= passageBit {
			return
		}
		for _, at := range c.sentences(b) {
			c.cuts = append(c.cuts, cut{m.At + at, false})
		}
	}
}

// sentences returns the inner sentence bounds of a paragraph. UAX #29 ends a
// sentence at every line end, which wrapped text does not mean, so line ends
// are read as spaces.
func (c *cutter) sentences(b []byte) []int {
	c.soft = append(c.soft[:0], b...)
	for i, x := range c.soft {
		if x == '\n' || x == '\r' {
			c.soft[i] = ' '
		}
	}
	var at []int
	for it := sentences.FromBytes(c.soft); it.Next(); {
		if it.End() < len(b) {
			at = append(at, it.End())
		}
	}
	return at
}

// next returns where the passage that starts at s ends, at most e.
func (c *cutter) next(s, e int) int {
	if e-s <= passageAll {
		return e
	}
	// The last or first cut of each zone, in order of preference below.
	var blockGood, sentGood, blockTop, short, long int
	for len(c.cuts) > 0 && c.cuts[0].at <= s {
		c.cuts = c.cuts[1:]
	}
	for _, k := range c.cuts {
		n := k.at - s
		switch {
		case n > passageCap || k.at > e:
		case n < passageMin:
			short = k.at
		case n <= passageMax:
			sentGood = k.at
			if k.hard {
				blockGood = k.at
			}
		default:
			if long == 0 {
				long = k.at
			}
			if k.hard && n <= passageTop && blockTop == 0 {
				blockTop = k.at
			}
		}
		if n > passageCap {
			break
		}
	}
	switch {
	case blockGood > 0:
		return blockGood
	case sentGood > 0:
		return sentGood
	case blockTop > 0:
		return blockTop
	case short-s >= passageBit:
		return short
	case long > 0:
		return long
	case short > 0:
		return short
	}
	return c.force(s, min(e, s+passageCap))
}

// force cuts a sentence or row that exceeds the cap: at white space if it can,
// else between graphemes, else between runes, else anywhere.
func (c *cutter) force(s, e int) int {
	b := c.text[s:e]
	for i := min(passageMax, len(b)); i > passageMin; i-- {
		if b[i-1] == ' ' || b[i-1] == '\n' || b[i-1] == '\t' {
			return s + i
		}
	}
	last := 0
	for it := graphemes.FromBytes(c.text[s:min(len(c.text), e+utf8.UTFMax)]); it.Next() && it.End() <= len(b); {
		last = it.End()
	}
	if last > 0 {
		return s + last
	}
	for i := len(b); i > len(b)-utf8.UTFMax && i > 0; i-- {
		if s+i == len(c.text) || utf8.RuneStart(c.text[s+i]) {
			return s + i
		}
	}
	return e
}

// trim narrows [s, e) to what is not white space. A byte order mark counts as
// white space, so that spans of a file that begins with one start after it.
func trim(text []byte, s, e int) (int, int) {
	const bom = '\ufeff'
	for s < e {
		r, n := utf8.DecodeRune(text[s:e])
		if !unicode.IsSpace(r) && r != bom {
			break
		}
		s += n
	}
	for s < e {
		r, n := utf8.DecodeLastRune(text[s:e])
		if !unicode.IsSpace(r) && r != bom {
			break
		}
		e -= n
	}
	return s, e
}

// title folds white space and cuts a heading to titleCap bytes between runes.
func title(s string) string {
	s = string(bytes.Join(bytes.Fields([]byte(s)), []byte(" ")))
	if len(s) <= titleCap {
		return s
	}
	n := titleCap
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// Span is a half-open range of bytes.
type Span struct{ Start, End int }

// Sentences returns the spans of the sentences in a passage, trimmed of white
// space, by the same bounds that Cut uses.
func Sentences(passage []byte) []Span {
	var c cutter
	var out []Span
	at := 0
	for _, end := range slices.Concat(c.sentences(passage), []int{len(passage)}) {
		if s, e := trim(passage, at, end); s < e {
			out = append(out, Span{s, e})
		}
		at = end
	}
	return out
}
