// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package jinja

import (
	"fmt"
	"strconv"
)

// An expression has a value. Its first error sticks to the run.
type expression func(*run) any

// A statement writes, sets and decides. It returns how it ended.
type statement func(*run) flow

// Bounds of what is read. A chain a|b|c, a+b+c or "a or b or c" is evaluated as deep as it is long, in each
// of the macros that call one another.
const (
	maxDepth = 100  // tags and brackets in one another
	maxLinks = 1000 // of all chains in one tag
)

// parser turns tokens into functions. Its first error sticks, and it then sees the end everywhere.
type parser struct {
	tokens []token
	at     int
	depth  int
	links  int
	err    error
}

func (p *parser) peek() token {
	if p.err != nil || p.at >= len(p.tokens) {
		return token{}
	}
	return p.tokens[p.at]
}

func (p *parser) next() token {
	t := p.peek()
	p.at++
	return t
}

func (p *parser) fail(format string, args ...any) {
	if p.err != nil {
		return
	}
	line := 0
	if len(p.tokens) > 0 {
		line = p.tokens[min(p.at, len(p.tokens)-1)].line
	}
	p.err = fmt.Errorf("line %d: %s", line, fmt.Sprintf(format, args...))
}

// take moves on over a token if it is the next.
func (p *parser) take(kind byte, s string) bool {
	if t := p.peek(); t.kind != kind || t.s != s {
		return false
	}
	p.at++
	return true
}

func (p *parser) op(s string) bool   { return p.take(operator, s) }
func (p *parser) word(s string) bool { return p.take(name, s) }

func (p *parser) want(s string) {
	if !p.op(s) {
		p.fail("%q where %q is wanted", p.peek().s, s)
	}
}

func (p *parser) name() string {
	t := p.next()
	if t.kind != name {
		p.fail("%q where a name is wanted", t.s)
	}
	return t.s
}

// deeper counts the nesting around f.
func (p *parser) deeper(f func() expression) expression {
	if p.depth++; p.depth > maxDepth {
		p.fail("it nests too deep")
	}
	defer func() { p.depth-- }()
	if p.err != nil {
		return constant(nil)
	}
	return f()
}

// link counts what makes a chain longer.
func (p *parser) link() {
	if p.links++; p.links > maxLinks {
		p.fail("a tag has more than %d operators", maxLinks)
	}
}

// expression reads "a if b else c" and all that binds tighter.
func (p *parser) expression() expression { return p.deeper(p.ternary) }

func (p *parser) ternary() expression {
	e := p.or()
	for p.word("if") {
		p.link()
		yes, test, no := e, p.or(), constant(undefined{})
		if p.word("else") {
			no = p.expression()
		}
		e = func(r *run) any {
			if truth(test(r)) {
				return yes(r)
			}
			return no(r)
		}
	}
	return e
}

func (p *parser) or() expression {
	a := p.and()
	for p.word("or") {
		p.link()
		l, r := a, p.and()
		a = func(x *run) any {
			if v := l(x); truth(v) {
				return v
			}
			return r(x)
		}
	}
	return a
}

func (p *parser) and() expression {
	a := p.not()
	for p.word("and") {
		p.link()
		l, r := a, p.not()
		a = func(x *run) any {
			if v := l(x); !truth(v) {
				return v
			}
			return r(x)
		}
	}
	return a
}

func (p *parser) not() expression {
	if !p.word("not") {
		return p.compare()
	}
	e := p.deeper(p.not)
	return func(r *run) any { return !truth(e(r)) }
}

func (p *parser) compare() expression {
	a := p.binary(0)
	for {
		t := p.peek()
		switch {
		case t.kind == operator && (t.s == "==" || t.s == "!=" || t.s == "<" || t.s == ">" || t.s == "<=" || t.s == ">="):
			p.next()
		case p.word("in"):
		case t.kind == name && t.s == "not" && p.at+1 < len(p.tokens) && p.tokens[p.at+1].s == "in":
			p.at += 2
			t.s = "not in"
		default:
			return a
		}
		p.link()
		a = operate(t.s, a, p.binary(0))
	}
}

// tiers are the operators of two values, those that bind least first.
var tiers = [][]string{{"+", "-"}, {"~"}, {"*", "/", "//", "%"}}

func (p *parser) binary(tier int) expression {
	if tier == len(tiers) {
		return p.unary()
	}
	a := p.binary(tier + 1)
	for {
		found := ""
		for _, o := range tiers[tier] {
			if found == "" && p.op(o) {
				found = o
			}
		}
		if found == "" {
			return a
		}
		p.link()
		a = operate(found, a, p.binary(tier+1))
	}
}

func (p *parser) unary() expression {
	if p.op("-") {
		return operate("-", constant(int64(0)), p.deeper(p.unary))
	}
	return p.postfix(p.primary())
}

func constant(v any) expression { return func(*run) any { return v } }

func (p *parser) primary() expression {
	t := p.next()
	switch t.kind {
	case quoted:
		s := t.s
		for p.peek().kind == quoted { // neighbours are one, as in Python
			s += p.next().s
		}
		return constant(s)
	case number:
		n, err := strconv.ParseInt(t.s, 10, 32)
		if err != nil {
			p.fail("the number %s is too large", t.s)
		}
		return constant(n)
	case name:
		return named(t.s)
	}
	switch t.s {
	case "(":
		return p.deeper(p.group)
	case "[":
		return p.deeper(func() expression { return listOf(p.list("]")) })
	case "{":
		return p.deeper(p.dictionary)
	}
	p.at--
	p.fail("%q where a value is wanted", t.s)
	return constant(nil)
}

// group reads "(a)" and the tuples "()" and "(a, b)".
func (p *parser) group() expression {
	if p.op(")") {
		return listOf(nil)
	}
	e := p.expression()
	if p.op(",") {
		return listOf(append([]expression{e}, p.list(")")...))
	}
	p.want(")")
	return e
}

func (p *parser) list(end string) (out []expression) {
	for p.err == nil && !p.op(end) {
		out = append(out, p.expression())
		if !p.op(",") {
			p.want(end)
			break
		}
	}
	return out
}

func (p *parser) dictionary() expression {
	var keys, values []expression
	for p.err == nil && !p.op("}") {
		keys = append(keys, p.expression())
		p.want(":")
		values = append(values, p.expression())
		if !p.op(",") {
			p.want("}")
			break
		}
	}
	return func(r *run) any {
		d := newDict()
		for i := range keys {
			k, ok := keys[i](r).(string)
			if !ok {
				return r.fail("the key of a dictionary is no string")
			}
			d.set(k, values[i](r))
		}
		return d
	}
}

// postfix reads what follows a value: attributes, items, calls, filters and tests.
func (p *parser) postfix(e expression) expression {
	for ; p.err == nil; p.link() {
		switch {
		case p.op("."):
			e = attribute(e, p.name())
		case p.op("["):
			e = p.subscript(e)
		case p.op("("):
			e = call(e, p.arguments())
		case p.op("|"):
			f, args := p.name(), arguments{}
			if p.op("(") {
				args = p.arguments()
			}
			e = filtered(e, f, args)
		case p.word("is"):
			e = p.test(e)
		default:
			return e
		}
	}
	return e
}

// arguments of a call, by place and by name.
type arguments struct {
	list  []expression
	names []string // in order; of the last len(names) of list
}

func (p *parser) arguments() (a arguments) {
	for p.err == nil && !p.op(")") {
		if t := p.peek(); t.kind == name && p.at+1 < len(p.tokens) && p.tokens[p.at+1].kind == operator && p.tokens[p.at+1].s == "=" {
			a.names = append(a.names, t.s)
			p.at += 2
		} else if len(a.names) > 0 {
			p.fail("an argument by place comes after one by name")
		}
		a.list = append(a.list, p.expression())
		if !p.op(",") {
			p.want(")")
			break
		}
	}
	return a
}

// subscript reads "[a]" and "[a:b:c]".
func (p *parser) subscript(e expression) expression {
	var parts [3]expression
	n := 0
	for p.err == nil {
		if t := p.peek(); t.kind != operator || t.s != ":" && t.s != "]" {
			parts[n] = p.expression()
		}
		if n < 2 && p.op(":") {
			n++
			continue
		}
		p.want("]")
		break
	}
	if n == 0 && parts[0] != nil {
		return item(e, parts[0])
	}
	if n == 0 {
		p.fail("an item without a key")
	}
	return slice(e, parts)
}

// test reads what follows "is".
func (p *parser) test(e expression) expression {
	negated := p.word("not")
	what := p.name()
	var with expression
	switch t := p.peek(); {
	case p.op("("):
		if a := p.arguments(); len(a.list) > 0 {
			with = a.list[0]
		}
	case t.kind == quoted || t.kind == number:
		with = p.primary()
	}
	return func(r *run) any { return tested(r, e, what, with) != negated }
}
