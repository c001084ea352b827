// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package jinja

import (
	"slices"
	"strings"
)

// operate is an operator of two values.
func operate(op string, a, b expression) expression {
	return func(r *run) any {
		x, y := a(r), b(r)
		if !r.step(1 + sizeOf(x) + sizeOf(y)) {
			return undefined{}
		}
		switch op {
		case "==":
			return r.equal(x, y)
		case "!=":
			return !r.equal(x, y)
		case "in":
			return r.contains(y, x)
		case "not in":
			return !r.contains(y, x)
		case "~":
			return r.made(r.text(x) + r.text(y))
		}
		switch x := x.(type) {
		case int64:
			if y, ok := y.(int64); ok {
				return r.arithmetic(op, x, y)
			}
		case string:
			return r.strings(op, x, y)
		case []any:
			if y, ok := y.([]any); ok && op == "+" {
				r.step(len(x) + len(y))
				return slices.Concat(x, y)
			}
		}
		return r.fail("%s %s %s means nothing", kindOf(x), op, kindOf(y))
	}
}

func (r *run) arithmetic(op string, x, y int64) any {
	const most = 1 << 31
	if x > most || x < -most || y > most || y < -most {
		return r.fail("a number is too large")
	}
	switch op {
	case "+":
		return x + y
	case "-":
		return x - y
	case "*":
		return x * y
	case "<":
		return x < y
	case ">":
		return x > y
	case "<=":
		return x <= y
	case ">=":
		return x >= y
	}
	if y == 0 || op == "/" { // "/" makes fractions, which are not had
		return r.fail("%d %s %d has no whole number", x, op, y)
	}
	rest := x % y // of the sign of y, as in Python
	if rest != 0 && (rest < 0) != (y < 0) {
		rest += y
	}
	if op == "%" {
		return rest
	}
	return (x - rest) / y
}

func (r *run) strings(op string, x string, y any) any {
	if n, ok := y.(int64); ok && op == "*" {
		if n > maxOutput || int64(len(x))*n > maxOutput {
			return r.fail("a text is too long")
		}
		return r.made(strings.Repeat(x, int(max(n, 0))))
	}
	s, ok := y.(string)
	if !ok {
		return r.fail("a string %s %s means nothing", op, kindOf(y))
	}
	switch op {
	case "+":
		return r.made(x + s)
	case "<":
		return x < s
	case ">":
		return x > s
	case "<=":
		return x <= s
	case ">=":
		return x >= s
	}
	return r.fail("a string %s a string means nothing", op)
}

func (r *run) contains(in, v any) bool {
	switch in := in.(type) {
	case string:
		s, ok := v.(string)
		r.step(len(in) / 64)
		if !ok {
			r.fail("%s is looked for in a string", kindOf(v))
		}
		return ok && strings.Contains(in, s)
	case []any:
		r.step(len(in))
		return slices.ContainsFunc(in, func(e any) bool { return r.equal(e, v) })
	case *dict:
		k, ok := v.(string)
		return ok && in.has(k)
	case undefined:
		return false
	}
	r.fail("nothing can be looked for in %s", kindOf(in))
	return false
}

// attribute is "e.key": a method, or an item.
func attribute(e expression, key string) expression {
	return func(r *run) any {
		v := e(r)
		if m, ok := methodOf(v, key); ok {
			return m
		}
		return r.item(v, key)
	}
}

func item(e, key expression) expression {
	return func(r *run) any { return r.item(e(r), key(r)) }
}

func (r *run) item(v, key any) any {
	r.step(1)
	switch v := v.(type) {
	case *namespace:
		return r.item(v.dict, key)
	case *dict:
		if k, ok := key.(string); ok && v.has(k) {
			return v.values[k]
		}
	case []any:
		if i, ok := key.(int64); ok {
			if i < 0 {
				i += int64(len(v))
			}
			if i >= 0 && i < int64(len(v)) {
				return v[i]
			}
		}
	case string:
		if i, ok := key.(int64); ok {
			return r.item(r.items(v), i)
		}
	case undefined:
		return r.fail("%q is undefined, and is asked for %v", v.name, key)
	}
	k, _ := key.(string)
	return undefined{k}
}

// slice is "e[a:b:c]".
func slice(e expression, parts [3]expression) expression {
	return func(r *run) any {
		v := e(r)
		var at [3]*int64
		for i, p := range parts {
			if p == nil {
				continue
			}
			switch n := p(r).(type) {
			case int64:
				at[i] = &n
			case nil:
			default:
				return r.fail("%s bounds a slice", kindOf(n))
			}
		}
		switch v := v.(type) {
		case []any:
			return r.sliced(v, at)
		case string:
			var b strings.Builder
			for _, c := range r.sliced(r.items(v), at) {
				b.WriteString(c.(string))
			}
			return r.made(b.String())
		}
		return r.fail("%s has no slice", kindOf(v))
	}
}

// sliced follows Python: what lies beyond either end is cut off.
func (r *run) sliced(v []any, at [3]*int64) []any {
	n, by := int64(len(v)), int64(1)
	if at[2] != nil {
		by = *at[2]
	}
	if by != 1 && by != -1 {
		r.fail("a slice goes by %d", by)
		return nil
	}
	first, last, least := int64(0), n, int64(0)
	if by < 0 {
		first, last, least = n-1, -1, -1
	}
	place := func(p *int64, otherwise int64) int64 {
		if p == nil {
			return otherwise
		}
		i := *p
		if i < 0 {
			i += n
		}
		return max(least, min(i, n+least))
	}
	var out []any
	for i, end := place(at[0], first), place(at[1], last); i != end && (i < end) == (by > 0); i += by {
		out = append(out, v[i])
	}
	r.step(len(out))
	return out
}
