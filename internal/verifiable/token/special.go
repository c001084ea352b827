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

// ofSpace says that the token is the user's and white space alone.
func (s special) ofSpace() bool {
	return !s.control && strings.TrimSpace(strings.ReplaceAll(s.text, "▁", " ")) == ""
}

// A part is a special token, or text between them.
type part struct {
	text string
	id   ID // None for text
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
		in := &v.anywhere
		if s.Data {
			in = &v.inData
		}
		for _, p := range in.parts(strings.ToValidUTF8(s.Text, "\uFFFD")) {
			if n := len(all); n > 0 && p.id == None && all[n-1].id == None {
				all[n-1].text += p.text
				continue
			}
			all = append(all, p)
		}
	}
	return v.encodeParts(all)
}
