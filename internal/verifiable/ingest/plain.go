// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"dsai.example/dsai/internal/verifiable/ingest/segment"
)

// parsePlain marks the blocks of the plain text in d from a byte offset on:
// paragraphs between blank lines, list items, and headings underlined as in
// reStructuredText, whose level is the order in which the underlines appear.
func parsePlain(d *draft, from int) {
	p := plainText{draft: d, fresh: true}
	for at := from; at < len(d.text); {
		end := lineEnd(d.text, at)
		line := bytes.TrimRight(d.text[at:end], " \t\r\n\f")
		next := bytes.TrimRight(d.text[end:lineEnd(d.text, end)], " \t\r\n")
		p.line(at, line, next)
		at = end
	}
}

// plainText is the state between two lines.
type plainText struct {
	*draft
	fresh bool // the next line starts a block
	under bool // the next line is an underline
	order []byte
}

func (p *plainText) line(at int, line, next []byte) {
	switch {
	case len(line) == 0:
		p.fresh = true
	case p.under:
		p.under, p.fresh = false, true
	case p.fresh && underlines(line, next):
		level := bytes.IndexByte(p.order, next[0]) + 1
		if level == 0 {
			p.order = append(p.order, next[0])
			level = len(p.order)
		}
		p.marks = append(p.marks, segment.Mark{At: at, Kind: segment.Heading, Level: level,
			Title: strings.TrimSpace(string(line))})
		p.under = true
	case p.fresh || bullet(line):
		kind := segment.Prose
		// An indented block or a table is laid out by line.
		if bytes.HasPrefix(line, []byte("    ")) || line[0] == '\t' || bytes.Contains(line, []byte("   ")) {
			kind = segment.Lines
		}
		p.marks = append(p.marks, segment.Mark{At: at, Kind: kind})
		p.fresh = false
	}
}

// underlines reports whether next is a rule that makes line a heading.
func underlines(line, next []byte) bool {
	if len(next) < 3 || !strings.ContainsRune("=-~^\"'*+#`", rune(next[0])) || len(line) > 200 {
		return false
	}
	n := utf8.RuneCount(bytes.TrimSpace(line))
	return len(next) >= n-1 && n > 1 && uniform(next) && !uniform(line)
}

// uniform reports whether a line repeats one byte.
func uniform(line []byte) bool {
	return bytes.Count(line, line[:1]) == len(line)
}

// bullet reports whether a line starts a list item.
func bullet(line []byte) bool {
	s := bytes.TrimLeft(line, " \t")
	if len(s) < 3 {
		return false
	}
	if (s[0] == '-' || s[0] == '*' || s[0] == '+') && s[1] == ' ' {
		return true
	}
	if bytes.HasPrefix(s, []byte("•")) || bytes.HasPrefix(s, []byte("◦")) || bytes.HasPrefix(s, []byte("▪")) {
		return true
	}
	n := 0
	for n < len(s) && n < 4 && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n > 0 && n+1 < len(s) && (s[n] == '.' || s[n] == ')') && s[n+1] == ' '
}

// lineEnd returns the offset after the line that starts at a byte.
func lineEnd(b []byte, at int) int {
	if n := bytes.IndexByte(b[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(b)
}
