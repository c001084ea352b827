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

// A part is a special token, or text between them.
type part struct {
	text string
	id   ID // None for text
}

// parts finds the special tokens in text, longer ones first.
func (v *Vocabulary) parts(text string, controls bool) []part {
	if text == "" {
		return nil
	}
	out := []part{{text: text, id: None}}
	for _, s := range v.special {
		if s.control && !controls || !strings.Contains(text, s.text) {
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
