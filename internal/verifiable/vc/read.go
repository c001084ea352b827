// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
)

// text is canonical text that is being read. Strings without escapes are parts
// of s, so that a credential needs one copy and not one for each of its words.
type text struct {
	canon []byte
	s     string // the same
	i     int
}

// readCanonical reads canonical text into v if its type has a shape and the text
// is the one of a value. Nothing can be said of what v holds otherwise.
func readCanonical[T any](canon []byte, v *T) bool {
	s := shapeOf(reflect.TypeFor[T]())
	if s == nil {
		return false
	}
	t := text{canon: canon, s: string(canon)}
	return s.read(&t, reflect.ValueOf(v).Elem()) && t.i == len(t.s)
}

// peek returns the next byte, or 0 at the end, which starts no JSON token.
func (t *text) peek() byte {
	if t.i < len(t.s) {
		return t.s[t.i]
	}
	return 0
}

// next moves past c if it is the next byte.
func (t *text) next(c byte) bool {
	if t.peek() != c {
		return false
	}
	t.i++
	return true
}

// plain moves past a string without escapes and returns its bounds, or false.
func (t *text) plain() (start, end int, ok bool) {
	if !t.next('"') {
		return 0, 0, false
	}
	start = t.i
	n := strings.IndexByte(t.s[start:], '"')
	if n < 0 || strings.IndexByte(t.s[start:start+n], '\\') >= 0 {
		t.i--
		return 0, 0, false
	}
	t.i = start + n + 1
	return start, start + n, true
}

func readString(t *text, v reflect.Value) bool {
	if start, end, ok := t.plain(); ok {
		v.SetString(t.s[start:end])
		return true
	}
	if t.peek() != '"' {
		return false
	}
	start, end := t.i+1, stringEnd(t.canon, t.i)
	if end >= len(t.s) {
		return false
	}
	s, ok := unescape(t.s[start:end])
	v.SetString(s)
	t.i = end + 1
	return ok
}

// The letters with which RFC 8785 escapes the bytes of escaped.
const (
	escapes = `"\bfnrt`
	escaped = "\"\\\b\f\n\r\t"
)

// unescape undoes the escapes that RFC 8785 writes.
func unescape(s string) (string, bool) {
	out := make([]byte, 0, len(s))
	for {
		n := strings.IndexByte(s, '\\')
		if n < 0 || n+1 == len(s) {
			return string(append(out, s...)), n < 0
		}
		out = append(out, s[:n]...)
		c, size := s[n+1], 2
		if at := strings.IndexByte(escapes, c); at >= 0 {
			c = escaped[at]
		} else {
			if c != 'u' || len(s) < n+6 {
				return "", false
			}
			code, err := strconv.ParseUint(s[n+2:n+6], 16, 16)
			if err != nil || code >= ' ' {
				return "", false
			}
			c, size = byte(code), 6
		}
		out, s = append(out, c), s[n+size:]
	}
}

// readText reads a value that has a text of its own.
func readText[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](t *text, v reflect.Value) bool {
	start, end, ok := t.plain()
	return ok && P(v.Addr().Interface().(*T)).UnmarshalText(t.canon[start:end]) == nil
}

// readRaw keeps a value as it stands.
func readRaw(t *text, v reflect.Value) bool {
	end := skip(t.canon, t.i)
	v.SetBytes(append(json.RawMessage{}, t.canon[t.i:end]...))
	t.i = end
	return true
}

func readBool(t *text, v reflect.Value) bool {
	if strings.HasPrefix(t.s[t.i:], "true") {
		t.i += len("true")
		v.SetBool(true)
		return true
	}
	ok := strings.HasPrefix(t.s[t.i:], "false")
	t.i += len("false")
	return ok
}

// number moves past a number and returns it.
func (t *text) number() string {
	start := t.i
	for c := t.peek(); c == '-' || '0' <= c && c <= '9'; c = t.peek() {
		t.i++
	}
	return t.s[start:t.i]
}

func readInt(t *text, v reflect.Value) bool {
	n, err := strconv.ParseInt(t.number(), 10, v.Type().Bits())
	v.SetInt(n)
	return err == nil
}

func readUint(t *text, v reflect.Value) bool {
	n, err := strconv.ParseUint(t.number(), 10, v.Type().Bits())
	v.SetUint(n)
	return err == nil
}

// readStruct reads the members of an object in their one order.
func (s *shape) readStruct(t *text, v reflect.Value) bool {
	if !t.next('{') {
		return false
	}
	for i, first := 0, true; i < len(s.fields); i++ {
		f := &s.fields[i]
		at := t.i
		if !(first || t.next(',')) || !strings.HasPrefix(t.s[t.i:], f.key) {
			t.i = at
			if f.optional {
				continue
			}
			return false
		}
		t.i += len(f.key)
		field := v.Field(f.from)
		if !f.read(t, field) || f.optional && isEmpty(field) {
			return false
		}
		first = false
	}
	return t.next('}')
}

// isEmpty reports whether encoding/json would leave v out of a struct.
func isEmpty(v reflect.Value) bool {
	if v.Kind() == reflect.Slice {
		return v.Len() == 0
	}
	return v.IsZero()
}

// readSlice reads an array of what e is the shape of.
func (e *shape) readSlice(t *text, v reflect.Value) bool {
	if !t.next('[') {
		return false
	}
	if t.next(']') {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		return true
	}
	for n := 0; ; n++ {
		if n == v.Cap() {
			v.Grow(max(n, 4))
		}
		v.SetLen(n + 1)
		if !e.read(t, v.Index(n)) {
			return false
		}
		if t.next(']') {
			return true
		}
		if !t.next(',') {
			return false
		}
	}
}

// readPointer reads what e is the shape of.
func (e *shape) readPointer(t *text, v reflect.Value) bool {
	v.Set(reflect.New(v.Type().Elem()))
	return e.read(t, v.Elem())
}
