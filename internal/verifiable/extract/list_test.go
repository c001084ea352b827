// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package extract_test

import (
	"errors"
	"slices"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/extract"
)

// TestList lists passages that answer nothing, each once and in their order.
func TestList(t *testing.T) {
	for _, c := range []struct {
		question string
		want     []string // quotes, "" for any
	}{
		{"how wide is the well", []string{"The well is 42 metres deep.", ""}},
		{"rehydration", []string{"Wash your hands first."}}, // in the title alone
		{"who greases the pump", []string{"- Monday: Halima greases the pump."}},
	} {
		in := library(shelf, c.question)
		in.Floor = 10000 // of answers, which a search gives none of
		a, err := extract.List(lex, in)
		if err != nil || len(a.Quotes) != len(in.Passages) || len(in.Passages) != len(c.want) {
			t.Errorf("List(%q) = %d of %d passages, %v, want %d", c.question, len(a.Quotes), len(in.Passages), err, len(c.want))
			continue
		}
		for i, q := range quoted(in, a) {
			if a.Quotes[i].N != i+1 || c.want[i] != "" && q != c.want[i] {
				t.Errorf("List(%q)[%d] = [%d] %q, want %q", c.question, i, a.Quotes[i].N, q, c.want[i])
			}
		}
		if a.Trace.Engine != extract.SearchVersion || a.Trace.Threshold != 0 {
			t.Errorf("List(%q) traces %s, want %s and no threshold", c.question, a.Trace.Bytes(), extract.SearchVersion)
		}
		if err := extract.Replay(lex, in, claim(in, a)); err != nil {
			t.Errorf("Replay of List(%q): %v", c.question, err)
		}
		answered := claim(in, a)
		answered.Engine = extract.Version
		if err := extract.Replay(lex, in, answered); err == nil {
			t.Errorf("Replay(%q) takes a list for an answer", c.question)
		}
		a.Quotes[0].End--
		if err := extract.Replay(lex, in, claim(in, a)); err == nil {
			t.Errorf("Replay of List(%q) takes another quote", c.question)
		}
	}
}

// TestListErrors leaves it to retrieval to find something, in the order of its ranking.
func TestListErrors(t *testing.T) {
	in := library(shelf, "how wide is the well")
	slices.Reverse(in.Passages)
	if _, err := extract.List(lex, in); !errors.Is(err, extract.ErrOrder) {
		t.Errorf("List of another order = %v, want ErrOrder", err)
	}
	in.Passages = nil
	if r, ok := errors.AsType[*dsai.Refusal](func() error { _, err := extract.List(lex, in); return err }()); !ok || r.Code != dsai.CodeNoEvidence {
		t.Errorf("List of nothing = %v, want no_evidence", r)
	}
}
