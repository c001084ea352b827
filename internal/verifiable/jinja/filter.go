// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package jinja

import (
	"slices"
	"strconv"
	"strings"
)

// filtered is "e | name(…)". Strings have their methods as filters too.
func filtered(e expression, name string, a arguments) expression {
	return func(r *run) any {
		v := e(r)
		args, named := a.values(r)
		if !r.step(1 + sizeOf(v)) {
			return undefined{}
		}
		if f, ok := filters[name]; ok {
			return f(r, v, args, named)
		}
		s, isText := v.(string)
		if _, no := v.(undefined); no {
			s, isText = "", true
		}
		if m, ok := methods[asMethod(name)]; ok && isText {
			return m(r, s, args)
		}
		return r.fail("the filter %q of %s is not one that is had", name, kindOf(v))
	}
}

func asMethod(filter string) string {
	switch filter {
	case "trim":
		return "strip"
	case "split", "startswith", "endswith", "lstrip", "rstrip": // methods, not filters
		return ""
	}
	return filter
}

type filter func(r *run, v any, args []any, named *dict) any

var filters = map[string]filter{
	"length": length,
	"count":  length,
	"default": func(r *run, v any, args []any, named *dict) any {
		_, no := v.(undefined)
		falsy := len(args) > 1 && truth(args[1]) || named.has("boolean") && truth(named.values["boolean"])
		if !no && !(falsy && !truth(v)) {
			return v
		}
		if len(args) == 0 {
			return ""
		}
		return args[0]
	},
	"tojson": func(r *run, v any, args []any, named *dict) any {
		if len(args) > 0 || named.has("indent") {
			return r.fail("tojson with an indent is not had")
		}
		var b strings.Builder
		r.json(&b, v)
		return r.made(b.String())
	},
	"string": func(r *run, v any, _ []any, _ *dict) any { return r.made(r.text(v)) },
	"safe":   func(r *run, v any, _ []any, _ *dict) any { return v },
	"list":   func(r *run, v any, _ []any, _ *dict) any { return r.items(v) },
	"items": func(r *run, v any, _ []any, _ *dict) any {
		d, ok := v.(*dict)
		if !ok {
			return r.fail("%s has no items", kindOf(v))
		}
		return r.dictMethod(d, "items", nil)
	},
	"first": func(r *run, v any, _ []any, _ *dict) any { return r.item(r.items(v), int64(0)) },
	"last":  func(r *run, v any, _ []any, _ *dict) any { return r.item(r.items(v), int64(-1)) },
	"reverse": func(r *run, v any, _ []any, _ *dict) any {
		out := slices.Clone(r.items(v))
		slices.Reverse(out)
		r.step(len(out))
		return out
	},
	"join": func(r *run, v any, args []any, _ *dict) any {
		sep := ""
		if len(args) > 0 {
			sep = r.text(args[0])
		}
		var b strings.Builder
		for i, e := range r.items(v) {
			if i > 0 {
				b.WriteString(sep)
			}
			b.WriteString(r.text(e))
			if b.Len() > maxOutput || !r.step(1) {
				break
			}
		}
		return r.made(b.String())
	},
	"int": func(r *run, v any, _ []any, _ *dict) any {
		switch v := v.(type) {
		case int64:
			return v
		case string:
			if n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 32); err == nil {
				return n
			}
		}
		return int64(0)
	},
	"map": func(r *run, v any, _ []any, named *dict) any {
		key, ok := named.values["attribute"].(string)
		if !ok {
			return r.fail("map is had with an attribute alone")
		}
		var out []any
		for _, e := range r.items(v) {
			out = append(out, r.item(e, key))
		}
		return out
	},
	"selectattr": func(r *run, v any, args []any, _ *dict) any { return r.chosen(v, args, true) },
	"rejectattr": func(r *run, v any, args []any, _ *dict) any { return r.chosen(v, args, false) },
}

func init() { filters["d"] = filters["default"] }

func length(r *run, v any, _ []any, _ *dict) any {
	return int64(len(r.items(v)))
}

// chosen returns the items whose attribute passes a test, or does not.
func (r *run) chosen(v any, args []any, keep bool) any {
	if len(args) == 0 {
		return r.fail("an attribute is wanted")
	}
	var out []any
	for _, e := range r.items(v) {
		has := r.item(e, args[0])
		ok := truth(has)
		if len(args) > 1 {
			test, _ := args[1].(string)
			var with expression
			if len(args) > 2 {
				with = constant(args[2])
			}
			if test == "==" {
				test = "eq"
			}
			ok = tested(r, constant(has), test, with)
		}
		if ok == keep && r.err == nil {
			out = append(out, e)
		}
	}
	return out
}
