// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package openai

import (
	"strings"
	"unicode"

	"dsai.example/dsai/internal/inert"
)

// Inert returns s so that a Markdown renderer neither loads nor links to
// anything because of it; see escaper.
func Inert(s string) string { return new(escaper).write(s) }

// escaper makes text from documents and models inert in Markdown, in which chat
// clients show it: a remote image would tell a contributor who asks what. It
// puts a space into image, link and reference syntax, raw HTML, addresses and
// references to characters, and drops control characters and direction overrides.
// What it writes depends on the text before only, so it works on a stream.
type escaper struct {
	last rune // the rune before, 0 at the start
	www  int  // letters of a "www" just written
}

func (e *escaper) write(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		if r != '\n' && r != '\t' && inert.Acts(r) {
			continue
		}
		if e.active(r) {
			b.WriteByte(' ')
			e.www = 0
		}
		b.WriteRune(r)
		e.last = r
		if r == 'w' || r == 'W' {
			e.www++
		} else {
			e.www = 0
		}
	}
	return b.String()
}

// active reports whether r would complete the start of something active.
func (e *escaper) active(r rune) bool {
	switch e.last {
	case ']':
		return r == '(' || r == ':' // [text](url), [ref]: url
	case '<':
		return unicode.IsLetter(r) || r == '/' || r == '!' || r == '?' // <img …>, <https:…>, <!-- -->
	case ':':
		return r == '/' // https://
	case '&':
		return r == '#' // &#91; is a bracket; see inert.Unmarked for those with names
	}
	return r == '.' && e.www >= 3 // www.example.org
}
