// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package jinja

import "slices"

// flow says how a statement ended.
type flow int

const (
	onward flow = iota
	breaks
	continues
)

type block []statement

func (b block) run(r *run) flow {
	for _, s := range b {
		if r.err != nil {
			return breaks
		}
		if f := s(r); f != onward {
			return f
		}
	}
	return onward
}

// block reads up to one of the tags named, and says which it was. No names: up to the end.
func (p *parser) block(until ...string) (out block, end string) {
	if p.depth++; p.depth > maxDepth {
		p.fail("it nests too deep")
	}
	defer func() { p.depth-- }()
	for p.err == nil && p.at < len(p.tokens) {
		t := p.next()
		p.links = 0
		switch {
		case t.kind == text:
			out = append(out, func(r *run) flow { r.write(t.s); return onward })
		case t.s == "{{":
			e := p.expression()
			p.want("}}")
			out = append(out, func(r *run) flow { r.write(r.text(e(r))); return onward })
		default:
			tag := p.name()
			if slices.Contains(until, tag) {
				return out, tag
			}
			out = append(out, p.statement(tag))
		}
	}
	if len(until) > 0 {
		p.fail("no %s before the end", until[len(until)-1])
	}
	return out, ""
}

// close ends a tag.
func (p *parser) close() { p.want("%}") }

func (p *parser) statement(tag string) statement {
	switch tag {
	case "if":
		return p.branch()
	case "for":
		return p.loop()
	case "set":
		return p.set()
	case "macro":
		return p.macro()
	case "break", "continue":
		p.close()
		how := breaks
		if tag == "continue" {
			how = continues
		}
		return func(*run) flow { return how }
	case "generation": // marks what a model is trained on
		p.close()
		b, _ := p.block("endgeneration")
		p.close()
		return b.run
	}
	p.fail("the tag %q is not one that templates may use here", tag)
	return block{}.run
}

// branch reads an if with its elifs, side by side: a thousand of them are no deeper than one.
func (p *parser) branch() statement {
	var tests []expression
	var blocks []block
	end := "elif"
	for p.err == nil && end == "elif" {
		tests = append(tests, p.expression())
		p.close()
		var b block
		b, end = p.block("elif", "else", "endif")
		blocks = append(blocks, b)
	}
	var no block
	if p.close(); end == "else" {
		no, _ = p.block("endif")
		p.close()
	}
	return func(r *run) flow {
		for i, test := range tests {
			if truth(test(r)) {
				return blocks[i].run(r)
			}
		}
		return no.run(r)
	}
}

func (p *parser) loop() statement {
	names := []string{p.name()}
	for p.op(",") {
		names = append(names, p.name())
	}
	if !p.word("in") {
		p.fail("a loop without in")
	}
	over := p.deeper(p.or) // not a ternary: what follows an "if" is the filter
	var test expression
	if p.word("if") {
		test = p.expression()
	}
	p.close()
	body, end := p.block("else", "endfor")
	none := block{}
	p.close()
	if end == "else" {
		none, _ = p.block("endfor")
		p.close()
	}
	return func(r *run) flow {
		items := r.only(r.items(over(r)), names, test)
		if len(items) == 0 {
			return none.run(r)
		}
		r.each(items, names, body)
		return onward
	}
}

// only returns the items for which the test of a loop holds.
func (r *run) only(items []any, names []string, test expression) (out []any) {
	if test == nil {
		return items
	}
	for _, v := range items {
		if !r.step(10) {
			return nil
		}
		r.push()
		if r.bind(names, v); truth(test(r)) {
			out = append(out, v)
		}
		r.pop()
	}
	return out
}

func (r *run) each(items []any, names []string, body block) {
	for i, v := range items {
		if r.err != nil {
			return
		}
		r.push()
		r.step(10)
		r.bind(names, v)
		r.set("loop", loopState(items, i))
		f := body.run(r)
		r.pop()
		if f == breaks {
			return
		}
	}
}

func loopState(items []any, i int) *dict {
	d, n := newDict(), len(items)
	d.set("index", int64(i+1))
	d.set("index0", int64(i))
	d.set("revindex", int64(n-i))
	d.set("revindex0", int64(n-i-1))
	d.set("length", int64(n))
	d.set("first", i == 0)
	d.set("last", i == n-1)
	if i > 0 {
		d.set("previtem", items[i-1])
	}
	if i < n-1 {
		d.set("nextitem", items[i+1])
	}
	return d
}

// bind sets the names of a loop to an item, or to its parts.
func (r *run) bind(names []string, v any) {
	if len(names) == 1 {
		r.set(names[0], v)
		return
	}
	parts, _ := v.([]any)
	if len(parts) != len(names) {
		r.fail("an item has %d parts and the loop %d names", len(parts), len(names))
		return
	}
	for i, n := range names {
		r.set(n, parts[i])
	}
}

// set reads "set a = b", "set a.b = c" and "set a" with a block.
func (p *parser) set() statement {
	target, field := p.name(), ""
	if p.op(".") {
		field = p.name()
	}
	assign := func(r *run, v any) {
		if field == "" {
			r.set(target, v)
			return
		}
		space, ok := r.get(target).(*namespace)
		if !ok {
			r.fail("%s is no namespace", target)
			return
		}
		space.set(field, v)
	}
	if p.op("=") {
		e := p.expression()
		p.close()
		return func(r *run) flow { assign(r, e(r)); return onward }
	}
	p.close()
	body, _ := p.block("endset")
	p.close()
	return func(r *run) flow { assign(r, r.captured(body)); return onward }
}

// macro reads a function that returns what it writes.
func (p *parser) macro() statement {
	m := &macro{name: p.name()}
	p.want("(")
	for p.err == nil && !p.op(")") {
		m.params = append(m.params, p.name())
		var def expression
		if p.op("=") {
			def = p.expression()
		}
		m.defaults = append(m.defaults, def)
		if !p.op(",") {
			p.want(")")
			break
		}
	}
	p.close()
	m.body, _ = p.block("endmacro")
	p.close()
	return func(r *run) flow { r.set(m.name, m); return onward }
}
