// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc

import (
	"bytes"
	"encoding/json"
)

// same reports whether RFC 8785 would turn text, which encoding/json wrote, into
// canon, which is canonical. It saves sorting text just to compare it: of the
// time that decoding takes, that would be half.
func same(canon, text []byte) bool {
	c := comparison{canon, text}
	i, j, ok := c.value(0, 0)
	return ok && i == len(canon) && j == len(text)
}

type comparison struct{ canon, text []byte }

// value compares the values at canon[i] and text[j] and returns where they end.
func (c comparison) value(i, j int) (int, int, bool) {
	if i >= len(c.canon) || j >= len(c.text) || c.canon[i] != c.text[j] {
		return i, j, false
	}
	switch c.canon[i] {
	case '{':
		return c.object(i+1, j+1)
	case '[':
		return c.array(i+1, j+1)
	}
	ei, ej := skip(c.canon, i), skip(c.text, j)
	return ei, ej, sameToken(c.canon[i:ei], c.text[j:ej])
}

func (c comparison) array(i, j int) (int, int, bool) {
	for {
		if c.canon[i] == ']' || c.text[j] == ']' {
			return i + 1, j + 1, c.canon[i] == c.text[j]
		}
		var ok bool
		if i, j, ok = c.value(i, j); !ok {
			return i, j, false
		}
		if c.canon[i] == ',' && c.text[j] == ',' {
			i, j = i+1, j+1
		}
	}
}

// object finds each member of text among those of canon. They are as many, so
// that none of canon's is left over; names are unique on either side.
func (c comparison) object(i, j int) (int, int, bool) {
	type member struct{ name, colon, end int }
	var space [32]member
	members := space[:0]
	for c.canon[i] != '}' {
		m := member{name: i}
		m.colon = skip(c.canon, i)
		m.end = skip(c.canon, m.colon+1)
		members = append(members, m)
		if i = m.end; c.canon[i] == ',' {
			i++
		}
	}
	n, at := 0, 0 // at: names often come in the same order on both sides
	for ; c.text[j] != '}'; n++ {
		colon := skip(c.text, j)
		found := false
		for k := 0; k < len(members) && !found; k++ {
			m := members[(at+k)%len(members)]
			if !sameToken(c.canon[m.name:m.colon], c.text[j:colon]) {
				continue
			}
			found, at = true, (at+k+1)%len(members)
			end, next, ok := c.value(m.colon+1, colon+1)
			if !ok || end != m.end {
				return i, j, false
			}
			j = next
		}
		if !found {
			return i, j, false
		}
		if c.text[j] == ',' {
			j++
		}
	}
	return i + 1, j + 1, n == len(members)
}

// sameToken compares strings, numbers and words. Only strings have more than
// one spelling: encoding/json escapes what HTML minds.
func sameToken(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	if len(a) == 0 || a[0] != '"' || bytes.IndexByte(b, '\\') < 0 {
		return false
	}
	var x, y string
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && x == y
}
