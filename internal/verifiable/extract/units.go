// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"
)

// unit is the byte span of a sentence, table row or headline in a passage's text.
type unit struct {
	start, end int
	kind       kind
}

type kind uint8

const (
	prose    kind = iota
	item          // begins a list item
	row           // of a table
	headline      // names what follows; never quoted
)

// units cuts a passage into sentences: by UAX #29 inside paragraphs and list
// items, whose line ends are mere wrapping, and by lines in tables and where
// lines are too short to be wrapped. Units are in order, disjoint, trimmed.
func units(text string) []unit {
	var out []unit
	table := tabular(text)
	var block unit // paragraph that grows
	flush := func() {
		if block.end > block.start {
			out = append(out, cut(text, block)...)
		}
		block = unit{}
	}
	last := ""
	for at := 0; at < len(text); {
		n := strings.IndexByte(text[at:], '\n')
		if n < 0 {
			n = len(text) - at
		}
		line := text[at : at+n]
		k, begins := classify(line, table)
		if begins || last == "" || hardEnd(last, line) {
			flush()
		}
		if trimmed := strings.TrimSpace(line); trimmed != "" {
			if block.end == 0 {
				block = unit{start: at + strings.Index(line, trimmed), kind: k}
			}
			block.end = at + strings.Index(line, trimmed) + len(trimmed)
		}
		if k == headline || k == row {
			flush()
		}
		last = strings.TrimSpace(line)
		at += n + 1
	}
	flush()
	columns(text, out)
	return out
}

// columns makes headlines of the rows that name the columns of a table: the row
// above a rule and, in lines of values, a first row without a number above rows
// with some. They say what the other rows mean and answer nothing themselves.
func columns(text string, all []unit) {
	digits := func(u unit) bool { return strings.ContainsAny(text[u.start:u.end], "0123456789") }
	for i := range all {
		if all[i].kind != row || i+1 == len(all) {
			continue
		}
		next := all[i+1]
		rule := next.kind == headline && strings.HasPrefix(text[next.start:], "|-") || strings.HasPrefix(text[next.start:], "| -")
		if rule || i == 0 && !digits(all[0]) && next.kind == row && digits(next) {
			all[i].kind = headline
		}
	}
}

// classify tells what a line is, and whether it begins something new.
func classify(line string, table bool) (k kind, begins bool) {
	s := strings.TrimSpace(line)
	switch {
	case s == "":
		return prose, true
	case strings.HasPrefix(s, "#") && strings.TrimLeft(s, "#") != s && strings.HasPrefix(strings.TrimLeft(s, "#"), " "):
		return headline, true
	case strings.Trim(s, "=-|:+ ") == "": // an underline or a table's rule
		return headline, true
	case table || strings.HasPrefix(s, "|") || strings.Contains(s, "\t"):
		return row, true
	case bullet(s):
		return item, true
	}
	return prose, false
}

// bullet reports whether a line begins with a list mark: "- ", "* ", "+ ", "• ",
// "1. ", "1) ", "a) ".
func bullet(s string) bool {
	mark, _, ok := strings.Cut(s, " ")
	if !ok || len(mark) > 4 {
		return false
	}
	switch mark {
	case "-", "*", "+", "•", "–", "—":
		return true
	}
	body := strings.TrimRight(mark, ".)")
	if body == mark || body == "" {
		return false
	}
	return strings.Trim(body, "0123456789") == "" || len(body) == 1 && mark[len(mark)-1] == ')'
}

// hardEnd reports whether the break between two lines of a paragraph is meant: a
// line that was wrapped is long, or goes on in lower case.
func hardEnd(line, next string) bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimSpace(next))
	return len(line) < 50 && !unicode.IsLower(r)
}

// tabular reports whether text is lines of values: at least two lines, most of
// them with the same number of two or more commas or semicolons.
func tabular(text string) bool {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) < 2 {
		return false
	}
	for _, sep := range []string{",", ";"} {
		want, same := strings.Count(lines[0], sep), 0
		for _, l := range lines {
			if strings.Count(l, sep) == want {
				same++
			}
		}
		if want >= 2 && 3*same >= 2*len(lines) {
			return true
		}
	}
	return false
}

// cut divides a block into sentences.
func cut(text string, b unit) []unit {
	if b.kind == headline || b.kind == row {
		return []unit{b}
	}
	soft := strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text[b.start:b.end])
	if len(soft) != b.end-b.start { // a separator of another width: leave it whole
		return []unit{b}
	}
	var out []unit
	at := 0
	for it := sentences.FromString(soft); it.Next(); {
		end := it.End()
		if fragment(soft[at:end]) && end < len(soft) {
			continue
		}
		if s := strings.TrimSpace(soft[at:end]); s != "" {
			start := b.start + at + strings.Index(soft[at:end], s)
			k := b.kind
			if len(out) > 0 {
				k = prose
			}
			out = append(out, unit{start: start, end: start + len(s), kind: k})
		}
		at = end
	}
	return out
}

// fragment reports whether what UAX #29 calls a sentence ends at an abbreviation
// or a list mark rather than at an end: it is short, or its last word is of at
// most two letters and a full stop.
func fragment(s string) bool {
	s = strings.TrimSpace(s)
	if len(s) < 10 {
		return true
	}
	word := s[strings.LastIndexByte(s, ' ')+1:]
	letters := strings.TrimRight(word, ".")
	return letters != word && len(letters) <= 2 && strings.IndexFunc(letters, unicode.IsDigit) < 0
}
