// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"cmp"
	"slices"
)

// maxSpecial bounds the special tokens that are found in text, in bytes. Those in use have at most
// 93: 31 blanks.
const maxSpecial = 256

// A finder finds special tokens in text. It takes a look at each byte of the text for each length
// that a token has, so that the number of tokens costs nothing: a stranger's file may have a million.
type finder struct {
	lengths []*length // longest first
}

// length is the tokens of one length in bytes.
type length struct {
	bytes int
	first [256]bool
	ids   map[string]ID
}

// add takes tokens in order of their ids. Of two that are written alike the first is found.
func (f *finder) add(s special) {
	i, ok := slices.BinarySearchFunc(f.lengths, len(s.text), func(l *length, n int) int { return cmp.Compare(n, l.bytes) })
	if !ok {
		f.lengths = slices.Insert(f.lengths, i, &length{bytes: len(s.text), ids: map[string]ID{}})
	}
	l := f.lengths[i]
	if _, twice := l.ids[s.text]; !twice {
		l.ids[s.text], l.first[s.text[0]] = s.id, true
	}
}

func (f *finder) find(text string) ID {
	for _, l := range f.lengths {
		if id, ok := l.ids[text]; ok {
			return id
		}
	}
	return None
}

// parts cuts text at the special tokens in it: at the longer ones first wherever they stand, of those
// as long at the one with the lowest id first, and at each from left to right.
func (f *finder) parts(text string) []part {
	if text == "" {
		return nil
	}
	taken := make([]bool, len(text))
	var found []match
	for _, l := range f.lengths {
		for _, m := range l.matches(text, taken) {
			if taken[m.at] || taken[m.end-1] { // what was taken before is no shorter
				continue
			}
			for i := m.at; i < m.end; i++ {
				taken[i] = true
			}
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(a, b match) int { return cmp.Compare(a.at, b.at) })
	return cutAt(text, found)
}

// A match is where a token stands in a text.
type match struct {
	at, end int
	id      ID
}

// matches returns where tokens stand that overlap nothing taken, by id and place.
func (l *length) matches(text string, taken []bool) (out []match) {
	for at, end := 0, l.bytes; end <= len(text); at, end = at+1, end+1 {
		if !l.first[text[at]] || taken[at] || taken[end-1] {
			continue
		}
		if id, ok := l.ids[text[at:end]]; ok {
			out = append(out, match{at, end, id})
		}
	}
	slices.SortStableFunc(out, func(a, b match) int { return cmp.Compare(a.id, b.id) })
	return out
}

func cutAt(text string, found []match) (out []part) {
	at := 0
	for _, m := range found {
		if at < m.at {
			out = append(out, part{text: text[at:m.at], id: None})
		}
		out = append(out, part{id: m.id})
		at = m.end
	}
	if at < len(text) {
		out = append(out, part{text: text[at:], id: None})
	}
	return out
}
