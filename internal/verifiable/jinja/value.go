// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package jinja

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Values are nil, bool, int64, string, []any, *dict, *namespace, *macro, function, bound and undefined.

// undefined is the value of a name that means nothing.
type undefined struct{ name string }

// dict keeps the order in which keys came.
type dict struct {
	keys   []string
	values map[string]any
}

// namespace is a dict that "set a.b = c" may change.
type namespace struct{ *dict }

func newDict() *dict { return &dict{values: map[string]any{}} }

func (d *dict) has(k string) bool {
	_, ok := d.values[k]
	return ok
}

func (d *dict) set(k string, v any) {
	if !d.has(k) {
		d.keys = append(d.keys, k)
	}
	d.values[k] = v
}

// import_ turns a caller's value into one of the template's.
func import_(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = import_(v[i])
		}
		return out
	case map[string]any:
		d := newDict()
		for _, k := range slices.Sorted(maps.Keys(v)) {
			d.set(k, import_(v[k]))
		}
		return d
	}
	return v
}

func truth(v any) bool {
	switch v := v.(type) {
	case nil, undefined:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case *dict:
		return len(v.keys) > 0
	}
	return true
}

// text is what "{{ v }}" writes.
func (r *run) text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		return python(v)
	case nil:
		return "None"
	case undefined:
		return ""
	}
	r.fail("it writes %s as text", kindOf(v))
	return ""
}

func python(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case undefined:
		return "an undefined value " + strconv.Quote(v.name)
	case bool:
		return "a truth value"
	case int64:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "a list"
	case *dict, *namespace:
		return "a dictionary"
	}
	return "a function"
}

// sizeOf is how many steps it costs to look at all of a string.
func sizeOf(v any) int {
	s, _ := v.(string)
	return len(s) / 64
}

// items is what a loop over v sees.
func (r *run) items(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case *dict:
		return keysOf(v)
	case string:
		r.step(len(v))
		var out []any
		for _, c := range v {
			out = append(out, string(c))
		}
		return out
	case undefined:
		return nil
	}
	r.fail("%s has no items", kindOf(v))
	return nil
}

func keysOf(d *dict) []any {
	out := make([]any, len(d.keys))
	for i, k := range d.keys {
		out[i] = k
	}
	return out
}

// equal compares what templates compare; dictionaries and functions are never equal.
func (r *run) equal(a, b any) bool {
	if !r.step(1 + sizeOf(a)) {
		return false
	}
	switch a := a.(type) {
	case nil, bool, int64, string:
		switch b.(type) {
		case nil, bool, int64, string:
			return a == b
		}
	case undefined:
		_, ok := b.(undefined)
		return ok
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, r.equal)
	}
	return false
}

// json writes v as Python's json.dumps does, without escaping what is not ASCII.
func (r *run) json(b *strings.Builder, v any) {
	if r.step(1); r.err != nil {
		return
	}
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case string:
		r.jsonText(b, v)
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			r.json(b, e)
		}
		b.WriteByte(']')
	case *dict:
		b.WriteByte('{')
		for i, k := range v.keys {
			if i > 0 {
				b.WriteString(", ")
			}
			r.jsonText(b, k)
			b.WriteString(": ")
			r.json(b, v.values[k])
		}
		b.WriteByte('}')
	default:
		r.fail("%s cannot be JSON", kindOf(v))
	}
}

func (r *run) jsonText(b *strings.Builder, s string) {
	r.step(len(s) / 64)
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\r':
			b.WriteString(`\r`)
		case c < ' ':
			fmt.Fprintf(b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
}
