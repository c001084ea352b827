// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package token

import "strings"

// A special token is found in text as it is written, before the text is cut.
type special struct {
	text    string
	id      ID
	control bool
}

func (s special) any() bool    { return true }
func (s special) ofUser() bool { return !s.control }
func (s special) ofSpace() bool {
	return !s.control && strings.TrimSpace(strings.ReplaceAll(s.text, "▁", " ")) == ""
}

// A part is a special token, or text between them.
type part struct {
	text string
	id   ID // None for text
}

// parts finds the special tokens in text that may be found there, longer ones first.
func (v *Vocabulary) parts(text string, may func(special) bool) []part {
	if text == "" {
		return nil
	}
	out := []part{{text: text, id: None}}
	for _, s := range v.special {
		if !may(s) || !strings.Contains(text, s.text) {
			continue
		}
		var next []part
		for _, p := range out {
			if p.id != None {
				next = append(next, p)
				continue
			}
			next = s.split(next, p.text)
		}
		out = next
	}
	return out
}

func (s special) split(dst []part, text string) []part {
	for {
		before, after, found := strings.Cut(text, s.text)
		if before != "" {
			dst = append(dst, part{text: before, id: None})
		}
		if !found {
			return dst
		}
		dst = append(dst, part{id: s.id})
		text = after
	}
}

// A Segment is a piece of a text: of a template, where special tokens are found, or data.
type Segment struct {
	Text string
	// Data marks what a stranger wrote. No special token is found in it, not even those that a file
	// calls the user's, since some files call the marks of a chat so; runs of white space excepted.
	Data bool
}

// EncodeSegments returns the tokens of a text that is made of segments, as if it were one text: words
// may reach from one segment into the next, special tokens never do.
func (v *Vocabulary) EncodeSegments(segments []Segment) []ID {
	var all []part
	for _, s := range segments {
		may := special.any
		if s.Data {
			may = special.ofSpace
		}
		for _, p := range v.parts(strings.ToValidUTF8(s.Text, "\uFFFD"), may) {
			if n := len(all); n > 0 && p.id == None && all[n-1].id == None {
				all[n-1].text += p.text
				continue
			}
			all = append(all, p)
		}
	}
	return v.encodeParts(all)
}
