// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package inert

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Unmarked returns foreign text in which no number in brackets, such as [1] or
// [1, 2], can be taken for the mark of a source: it becomes [ 1 ]. It goes by what
// a reader sees: brackets and digits of all scripts count, and so do those between
// which stand characters that nobody sees, or that somebody takes out later.
func Unmarked(s string) string {
	out, _ := unmarked(s, false)
	return out
}

// An Unmarker is Unmarked for text that comes in pieces, which cut marks in two.
// What it has returned, it cannot change: a number in a bracket that a piece leaves
// open gets its spaces, whatever follows.
type Unmarker struct {
	open string // stands for the end of what was returned, when a mark could go on there
}

// Piece returns the next piece of foreign text.
func (u *Unmarker) Piece(s string) string {
	out, open := unmarked(u.open+s, true)
	out = out[len(u.open):]
	u.open = open
	return out
}

// Own returns a piece that holds marks which are meant, or nothing foreign.
func (u *Unmarker) Own(s string) string {
	if s != "" {
		u.open = ""
	}
	return s
}

// unmarked puts spaces around the numbers in brackets. Of pieces it also returns
// the shortest text that ends as the piece does, when that is in a bracket.
func unmarked(s string, piece bool) (out, open string) {
	var b strings.Builder
	for s != "" {
		r, w := seen(s)
		b.WriteString(s[:w])
		s = s[w:]
		if !opening[r] {
			continue
		}
		inside, number := within(s)
		s = s[len(inside):]
		r, _ = seen(s)
		closed, unfinished := closing[r], piece && s == ""
		if !number || !closed && !unfinished {
			b.WriteString(inside)
			if unfinished {
				open = "["
			}
			continue
		}
		if !strings.HasPrefix(inside, " ") {
			b.WriteByte(' ')
		}
		b.WriteString(inside)
		spaced := strings.HasSuffix(inside, " ")
		switch {
		case closed && !spaced:
			b.WriteByte(' ')
		case unfinished && spaced:
			open = "[ 1 "
		case unfinished:
			open = "[ 1"
		}
	}
	return b.String(), open
}

// within returns the start of s that could stand in a mark, and whether it holds
// a digit.
func within(s string) (inside string, number bool) {
	for i := 0; i < len(s); {
		r, w := seen(s[i:])
		digit := unicode.In(r, unicode.Nd, unicode.No)
		if !digit && !parts(r) && !unseen(r) {
			return s[:i], number
		}
		number = number || digit
		i += w
	}
	return s, number
}

// seen returns the first character of s as a reader sees it, and its length: a
// reference such as &lsqb; or &#91; is shown as what it names, in Markdown too
// (CommonMark 0.31, 2.5). One that names two characters is none of a mark.
func seen(s string) (rune, int) {
	if s == "" || s[0] != '&' {
		return utf8.DecodeRuneInString(s)
	}
	if end := strings.IndexByte(s[:min(len(s), longestReference)], ';'); end > 0 {
		if r, w := utf8.DecodeRuneInString(html.UnescapeString(s[:end+1])); r != '&' && w == len(html.UnescapeString(s[:end+1])) {
			return r, end + 1
		}
	}
	return '&', 1
}

// longestReference is that of &CounterClockwiseContourIntegral; with some to spare
// for zeros of a number.
const longestReference = 40

// parts reports whether a character can stand between the numbers of a mark; those
// of Markdown are not seen where it is shown as such.
func parts(r rune) bool {
	return strings.ContainsRune("`*_~\\", r) || unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || strings.ContainsRune(",;\u2212\u060c\u061b\u3001\uff0c\uff1b\uff64\ufe10\ufe11\ufe14\ufe50\ufe51\ufe54", r)
}

// unseen reports whether a character may not be seen beside another: one that
// formats, combines or fills, one that Text takes out, and what is no character.
func unseen(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Cc, unicode.M, unicode.Other_Default_Ignorable_Code_Point) || r == '\u2800' || r == unicode.ReplacementChar
}

// Brackets that look like those of a mark. Round, curly and angle ones, and those
// that quote in Japanese, do not.
var (
	opening = runes("[\uff3b\ufe47\u2045\u3014\ufe5d\ufe39\u2772\u3010\ufe3b\u3016\ufe17\u3018\u301a\u27e6\u27ec\u298b\u298d\u298f\u2997\u2e22\u2e24\u2e55\u2e57\u2308\u230a\u23a1\u23a2\u23a3")
	closing = runes("]\uff3d\ufe48\u2046\u3015\ufe5e\ufe3a\u2773\u3011\ufe3c\u3017\ufe18\u3019\u301b\u27e7\u27ed\u298c\u298e\u2990\u2998\u2e23\u2e25\u2e56\u2e58\u2309\u230b\u23a4\u23a5\u23a6")
)

func runes(s string) map[rune]bool {
	out := map[rune]bool{}
	for _, r := range s {
		out[r] = true
	}
	return out
}
