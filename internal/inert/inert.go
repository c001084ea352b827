// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package inert takes out of foreign text what would act where it is shown:
// escape sequences that a terminal obeys, and overrides of direction that make
// text read otherwise than it says, and numbers that look like marks of sources.
// Letters of every script stay, with the joiners that Persian and Indic scripts
// need.
//
// It escapes nothing: HTML is the templates' to escape, Markdown that of extract
// and api/openai. Everybody who shows text may import it.
package inert

import (
	"strconv"
	"strings"
	"unicode"
)

// Acts reports whether a character acts: a control character, or an override of
// direction (UAX #9). What extract and answers say rests on it: another result
// for any character needs another engine id.
func Acts(r rune) bool {
	return unicode.IsControl(r) || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}

// Text returns text of several lines without what acts.
func Text(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && Acts(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// Line returns text on one line without what acts, for questions, quotes and
// reasons.
func Line(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case Acts(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// Escaped returns text on one line in which what acts or breaks a line is spelled
// out, such as \n, \x1b or \u202e: for names and reasons, where nothing may be
// lost and nothing may look like a line of the program's own.
func Escaped(s string) string {
	var b strings.Builder
	for _, r := range s {
		if !Acts(r) && r != 0x2028 && r != 0x2029 {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

// Name is Line without characters that cannot be seen: two names that look the
// same must not be two.
func Name(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, Line(s))
}
