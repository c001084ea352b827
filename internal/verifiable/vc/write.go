// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"unicode/utf8"
)

// canonicalText is canonical text that is being written.
type canonicalText struct {
	out []byte
	raw bool // some of it was not written here
}

// writeCanonical returns the canonical form of v if its type has a shape and it
// is a value that has a form; what is wrong with one is for encoding/json and
// CanonicalRaw to say.
func writeCanonical(v any) ([]byte, bool) {
	src := reflect.ValueOf(v)
	if !src.IsValid() {
		return nil, false
	}
	s := shapeOf(src.Type())
	if s == nil {
		return nil, false
	}
	p := reflect.New(src.Type()).Elem() // methods want an address
	p.Set(src)
	w := canonicalText{out: make([]byte, 0, 1024)}
	if !s.write(&w, p) || len(w.out) > MaxSize {
		return nil, false
	}
	if w.raw {
		_, canonical, err := scan(w.out)
		return w.out, err == nil && canonical
	}
	return w.out, true
}

func writeString(w *canonicalText, v reflect.Value) bool {
	s := v.String()
	if !utf8.ValidString(s) {
		return false
	}
	w.out = append(w.out, '"')
	done := 0
	for i := range len(s) {
		if !isSpecial(s[i]) {
			continue
		}
		w.out = appendEscape(append(w.out, s[done:i]...), s[i])
		done = i + 1
	}
	w.out = append(append(w.out, s[done:]...), '"')
	return true
}

// appendEscape appends c as RFC 8785 escapes it.
func appendEscape(out []byte, c byte) []byte {
	for i := range len(escaped) {
		if escaped[i] == c {
			return append(out, '\\', escapes[i])
		}
	}
	const digits = "0123456789abcdef"
	return append(out, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
}

// writeText writes a value that has a text of its own, without escapes.
func writeText[T any, P interface {
	*T
	encoding.TextMarshaler
}](w *canonicalText, v reflect.Value) bool {
	text, err := P(v.Addr().Interface().(*T)).MarshalText()
	w.out = append(append(append(w.out, '"'), text...), '"')
	return err == nil
}

func writeRaw(w *canonicalText, v reflect.Value) bool {
	canon, err := CanonicalRaw(v.Interface().(json.RawMessage))
	w.out, w.raw = append(w.out, canon...), true
	return err == nil
}

func writeBool(w *canonicalText, v reflect.Value) bool {
	w.out = strconv.AppendBool(w.out, v.Bool())
	return true
}

func writeInt(w *canonicalText, v reflect.Value) bool {
	n := v.Int()
	w.out = strconv.AppendInt(w.out, n, 10)
	return -maxInteger <= n && n <= maxInteger
}

func writeUint(w *canonicalText, v reflect.Value) bool {
	n := v.Uint()
	w.out = strconv.AppendUint(w.out, n, 10)
	return n <= maxInteger
}

// writeStruct writes the members of an object in their one order.
func (s *shape) writeStruct(w *canonicalText, v reflect.Value) bool {
	w.out = append(w.out, '{')
	empty := len(w.out)
	for i := range s.fields {
		f := &s.fields[i]
		field := v.Field(f.from)
		if f.optional && isEmpty(field) {
			continue
		}
		if len(w.out) > empty {
			w.out = append(w.out, ',')
		}
		w.out = append(w.out, f.key...)
		if !f.write(w, field) {
			return false
		}
	}
	w.out = append(w.out, '}')
	return true
}

// writeSlice writes an array of what e is the shape of. It has no form for nil.
func (e *shape) writeSlice(w *canonicalText, v reflect.Value) bool {
	w.out = append(w.out, '[')
	for i := range v.Len() {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		if !e.write(w, v.Index(i)) {
			return false
		}
	}
	w.out = append(w.out, ']')
	return !v.IsNil()
}

// writePointer writes what e is the shape of. It has no form for nil.
func (e *shape) writePointer(w *canonicalText, v reflect.Value) bool {
	return !v.IsNil() && e.write(w, v.Elem())
}
