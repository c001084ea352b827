// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package jinja

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A function takes values by place and by name.
type function func(r *run, args []any, named *dict) any

// NoDate is what a template gets that asks for the date without asking whether it may: there is no
// clock here. Whoever renders looks for it in the output.
const NoDate = "\U0010FFFD"

// globals are the functions that every template has. strftime_now is not among them, so that templates
// which ask for it use the date that they fall back on; see call.
var globals = map[string]function{
	"raise_exception": func(r *run, args []any, _ *dict) any {
		if len(args) == 1 {
			if s, ok := args[0].(string); ok {
				return r.fail("%w: %.200s", ErrRaised, s)
			}
		}
		return r.fail("%w", ErrRaised)
	},
	"namespace": func(r *run, args []any, named *dict) any {
		d := newDict()
		for _, k := range named.keys {
			d.set(k, named.values[k])
		}
		return &namespace{d}
	},
	"dict": func(r *run, args []any, named *dict) any { return named },
	"range": func(r *run, args []any, _ *dict) any {
		at := make([]int64, len(args))
		for i, a := range args {
			at[i], _ = a.(int64)
		}
		from, to := int64(0), int64(0)
		switch len(at) {
		case 1:
			to = at[0]
		case 2:
			from, to = at[0], at[1]
		default:
			return r.fail("range takes one or two numbers")
		}
		if to-from > 10_000 {
			return r.fail("range is too long")
		}
		var out []any
		for ; from < to; from++ {
			out = append(out, from)
		}
		r.step(len(out))
		return out
	},
}

func call(e expression, a arguments) expression {
	return func(r *run) any {
		f := e(r)
		args, named := a.values(r)
		if !r.step(1) {
			return undefined{}
		}
		switch f := f.(type) {
		case function:
			return f(r, args, named)
		case *macro:
			return f.call(r, args, named)
		case undefined:
			if f.name == "strftime_now" {
				return NoDate
			}
		}
		return r.fail("%s is called", kindOf(f))
	}
}

func (a arguments) values(r *run) (list []any, named *dict) {
	named = newDict()
	places := len(a.list) - len(a.names)
	for i, e := range a.list {
		if i < places {
			list = append(list, e(r))
		} else {
			named.set(a.names[i-places], e(r))
		}
	}
	return list, named
}

// methodOf returns the method of a value, bound to it: of strings those of Python that only look, of
// dictionaries likewise. Nothing changes a value.
func methodOf(v any, name string) (function, bool) {
	switch v := v.(type) {
	case string:
		f, ok := methods[name]
		if !ok {
			return nil, false
		}
		return func(r *run, args []any, _ *dict) any {
			if !r.step(len(v) / 64) {
				return undefined{}
			}
			return f(r, v, args)
		}, true
	case *dict:
		switch name {
		case "items", "keys", "values", "get":
			return func(r *run, args []any, _ *dict) any { return r.dictMethod(v, name, args) }, true
		}
	}
	return nil, false
}

func (r *run) dictMethod(d *dict, name string, args []any) any {
	switch name {
	case "get":
		if len(args) == 0 {
			return r.fail("get is given nothing")
		}
		if k, ok := args[0].(string); ok && d.has(k) {
			return d.values[k]
		}
		if len(args) > 1 {
			return args[1]
		}
		return nil
	case "keys":
		return keysOf(d)
	}
	r.step(len(d.keys))
	var out []any
	for _, k := range d.keys {
		if name == "values" {
			out = append(out, d.values[k])
		} else {
			out = append(out, []any{k, d.values[k]})
		}
	}
	return out
}

var methods = map[string]func(r *run, s string, args []any) any{
	"strip":      func(r *run, s string, a []any) any { return r.stripped(s, a, strings.Trim, strings.TrimFunc) },
	"lstrip":     func(r *run, s string, a []any) any { return r.stripped(s, a, strings.TrimLeft, strings.TrimLeftFunc) },
	"rstrip":     func(r *run, s string, a []any) any { return r.stripped(s, a, strings.TrimRight, strings.TrimRightFunc) },
	"upper":      func(r *run, s string, _ []any) any { return r.made(strings.ToUpper(s)) },
	"lower":      func(r *run, s string, _ []any) any { return r.made(strings.ToLower(s)) },
	"title":      func(r *run, s string, _ []any) any { return r.made(title(s)) },
	"capitalize": func(r *run, s string, _ []any) any { return r.made(capital(s)) },
	"startswith": func(r *run, s string, a []any) any { return r.affix(s, a, strings.HasPrefix) },
	"endswith":   func(r *run, s string, a []any) any { return r.affix(s, a, strings.HasSuffix) },
	"replace": func(r *run, s string, a []any) any {
		t, ok := texts(a, 2)
		if !ok || t[0] == "" || len(s)/len(t[0])*len(t[1]) > maxOutput {
			return r.fail("replace is given what it cannot take")
		}
		return r.made(strings.ReplaceAll(s, t[0], t[1]))
	},
	"split": func(r *run, s string, a []any) any {
		r.step(1 + len(s))
		if len(a) == 0 || a[0] == nil {
			return list(strings.Fields(s))
		}
		sep, _ := a[0].(string)
		most := int64(-1)
		if len(a) > 1 {
			most, _ = a[1].(int64)
		}
		if sep == "" || most < -1 || most > maxOutput {
			return r.fail("split is given what it cannot take")
		}
		if most >= 0 {
			return list(strings.SplitN(s, sep, int(most)+1))
		}
		return list(strings.Split(s, sep))
	},
}

func list(s []string) []any {
	out := make([]any, len(s))
	for i := range s {
		out[i] = s[i]
	}
	return out
}

// texts returns exactly n strings.
func texts(args []any, n int) ([]string, bool) {
	var out []string
	for _, a := range args {
		if s, ok := a.(string); ok {
			out = append(out, s)
		}
	}
	return out, len(out) == n && len(args) == n
}

func (r *run) stripped(s string, args []any, of func(string, string) string, white func(string, func(rune) bool) string) any {
	if t, ok := texts(args, 1); ok {
		return r.made(of(s, t[0]))
	}
	if len(args) > 0 && args[0] != nil {
		return r.fail("strip is given what it cannot take")
	}
	return r.made(white(s, unicode.IsSpace))
}

// affix takes one string, or several of which one is enough.
func (r *run) affix(s string, args []any, has func(string, string) bool) any {
	if len(args) == 1 {
		if many, ok := args[0].([]any); ok {
			args = many
		}
	}
	t, ok := texts(args, len(args))
	if !ok || len(t) == 0 {
		return r.fail("a beginning or end is looked for that is no string")
	}
	return slices.ContainsFunc(t, func(x string) bool { return has(s, x) })
}

func capital(s string) string {
	if s == "" {
		return s
	}
	c, n := utf8.DecodeRuneInString(s) // n is 1 for a byte that is no UTF-8, and c three bytes
	return string(unicode.ToUpper(c)) + strings.ToLower(s[n:])
}

// title begins every run of letters with a capital, as Python does.
func title(s string) string {
	inside := false
	return strings.Map(func(c rune) rune {
		was := inside
		if inside = unicode.IsLetter(c); inside && was {
			return unicode.ToLower(c)
		}
		return unicode.ToTitle(c)
	}, s)
}

// tested is "e is what".
func tested(r *run, e expression, what string, with expression) bool {
	v := e(r)
	switch what {
	case "defined":
		_, no := v.(undefined)
		return !no
	case "undefined":
		_, yes := v.(undefined)
		return yes
	case "none":
		return v == nil
	case "true", "false":
		b, ok := v.(bool)
		return ok && b == (what == "true")
	case "boolean", "string", "number", "integer", "mapping", "sequence", "iterable", "callable":
		return slices.Contains(traits(v), what)
	}
	if n, ok := v.(int64); ok && (what == "odd" || what == "even") {
		return n%2 == 0 == (what == "even")
	}
	if with != nil {
		switch what {
		case "equalto", "eq":
			return r.equal(v, with(r))
		case "ne":
			return !r.equal(v, with(r))
		case "in":
			return r.contains(with(r), v)
		}
	}
	r.fail("the test %q of %s is not one that is had", what, kindOf(v))
	return false
}

// traits are the tests of its kind that a value passes.
func traits(v any) []string {
	switch v.(type) {
	case bool:
		return []string{"boolean", "integer", "number"}
	case int64:
		return []string{"integer", "number"}
	case string:
		return []string{"string", "sequence", "iterable"}
	case []any:
		return []string{"sequence", "iterable"}
	case *dict:
		return []string{"mapping", "sequence", "iterable"}
	case function, *macro:
		return []string{"callable"}
	case undefined:
		return []string{"sequence", "iterable"}
	}
	return nil
}
