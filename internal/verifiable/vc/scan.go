// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"unicode/utf8"

	"dsai.example/dsai"
)

// maxInteger is the largest integer whose neighbours a float64 tells apart.
const maxInteger = 1<<53 - 1

// scan checks that b is one JSON value within the profile of CanonicalRaw and
// reports whether b already is its RFC 8785 form. It answers true only where
// that is plain to see: false sends the text to the jcs module, which alone
// rewrites text (and finds duplicate keys and lone surrogates).
//
// The members of an object are returned too, as Members does, if it is canonical.
func scan(b []byte) (members []Member, canonical bool, err error) {
	if !utf8.Valid(b) {
		return nil, false, fmt.Errorf("json: %w: invalid UTF-8", dsai.ErrSyntax)
	}
	s := scanner{b: b, canonical: true}
	s.space()
	if err := s.value(0); err != nil {
		return nil, false, fmt.Errorf("json: %w: %v at byte %d", dsai.ErrSyntax, err, s.i) //nolint:errorlint // plain text
	}
	if s.space(); s.i != len(b) {
		return nil, false, fmt.Errorf("json: %w: text after the value at byte %d", dsai.ErrSyntax, s.i)
	}
	return s.members, s.canonical, nil
}

type scanner struct {
	b         []byte
	i         int
	canonical bool
	members   []Member // of the outermost object
}

// plainError is a position-free complaint of the scanner.
type plainError string

func (e plainError) Error() string { return string(e) }

func (s *scanner) space() {
	for s.i < len(s.b) && s.b[s.i] <= ' ' {
		switch s.b[s.i] {
		case ' ', '\n', '\r', '\t':
			s.canonical = false
			s.i++
		default:
			return
		}
	}
}

// peek returns the next byte, or 0 at the end, which starts no JSON token.
func (s *scanner) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

func (s *scanner) value(depth int) error {
	switch c := s.peek(); {
	case c == '"':
		_, err := s.str()
		return err
	case c == '{' || c == '[':
		if depth == MaxDepth {
			return plainError("nested deeper than " + strconv.Itoa(MaxDepth))
		}
		if c == '[' {
			return s.array(depth + 1)
		}
		return s.object(depth + 1)
	case c == '-' || '0' <= c && c <= '9':
		return s.number()
	}
	for _, w := range [...]string{"true", "false"} {
		if bytes.HasPrefix(s.b[s.i:], []byte(w)) {
			s.i += len(w)
			return nil
		}
	}
	if bytes.HasPrefix(s.b[s.i:], []byte("null")) {
		return plainError("null")
	}
	return plainError("no value")
}

func (s *scanner) array(depth int) error {
	s.i++
	if s.space(); s.peek() == ']' {
		s.i++
		return nil
	}
	for {
		if err := s.value(depth); err != nil {
			return err
		}
		if done, err := s.next(']'); done || err != nil {
			return err
		}
	}
}

func (s *scanner) object(depth int) error {
	s.i++
	if s.space(); s.peek() == '}' {
		s.i++
		return nil
	}
	var last []byte
	for first := true; ; first = false {
		name, err := s.str()
		if err != nil {
			return err
		}
		// Bytes order as UTF-16 does among plain ASCII names only.
		if !isPlain(name) || !first && bytes.Compare(last, name) >= 0 {
			s.canonical = false
		}
		last = name
		if s.space(); s.peek() != ':' {
			return plainError("no colon")
		}
		s.i++
		s.space()
		at := s.i
		if err := s.value(depth); err != nil {
			return err
		}
		if depth == 1 {
			s.members = append(s.members, Member{name, s.b[at:s.i]})
		}
		if done, err := s.next('}'); done || err != nil {
			return err
		}
	}
}

// next moves past a comma, or past end and reports that it was there.
func (s *scanner) next(end byte) (bool, error) {
	s.space()
	switch s.peek() {
	case end:
		s.i++
		return true, nil
	case ',':
		s.i++
		s.space()
		return false, nil
	}
	return false, plainError("no comma or end")
}

func (s *scanner) number() error {
	start := s.i
	if s.peek() == '-' {
		s.i++
	}
	digits := s.i
	for '0' <= s.peek() && s.peek() <= '9' {
		s.i++
	}
	n, err := strconv.ParseInt(string(s.b[digits:s.i]), 10, 64)
	switch c := s.peek(); {
	case c == '.' || c == 'e' || c == 'E':
		return plainError("number with fraction or exponent")
	case err != nil || n > maxInteger:
		return plainError("not an integer below 2^53")
	case n == 0 && s.i > start+1 || n != 0 && s.b[digits] == '0':
		return plainError("integer in another form")
	}
	return nil
}

// isSpecial reports whether c does not stand for itself in a string.
func isSpecial(c byte) bool { return c < ' ' || c == '"' || c == '\\' }

// Bytes of a word: the lowest and the highest bit of each.
const (
	lows  = 0x01_01_01_01_01_01_01_01
	highs = 0x80_80_80_80_80_80_80_80
)

// hasSpecial is isSpecial for any of the eight bytes of w. Subtracting borrows
// from the highest bit of each byte that is below what is taken away, and, of
// those that are not, only from bytes above one that is.
func hasSpecial(w uint64) bool {
	quote, backslash := w^'"'*lows, w^'\\'*lows
	return ((w-' '*lows)&^w|(quote-lows)&^quote|(backslash-lows)&^backslash)&highs != 0
}

// str moves past a string and returns the text between its quotes.
func (s *scanner) str() ([]byte, error) {
	if s.peek() != '"' {
		return nil, plainError("no string")
	}
	s.i++
	start := s.i
	for {
		for len(s.b)-s.i >= 8 && !hasSpecial(binary.LittleEndian.Uint64(s.b[s.i:])) {
			s.i += 8
		}
		for s.i < len(s.b) && !isSpecial(s.b[s.i]) {
			s.i++
		}
		switch c := s.peek(); {
		case s.i == len(s.b):
			return nil, plainError("unended string")
		case c == '"':
			s.i++
			return s.b[start : s.i-1], nil
		case c == '\\':
			if err := s.escape(); err != nil {
				return nil, err
			}
		default:
			return nil, plainError("control character in a string")
		}
	}
}

// escape moves past an escape. Those that RFC 8785 never writes only make the
// text not canonical; whether they are pairs is for the jcs module to see.
func (s *scanner) escape() error {
	rest := s.b[s.i+1:]
	if len(rest) > 0 && bytes.IndexByte([]byte(`"\/bfnrt`), rest[0]) >= 0 {
		s.canonical = s.canonical && rest[0] != '/'
		s.i += 2
		return nil
	}
	if len(rest) < 5 || rest[0] != 'u' {
		return plainError("unknown escape")
	}
	n, err := strconv.ParseUint(string(rest[1:5]), 16, 16)
	if err != nil {
		return plainError("unknown escape")
	}
	s.canonical = s.canonical && isControlEscape(byte(n), rest[1:5])
	s.i += 6
	return nil
}

// isControlEscape reports whether hex is how RFC 8785 spells c: a control
// character without a short escape, in lower case.
func isControlEscape(c byte, hex []byte) bool {
	return c < ' ' && bytes.IndexByte([]byte("\b\f\n\r\t"), c) < 0 && string(hex) == fmt.Sprintf("%04x", c)
}

func isPlain(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf || c == '\\' {
			return false
		}
	}
	return true
}
