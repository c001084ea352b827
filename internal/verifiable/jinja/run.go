// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package jinja

import (
	"errors"
	"fmt"
	"strings"
)

// Bounds of one rendering.
const (
	maxSteps  = 1 << 18 // values made, and 64 bytes of text each
	maxOutput = 1 << 20 // bytes
	maxCalls  = 50      // of macros, one in another
)

// ErrRaised reports a template that refuses what it was given, by raise_exception.
var ErrRaised = errors.New("the template refuses")

// Template is a template that was read. It is immutable and safe for concurrent use.
type Template struct{ body block }

// Parse reads a template.
func Parse(src string) (*Template, error) {
	tokens, err := lex(src)
	if err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	p := &parser{tokens: tokens}
	body, _ := p.block()
	if p.err != nil {
		return nil, fmt.Errorf("read template: %w", p.err)
	}
	return &Template{body}, nil
}

// Render returns what the template makes of values: strings, bools, ints, nil, []any, and
// map[string]any for dictionaries, whose keys are put in order.
func (t *Template) Render(values map[string]any) (string, error) {
	r := &run{scopes: []map[string]any{{}}}
	for k, v := range values { //arch:ordered each name for itself
		r.scopes[0][k] = import_(v)
	}
	r.push()
	t.body.run(r)
	if r.err != nil {
		return "", fmt.Errorf("render template: %w", r.err)
	}
	return r.out.String(), nil
}

// run is one rendering. Its first error sticks.
type run struct {
	scopes []map[string]any
	out    strings.Builder
	steps  int
	calls  int
	err    error
}

// fail keeps the first error and returns the value of what failed.
func (r *run) fail(format string, args ...any) any {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
	return undefined{}
}

// step counts work, so that no template runs for long.
func (r *run) step(n int) bool {
	if r.steps += n; r.steps > maxSteps {
		r.fail("it takes too long")
	}
	return r.err == nil
}

func (r *run) write(s string) {
	if r.out.Len()+len(s) > maxOutput {
		r.fail("it writes too much")
	}
	if r.step(1 + len(s)/64) {
		r.out.WriteString(s)
	}
}

// made is a string that the template put together.
func (r *run) made(s string) any {
	if len(s) > maxOutput {
		return r.fail("a text is too long")
	}
	r.step(1 + len(s)/64)
	return s
}

// captured returns what a block writes.
func (r *run) captured(b block) any {
	before := r.out
	r.out = strings.Builder{}
	b.run(r)
	s := r.out.String()
	r.out = before
	return r.made(s)
}

func (r *run) push() { r.scopes = append(r.scopes, map[string]any{}) }
func (r *run) pop()  { r.scopes = r.scopes[:len(r.scopes)-1] }

func (r *run) set(name string, v any) { r.scopes[len(r.scopes)-1][name] = v }

func (r *run) get(name string) any {
	for i := len(r.scopes) - 1; i >= 0; i-- {
		if v, ok := r.scopes[i][name]; ok {
			return v
		}
	}
	if f, ok := globals[name]; ok {
		return f
	}
	return undefined{name}
}

func named(n string) expression {
	switch n {
	case "true", "True":
		return constant(true)
	case "false", "False":
		return constant(false)
	case "none", "None":
		return constant(nil)
	}
	return func(r *run) any {
		r.step(1)
		return r.get(n)
	}
}

func listOf(es []expression) expression {
	return func(r *run) any {
		out := make([]any, len(es))
		for i, e := range es {
			out[i] = e(r)
		}
		r.step(len(es))
		return out
	}
}

// macro is a function that the template defines.
type macro struct {
	name     string
	params   []string
	defaults []expression // nil: none
	body     block
}

func (m *macro) call(r *run, args []any, named *dict) any {
	if r.calls++; r.calls > maxCalls {
		return r.fail("macros call each other too deep")
	}
	defer func(scopes []map[string]any) { r.scopes, r.calls = scopes, r.calls-1 }(r.scopes)
	if len(args) > len(m.params) {
		return r.fail("macro %s is given %d values, it takes %d", m.name, len(args), len(m.params))
	}
	r.scopes = append(r.scopes[:2:2], map[string]any{}) // sees the template's names, not the caller's
	for i, p := range m.params {
		v, given := any(undefined{p}), i < len(args)
		if given {
			v = args[i]
		} else if given = named.has(p); given {
			v = named.values[p]
		}
		if !given && m.defaults[i] != nil {
			v = m.defaults[i](r)
		}
		r.set(p, v)
	}
	return r.captured(m.body)
}
