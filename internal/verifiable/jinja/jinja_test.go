// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package jinja_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"dsai.example/dsai/internal/verifiable/jinja"
)

func values() map[string]any {
	return map[string]any{"a": 0, "m": []any{
		map[string]any{"role": "user", "content": "hi"}, map[string]any{"role": "assistant", "content": "ho"}}}
}

func render(src string) (string, error) {
	t, err := jinja.Parse(src)
	if err != nil {
		return "", err
	}
	return t.Render(values())
}

type sample struct{ Template, Want string }

func samples(t testing.TB) (out []sample) {
	t.Helper()
	b, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// What Jinja 3.1.6 makes of the same templates, set up as the makers of models set it up.
func TestAsJinja(t *testing.T) {
	for _, s := range samples(t) {
		if got, err := render(s.Template); err != nil || got != s.Want {
			t.Errorf("Render(%q) = %q, %v, want %q", s.Template, got, err, s.Want)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, tt := range []struct{ src, want string }{
		{"{{ 1", "has no end"},
		{"{% if a %}", "endif"},
		{"\n\n{% include 'x' %}", "line 3"},
		{"{{ 'a' + 1 }}", "a string + a number"},
		{"{{ x.y.z }}", `"x" is undefined`},
		{"{{ m }}", "writes a list"},
		{"{{ 'a'|nosuch }}", `filter "nosuch"`},
		{"{{ m.append(1) }}", "undefined value"},
		{"{{ 1 / 2 }}", "no whole number"},
		{"{{ [1][::2] }}", "slice goes by"},
		{"{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "too deep"},
		{"{{ " + strings.Repeat("(", 999) + strings.Repeat(")", 999) + " }}", "too deep"},
		{strings.Repeat("{% if a %}", 999), "too deep"},
		{strings.Repeat("{{", 1<<17+1), "at most"},
		{"{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}", "too long"},
		{"{% set ns = namespace(s='xxxxxxxx') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}", "too long"},
		{"{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l == ns.l }}", "too long"},
		{"{{ 'x' * 99999999 }}", "too long"},
		{"{% set l = range(2000) %}{% for a in range(99) %}{% for b in l if 0 %}{% endfor %}{% endfor %}", "too long"},
	} {
		if got, err := render(tt.src); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Render(%.60q) = %.60q, %v, want an error with %q", tt.src, got, err, tt.want)
		}
	}
	if _, err := render("{{ raise_exception('no systems') }}"); !errors.Is(err, jinja.ErrRaised) || !strings.Contains(err.Error(), "no systems") {
		t.Errorf("raise_exception: %v", err)
	}
}

// A template that calls itself evaluates its chains in one another: those that are too long are not
// read, and the longest that are read do no harm.
func TestChains(t *testing.T) {
	within := func(call string, n int, link string) string {
		return "{% macro m() %}{{ " + call + strings.Repeat(link, n) + " }}{% endmacro %}{{ m() }}"
	}
	for _, link := range []string{"|d", "+1", "~1", "*1", ".a", "[0]", "()", " is string", " == 1", " in a", " and 1", " or 1", " if 1"} {
		if _, err := jinja.Parse(within("m()", 2000, link)); err == nil || !strings.Contains(err.Error(), "operators") {
			t.Errorf("2000 times %q: %v", link, err)
		}
		if _, err := render(within("m()", 990, link)); err == nil || !strings.Contains(err.Error(), "too deep") {
			t.Errorf("990 times %q: %v, want the end of the calls", link, err)
		}
	}
	in := strings.Repeat("(", 40) + "1" + strings.Repeat(strings.Repeat("|d", 30)+")", 40)
	if _, err := jinja.Parse("{{ " + in + " }}"); err == nil || !strings.Contains(err.Error(), "operators") {
		t.Errorf("chains in brackets: %v", err)
	}
	if got, err := render("{% if a %}" + strings.Repeat("{% elif a %}", 5000) + "{% else %}x{% endif %}"); got != "x" || err != nil {
		t.Errorf("5000 elifs = %q, %v", got, err)
	}
	if _, err := jinja.Parse(strings.Repeat(" ", 128<<10+1)); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("a long source: %v", err)
	}
}

func FuzzRender(f *testing.F) {
	for _, s := range samples(f) {
		f.Add(s.Template)
	}
	f.Fuzz(func(t *testing.T, src string) {
		a, err1 := render(src)
		b, err2 := render(src)
		if a != b || (err1 == nil) != (err2 == nil) {
			t.Errorf("Render(%q) = %q, %v and then %q, %v", src, a, err1, b, err2)
		}
		if len(a) > 1<<20 {
			t.Errorf("Render(%q) wrote %d bytes", src, len(a))
		}
	})
}
