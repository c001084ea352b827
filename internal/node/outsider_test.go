// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/view"
	"dsai.example/dsai/verify"
)

// TestOutsidersLearnNoMore asks with an API key: the receipt must not give what
// the answer did not.
func TestOutsidersLearnNoMore(t *testing.T) {
	n, _ := home(t)
	doc := write(t, "oral.md", rehydration)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}})
	key := call[node.NewKeyResult](t, n, "key.new", node.NewKeyArgs{Name: "app", For: []string{"answers", "marketing"}})
	ask := func(question, purpose string) (*pipeline.Requester, *pipeline.Receipt, error) {
		t.Helper()
		who, _, err := n.Authenticate(t.Context(), key.Secret)
		if err != nil {
			t.Fatal(err)
		}
		r, err := n.Ask(t.Context(), &pipeline.Request{Question: pipeline.Text(question), Purpose: purpose, Requester: *who},
			func(pipeline.Piece) error { return nil })
		return who, r, err
	}
	const question = "How much sugar and salt for one litre of clean water?"
	who, rec, err := ask(question, "")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := n.BundleFor(t.Context(), who, rec.Digest.String())
	if err != nil {
		t.Fatal(err)
	}
	var b dsai.Bundle
	if err := json.Unmarshal(raw, &b); err != nil {
		t.Fatal(err)
	}
	if o := b.Openings; o == nil || o.Response == nil || o.Passages != nil || o.Terms != nil || o.Excluded != nil {
		t.Errorf("openings for an outsider = %+v, want the response, and no passages, terms or exclusions", o)
	}
	if res, err := verify.Bundle(raw, verify.Options{Trust: n.Trust()}); err != nil || !res.OK {
		t.Errorf("verify = %+v, %v, want ok", res, err)
	}

	_, rec, err = ask(question, "marketing")
	no, ok := errors.AsType[*dsai.Refusal](err)
	if !ok || no.Code != dsai.CodeNoGrant {
		t.Fatalf("ask for marketing = %v, want %s inside the node", err, dsai.CodeNoGrant)
	}
	if raw, err = n.BundleFor(t.Context(), who, rec.Digest.String()); err != nil || strings.Contains(string(raw), string(dsai.CodeNoGrant)) {
		t.Errorf("bundle of a refusal for an outsider, %v, says %s: %.600s", err, dsai.CodeNoGrant, raw)
	}
	list, err := n.ReceiptsFor(t.Context(), who, view.Page{})
	if err != nil || len(list) != 2 || list[0].Code != dsai.CodeNoEvidence {
		t.Errorf("receipts for an outsider = %+v, %v, want the newest as %s", list, err, dsai.CodeNoEvidence)
	}
}

// TestWithdrawnBytesStayAway adds what another member withdrew.
func TestWithdrawnBytesStayAway(t *testing.T) {
	n, _ := home(t)
	call[node.MemberShown](t, n, "member.add", node.MemberArgs{Name: "Bob"})
	doc := write(t, "oral.md", rehydration)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}})
	early := write(t, "early.md", rehydration)
	call[node.Contributed](t, n, "add", node.Contribution{Member: "Bob", Paths: []string{early}})
	// Changing the file first must not leave the copy of what it was.
	if err := os.WriteFile(doc, []byte(rehydration+"\nStir well.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}})
	call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: doc})
	late := write(t, "late.md", rehydration+"\nStir well.\n")
	call[node.Contributed](t, n, "add", node.Contribution{Member: "Bob", Paths: []string{late}})
	later := write(t, "later.md", rehydration) // what it was, once more
	call[node.Contributed](t, n, "add", node.Contribution{Member: "Bob", Paths: []string{later}})
	for _, d := range call[[]view.Document](t, n, "docs.list", nil) {
		if d.Owner == "Bob" && d.State != "quarantined" {
			t.Errorf("%s of Bob is %q, want quarantined", d.Title, d.State)
		}
	}
	if a := call[node.Asked](t, n, "ask", node.AskArgs{Question: "How much sugar and salt for one litre of clean water?"}); a.Refusal == nil {
		t.Errorf("ask = %q, want a refusal", a.Answer)
	}
}

// TestOperatorKey makes a key that reads what the operator reads, beside one that does not.
func TestOperatorKey(t *testing.T) {
	n, _ := home(t)
	for name, operator := range map[string]bool{"app": false, "dashboard": true} {
		key := call[node.NewKeyResult](t, n, "key.new", node.NewKeyArgs{Name: name, Operator: operator})
		who, _, err := n.Authenticate(t.Context(), key.Secret)
		if err != nil || who.Entitled != operator {
			t.Errorf("Authenticate with a key whose operator is %v = entitled %v, %v", operator, who.Entitled, err)
		}
		for _, k := range call[[]view.Key](t, n, "key.list", nil) {
			if k.Name == name && k.Operator != operator {
				t.Errorf("key.list = %+v, want operator %v", k, operator)
			}
		}
		call[json.RawMessage](t, n, "key.revoke", node.Ref{Ref: name})
		if _, _, err := n.Authenticate(t.Context(), key.Secret); !errors.Is(err, view.ErrUnauthorized) {
			t.Errorf("Authenticate with a revoked key = %v, want %v", err, view.ErrUnauthorized)
		}
	}
}
