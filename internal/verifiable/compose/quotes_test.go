// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package compose_test

import (
	"errors"
	"slices"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/verifiable/compose"
)

// A citation may be cut to nothing only where what its consent lets be quoted explains it.
func TestReplayComparesQuotes(t *testing.T) {
	one, two := dsai.DocumentID{Digest: dsai.Hash("one")}, dsai.DocumentID{Digest: dsai.Hash("two")}
	// Two passages of ten characters of one document, of which one byte counts twice, and one of another.
	c := compose.Claim{Passages: []dsai.PassageBody{
		{Text: "a234567890", Start: 5, End: 15}, {Text: "é234567890", Start: 20, End: 31}, {Text: "c234567890", Start: 0, End: 10},
	}}
	limits := func(most, other int) []compose.Limit {
		return []compose.Limit{{Document: one, Most: most}, {Document: one, Most: most}, {Document: two, Most: other}}
	}
	made := []dsai.Quote{{N: 1, Start: 5, End: 15}, {N: 2, Start: 20, End: 31}, {N: 1, Start: 5, End: 13}, {N: 3, Start: 0, End: 10}, {N: 2, Start: 20, End: 22}}
	for _, tt := range []struct {
		name   string
		limits []compose.Limit
		cut    []int // which are cut to nothing
		ok     bool
	}{
		{"no limit, none cut", limits(0, 0), nil, true},
		{"limits are not known, none cut", nil, nil, true},
		{"limits are not known, one cut", nil, []int{2}, false},
		{"no limit, one cut", limits(0, 0), []int{2}, false},
		{"another document's limit", limits(0, 100), []int{2}, false},
		{"all fit", limits(30, 0), nil, true},
		{"less was left than the limit", limits(1000, 0), []int{2}, true},
		{"29 are quoted, of at most 28", limits(28, 0), nil, false},
		{"the last is cut", limits(28, 0), []int{4}, true},
		{"a long one is cut, a short one fits", limits(22, 0), []int{2}, true},
		{"both are cut", limits(20, 0), []int{2, 4}, true},
		{"21 were left", limits(1000, 0), []int{2, 4}, true},
		{"the first is never cut", limits(1000, 0), []int{0}, false},
		{"nor the second, which is new", limits(1000, 0), []int{1}, false},
		{"all are cut", limits(1000, 0), []int{0, 1, 2, 4}, false},
		{"the only one of the other document", limits(0, 10), []int{3}, false},
		{"the model was given more than may be quoted", limits(19, 0), []int{2, 4}, false},
	} {
		c.Limits, c.Quotes = tt.limits, slices.Clone(made)
		for _, i := range tt.cut {
			c.Quotes[i].End = c.Quotes[i].Start
		}
		if err := c.CompareQuotes(made); (err == nil) != tt.ok || err != nil && !errors.Is(err, compose.ErrDiffers) {
			t.Errorf("%s: %v, want ok %t", tt.name, err, tt.ok)
		}
	}
	for name, change := range map[string]func(q *dsai.Quote){
		"another passage":      func(q *dsai.Quote) { q.N = 1 },
		"another start":        func(q *dsai.Quote) { q.Start++ },
		"shorter":              func(q *dsai.Quote) { q.End-- },
		"cut at another place": func(q *dsai.Quote) { q.Start = q.End },
	} {
		c.Limits, c.Quotes = limits(1000, 1000), slices.Clone(made)
		change(&c.Quotes[4])
		if err := c.CompareQuotes(made); !errors.Is(err, compose.ErrDiffers) {
			t.Errorf("%s: %v, want %v", name, err, compose.ErrDiffers)
		}
	}
}

// Whatever was left to quote, what the node then quotes is explained by it.
func TestReplayExplainsWhatNodesQuote(t *testing.T) {
	id := dsai.DocumentID{Digest: dsai.Hash("one")}
	bodies := []dsai.PassageBody{{Text: "é23456789", Start: 3, End: 13}, {Text: "b2345", Start: 13, End: 18}}
	spans := []dsai.Quote{{N: 1, Start: 3, End: 13}, {N: 2, Start: 13, End: 15}, {N: 1, Start: 5, End: 8}, {N: 2, Start: 13, End: 18}, {N: 1, Start: 3, End: 5}, {N: 2, Start: 14, End: 18}}
	const given, most = 14, 40
	for left := given; left <= most; left++ {
		for turn := range spans {
			made := append(slices.Clone(spans[turn:]), spans[:turn]...)
			ev := &pipeline.Evidence{}
			for _, b := range bodies {
				ev.Passages = append(ev.Passages, pipeline.Passage{Body: b, Use: dsai.Use{Document: id}, QuoteMax: left})
			}
			said := pipeline.NewSentences(ev, func(pipeline.Piece) error { return nil })
			if err := said.Release("x", slices.Clone(made)); err != nil {
				t.Fatal(err)
			}
			c := compose.Claim{Passages: bodies, Quotes: said.Quotes, Limits: []compose.Limit{{Document: id, Most: most}, {Document: id, Most: most}}}
			if err := c.CompareQuotes(made); err != nil {
				t.Errorf("%d left of %d, quotes %v: %v", left, most, said.Quotes, err)
			}
		}
	}
}
