// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc

import (
	"bytes"
	"fmt"
	"slices"

	"dsai.example/dsai"
)

// Member is one member of a canonical object.
type Member struct {
	Name  []byte // as it stands between the quotes
	Value []byte // canonical JSON
}

// Members splits the canonical object canon, as CanonicalRaw returns it, into
// its members in order, which alias canon.
func Members(canon []byte) ([]Member, error) {
	out := make([]Member, 0, 16)
	err := split(canon, '{', func(start, end int) {
		colon := skip(canon, start)
		out = append(out, Member{canon[start+1 : colon-1], canon[colon+1 : end]})
	})
	return out, err
}

// Elements splits the canonical array canon, as CanonicalRaw returns it, into
// its elements. They alias canon.
func Elements(canon []byte) ([][]byte, error) {
	var out [][]byte
	err := split(canon, '[', func(start, end int) { out = append(out, canon[start:end]) })
	return out, err
}

// split calls f with the bounds of each element or member of canon.
func split(canon []byte, open byte, f func(start, end int)) error {
	if len(canon) < 2 || canon[0] != open {
		return fmt.Errorf("split: %w: no %q", dsai.ErrSyntax, open)
	}
	for i := 1; i < len(canon)-1; i++ { // past each comma
		start := i
		if i = skip(canon, i); open == '{' {
			i = skip(canon, i+1)
		}
		f(start, i)
	}
	return nil
}

// skip returns the index after the value that starts at canon[i].
func skip(canon []byte, i int) int {
	depth := 0
	for ; i < len(canon); i++ {
		switch canon[i] {
		case '"':
			i = stringEnd(canon, i)
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i // the end of what holds a bare number or word
			}
		case ',', ':':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return min(i+1, len(canon))
		}
	}
	return len(canon)
}

// stringEnd returns the index of the quote that ends the string at canon[i].
func stringEnd(canon []byte, i int) int {
	for start := i + 1; ; {
		n := bytes.IndexByte(canon[i+1:], '"')
		if n < 0 {
			return len(canon)
		}
		i += n + 1
		escapes := 0
		for k := i - 1; k >= start && canon[k] == '\\'; k-- {
			escapes++
		}
		if escapes%2 == 0 {
			return i
		}
	}
}

// without returns the canonical object of members, less those called names.
func without(members []Member, names ...string) []byte {
	size := 2
	for _, m := range members {
		size += len(m.Name) + len(m.Value) + 4
	}
	return appendWithout(make([]byte, 0, size), members, names...)
}

// appendWithout appends to out what without returns.
func appendWithout(out []byte, members []Member, names ...string) []byte {
	out = append(out, '{')
	empty := len(out)
	for _, m := range members {
		if slices.Contains(names, string(m.Name)) {
			continue
		}
		if len(out) > empty {
			out = append(out, ',')
		}
		out = append(append(append(append(out, '"'), m.Name...), '"', ':'), m.Value...)
	}
	return append(out, '}')
}

// set replaces the value of a member, which there is.
func set(members []Member, name string, value []byte) {
	for i := range members {
		if string(members[i].Name) == name {
			members[i].Value = value
		}
	}
}
