// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/verify"
)

// expectation is one row of the table in spec/verification.md.
type expectation struct{ value, shape string }

// readTable returns the table by field.
func readTable(t *testing.T) map[string]expectation {
	t.Helper()
	text, err := os.ReadFile("../spec/verification.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := bytes.Cut(text, []byte("| field | a value changes | the shape changes |\n|---|---|---|\n"))
	if !ok {
		t.Fatal("spec/verification.md has no table of fields")
	}
	out := map[string]expectation{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(line, "|\n "), "|")
		if len(cells) != 3 {
			break
		}
		out[strings.TrimSpace(cells[0])] = expectation{strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])}
	}
	if len(out) < 20 {
		t.Fatalf("spec/verification.md has %d fields", len(out))
	}
	return out
}

// mutant is a bundle with one thing changed.
type mutant struct {
	field string // as in the table: "consents[].issuer"
	what  string
	shape bool // whether the shape changed, not a value
	raw   []byte
}

// mutate calls f with every mutant of raw.
func mutate(t *testing.T, raw []byte, f func(mutant)) {
	t.Helper()
	var doc any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	m := mutator{t: t, f: f, doc: doc}
	m.walk(doc, "(bundle)", func(v any) { m.doc = v })
}

type mutator struct {
	t   *testing.T
	f   func(mutant)
	doc any
}

func (m *mutator) emit(field, what string, shape bool) {
	m.t.Helper()
	raw, err := vc.Canonical(m.doc)
	if err != nil {
		m.t.Fatalf("%s %s: %v", field, what, err)
	}
	m.f(mutant{field, what, shape, raw})
}

// walk changes v, which set replaces in its parent, in every way, and then each
// of its parts.
func (m *mutator) walk(v any, field string, set func(any)) {
	switch v := v.(type) {
	case map[string]any:
		m.object(v, field)
	case []any:
		m.array(v, field, set)
	default:
		set(change(v))
		m.emit(field, "changed", false)
		set(v)
	}
}

func (m *mutator) object(v map[string]any, field string) {
	v["unknown"] = "x"
	m.emit(field, "unknown member", true)
	delete(v, "unknown")
	for _, k := range slices.Sorted(maps.Keys(v)) {
		part := v[k]
		delete(v, k)
		m.emit(field, "without "+k, true)
		if upper := strings.ToUpper(k[:1]) + k[1:]; upper != k {
			v[upper] = part
			m.emit(field, "with "+upper, true)
			delete(v, upper)
		}
		v[k] = part
		name := k
		if field != "(bundle)" {
			name = field + "." + k
		}
		m.walk(part, name, func(x any) { v[k] = x })
	}
}

func (m *mutator) array(v []any, field string, set func(any)) {
	set(append(slices.Clone(v), "x"))
	m.emit(field, "stranger added", true)
	for i := range v {
		set(slices.Delete(slices.Clone(v), i, i+1))
		m.emit(field, "element removed", true)
		set(slices.Insert(slices.Clone(v), i, v[i]))
		m.emit(field, "element twice", true)
		if i > 0 {
			swapped := slices.Clone(v)
			swapped[i-1], swapped[i] = swapped[i], swapped[i-1]
			if before, after := canon(m.t, v), canon(m.t, swapped); before != after {
				set(swapped)
				m.emit(field, "elements moved", true)
			}
		}
	}
	set(v)
	for i := range v {
		m.walk(v[i], field+"[]", func(x any) { v[i] = x })
	}
}

func canon(t testing.TB, v any) string {
	b, err := vc.Canonical(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// change returns another value of the same kind, as plausible as can be.
func change(v any) any {
	switch v := v.(type) {
	case bool:
		return !v
	case json.Number:
		n, _ := v.Int64() //nolint:errcheck // the profile has integers only
		return n + 1
	case string:
		if v == "" {
			return "x"
		}
		last := map[byte]string{'0': "1", 'a': "b", 'Z': "Y"}[v[len(v)-1]]
		if last == "" {
			last = string(v[len(v)-1] - 1)
		}
		if v == "\n" || v[len(v)-1] < ' '+2 || v[len(v)-1] == 'A' || v[len(v)-1] >= 0x80 {
			last = "1"
		}
		return v[:len(v)-1] + last
	}
	return "x"
}

// redaction reports whether m only leaves out what may be left out.
func (m mutant) redaction() bool {
	optional := map[string]bool{"openings.passages": true, "openings.terms": true, "revocations": true}
	return strings.HasPrefix(m.what, "without ") && m.field == "openings" || m.what == "without openings" ||
		m.what == "element removed" && optional[m.field]
}

// expected returns the check that the table names for m.
func (m mutant) expected(t *testing.T, table map[string]expectation) string {
	if m.what == "without statistics" {
		return table["statistics"].shape // absent when nothing was ranked
	}
	for field := m.field; ; {
		if row, ok := table[field]; ok {
			if m.shape {
				return row.shape
			}
			return row.value
		}
		if short, ok := strings.CutSuffix(field, "[]"); ok {
			field = short
		} else if i := strings.LastIndexByte(field, '.'); i >= 0 {
			field = field[:i]
		} else {
			t.Fatalf("spec/verification.md has no row for %s", m.field)
		}
	}
}

// Every value and every shape in a genuine bundle is changed once. The bundle is
// no longer ok, and the check that the specification names is among those that fail.
func TestForgery(t *testing.T) {
	s := newScene(t, "clinic")
	s.bundle = withRevocation(s)
	forge(t, s, s.raw(), 500, 1000)
}

// The table holds for the bundle of a refusal, too.
func TestForgeryOfRefusal(t *testing.T) {
	s := newScene(t, "clinic")
	forge(t, s, s.refusal(func(*dsai.RefusalReceipt, *dsai.Bundle) {}), 150, 300)
}

// forge changes so many values and shapes of a genuine bundle.
func forge(t *testing.T, s *scene, raw []byte, values, shapes int) {
	table := readTable(t)
	v := verify.New(verify.Options{Trust: s.trust()})
	if r, err := v.Bundle(raw); err != nil || !r.OK {
		t.Fatalf("genuine bundle: %v%s", err, report(r))
	}
	counts := map[bool]int{}
	rows := map[string]bool{}
	mutate(t, raw, func(m mutant) {
		r, err := v.Bundle(m.raw)
		if err != nil {
			if m.field != "(bundle)" {
				t.Errorf("%s %s: %v", m.field, m.what, err)
			}
			return
		}
		counts[m.shape]++
		if m.redaction() {
			if !r.OK {
				t.Errorf("%s %s is a redaction, got%s", m.field, m.what, report(r))
			}
			return
		}
		want := m.expected(t, table)
		rows[want] = true
		if got := failing(r); r.OK || !slices.Contains(got, want) {
			t.Errorf("%s %s: failing %q, want %q among them", m.field, m.what, got, want)
		}
	})
	if counts[false] < values || counts[true] < shapes {
		t.Errorf("%d values and %d shapes changed, want more", counts[false], counts[true])
	}
	t.Logf("%d values and %d shapes changed; named checks: %q", counts[false], counts[true], slices.Sorted(maps.Keys(rows)))
}

// Every byte of the proof matters, those of base64 padding too.
func TestForgeryOfEachProofByte(t *testing.T) {
	s := newScene(t, "clinic")
	raw := s.raw()
	v := verify.New(verify.Options{Trust: s.trust()})
	var b map[string]any
	if err := json.Unmarshal(raw, &b); err != nil {
		t.Fatal(err)
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	text := b["proof"].(string)
	before, after, _ := strings.Cut(string(raw), canon(t, text))
	for i := range len(text) {
		other := string(text[i] ^ 1)
		if n := strings.IndexByte(alphabet, text[i]); n >= 0 {
			other = alphabet[n^1 : n^1+1] // one bit, which may be padding
		}
		for _, c := range []string{other, "\n", ""} {
			forged := text[:i] + c + text[i+1:]
			if text[i] >= 0x80 || forged == text {
				continue
			}
			if r, err := v.Bundle([]byte(before + canon(t, forged) + after)); err != nil || r.OK {
				t.Errorf("byte %d of the proof %q as %q: ok (%v)", i, text[max(0, i-8):i+1], c, err)
			}
		}
	}
}
