// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/verify"
)

// seen keeps what a replayer was given.
type seen struct {
	node.Replayer
	last verify.Replay
}

func (s *seen) Replay(r verify.Replay) error {
	s.last = r
	return s.Replayer.Replay(r)
}

// TestSearchLists has a search list what is ranked where an answer is refused for
// want of evidence, with a receipt that can be replayed and says what it is.
func TestSearchLists(t *testing.T) {
	n, _ := home(t)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{write(t, "oral.md", rehydration),
		write(t, "sugar.md", "# Sugar\n\nThe shop by the clinic sells sugar on market days.\n")}})
	const query = "price of sugar in Nairobi"
	if a := call[node.Asked](t, n, "ask", node.AskArgs{Question: query}); a.Refusal == nil || a.Refusal.Code != dsai.CodeNoEvidence {
		t.Fatalf("ask %q = %+v, want %s", query, a, dsai.CodeNoEvidence)
	}
	a := call[node.Asked](t, n, "ask", node.AskArgs{Question: query, Search: true})
	if a.Refusal != nil || len(a.Citations) != 2 {
		t.Fatalf("search %q = %+v, %+v, want both passages", query, a.Refusal, a.Citations)
	}
	for i, c := range a.Citations {
		if c.N != i+1 || !strings.Contains(strings.ToLower(c.Quote), "sugar") {
			t.Errorf("search %q lists [%d] %q at %d", query, c.N, c.Quote, i)
		}
	}
	s := &seen{}
	res, err := verify.Bundle(call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: "last"}), verify.Options{Trust: n.Trust(), Replayer: s})
	if err != nil || !res.OK || !res.Replayed {
		t.Fatalf("verify the search = %+v, %v, want ok and replayed", res, err)
	}
	if r := s.last.Receipt; slices.Contains(r.Operations, dsai.OpInfer) || r.Model.Engine != "search/1" {
		t.Errorf("receipt of a search says %q by %s", r.Operations, r.Model.Engine)
	}
	// What an answer rests on is not to be listed without a threshold.
	forged := s.last
	forged.Receipt.Operations = append(slices.Clone(forged.Receipt.Operations), dsai.OpInfer)
	if err := s.Replayer.Replay(forged); err == nil || !strings.Contains(err.Error(), "operations of engine search/1") {
		t.Errorf("replay a search that says it answered = %v, want an error", err)
	}

	call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: "sugar.md"})
	if a := call[node.Asked](t, n, "ask", node.AskArgs{Question: query, Search: true}); a.Refusal != nil || len(a.Citations) != 1 {
		t.Errorf("search after a withdrawal = %+v, %+v, want one passage", a.Refusal, a.Citations)
	}
	if a := call[node.Asked](t, n, "ask", node.AskArgs{Question: query, Search: true, Purpose: "marketing"}); a.Refusal == nil || a.Refusal.Code != dsai.CodeNoGrant {
		t.Errorf("search for marketing = %+v, want %s", a.Refusal, dsai.CodeNoGrant)
	}
}

// TestSearchWithinQuota lists as far as a limit on quotation goes.
func TestSearchWithinQuota(t *testing.T) {
	for _, tc := range []struct{ most, want int }{{0, 2}, {60, 1}} {
		n, _ := home(t)
		doc := write(t, "wells.md", "# Upper well\n\nThe upper well gives water all year.\n\n# Lower well\n\nThe lower well gives water in the rains alone.\n")
		call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}, QuoteMax: tc.most})
		a := call[node.Asked](t, n, "ask", node.AskArgs{Question: "well", Search: true})
		if a.Refusal != nil || len(a.Citations) != tc.want {
			t.Fatalf("search within %d characters = %+v, %+v, want %d passages", tc.most, a.Refusal, a.Citations, tc.want)
		}
		res, err := verify.Bundle(call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: "last"}), verify.Options{Trust: n.Trust(), Replayer: node.Replayer{}})
		if err != nil || !res.OK || !res.Replayed {
			t.Errorf("verify the search = %+v, %v, want ok and replayed", res, err)
		}
	}
}
