// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/ingest"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/internal/view"
)

// TestWithdrawnWhileAdded withdraws a document while an addition of it under other
// terms is under way, by whichever name: once the withdrawal is acknowledged, the
// document is not lent before somebody adds it again.
func TestWithdrawnWhileAdded(t *testing.T) {
	const before, between, signed = "before the look", "between look and signature", "after the signature"
	for _, when := range []string{before, between, signed} {
		for _, what := range []string{"folder", "file", "file into a collection", "folder under two consents"} {
			for _, by := range []string{"consent", "document"} {
				t.Run(fmt.Sprintf("%s/%s/%s", when, what, by), func(t *testing.T) {
					t.Parallel()
					n, _ := home(t)
					doc := write(t, "oral.md", rehydration)
					first := []string{doc}
					if what == "folder under two consents" { // so that the old one is not replaced
						first = append(first, write(t, "salt.md", "# Salt\n\nThe salt stands on the upper shelf.\n"))
					}
					old := call[node.Contributed](t, n, "add", node.Contribution{Paths: first})
					ref := old.Consent.String()
					if by == "document" {
						ref = doc
					}
					revoke := func() error {
						return n.Methods().Call(t.Context(), "consent.revoke", node.RevokeArgs{Ref: ref}, nil, nil)
					}
					acknowledged := make(chan error, 1)
					c := node.Contribution{Paths: []string{filepath.Dir(doc)}, For: []string{"answers", "care"}}
					if strings.HasPrefix(what, "file") {
						c.Paths = []string{doc}
					}
					if strings.HasSuffix(what, "collection") {
						c.Collection = "notes"
					}
					n.OnAddition(func() {
						if when != between {
							return
						}
						arrived := make(chan struct{})
						n.OnWithdrawal(func() { close(arrived) })
						go func() { acknowledged <- revoke() }()
						<-arrived // it waits for its turn
					})
					_, err := n.Contribute(t.Context(), c, func(p any) {
						if p, ok := p.(ingest.Progress); ok && p.Path == doc && when == before && len(acknowledged) == 0 {
							acknowledged <- revoke()
						}
					})
					n.OnAddition(nil)
					if err != nil {
						t.Fatal(err)
					}
					if when == signed {
						// Two consents beside one another were shown to whoever withdraws one.
						if what == "folder under two consents" || what == "file into a collection" {
							ref = doc
						}
						acknowledged <- revoke()
					}
					select {
					case err = <-acknowledged:
					case <-t.Context().Done():
						err = t.Context().Err()
					}
					if err != nil {
						t.Fatalf("revoke = %v", err)
					}
					if asked(t, n, "") {
						t.Error("the document answers")
					}
					if s := state(t, n, old.Documents[0].ID); s != "withdrawn" {
						t.Errorf("the document is %q, want withdrawn", s)
					}
					call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{filepath.Dir(doc)}})
					if asked(t, n, "") {
						t.Error("adding the folder afterwards lends the document")
					}
					call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}})
					if !asked(t, n, "") {
						t.Error("a document that was added again does not answer")
					}
					fsck(t, n)
				})
			}
		}
	}
}

// TestStays withdraws a consent of whose documents another lends one on: the
// receipt tells them apart, as the preview does.
func TestStays(t *testing.T) {
	n, _, tick := ticking(t)
	doc, other := write(t, "oral.md", rehydration), write(t, "salt.md", "# Salt\n\nThe salt stands on the upper shelf.\n")
	both := call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc, other}})
	tick()
	alone := call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}, For: []string{"answers", "care"}})
	id := alone.Documents[0].ID
	p := call[view.Withdrawal](t, n, "consent.preview", node.Ref{Ref: both.Consent.String()})
	raw := call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: both.Consent.String()})
	w, err := vc.Open[dsai.WithdrawalReceipt](raw, dsai.TypeWithdrawalReceipt)
	if err != nil {
		t.Fatal(err)
	}
	want := []dsai.DocumentID{id}
	if !slices.Equal(w.Subject.Stay, want) || !slices.Equal(p.Stay, want) || len(w.Subject.Documents) != 2 || len(p.Leaving()) != 1 || len(p.Staying()) != 1 {
		t.Errorf("receipt says that %v of %v stay, the preview %v, want %v of two", w.Subject.Stay, w.Subject.Documents, p.Stay, want)
	}
	if !asked(t, n, "") {
		t.Error("a document that stays does not answer")
	}
	raw = call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: doc})
	if w, err = vc.Open[dsai.WithdrawalReceipt](raw, dsai.TypeWithdrawalReceipt); err != nil || len(w.Subject.Stay) != 0 {
		t.Errorf("receipt says that %v stay, %v, want none", w.Subject.Stay, err)
	}
	wantRefused(t, n, howMuch, dsai.CodeNoGrant)
}

// TestReplacedConsent withdraws a consent that another one replaced: that goes too.
func TestReplacedConsent(t *testing.T) {
	n, _, tick := ticking(t)
	doc := write(t, "oral.md", rehydration)
	old := call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}})
	tick()
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}, For: []string{"answers", "care"}})
	p := call[view.Withdrawal](t, n, "consent.preview", node.Ref{Ref: old.Consent.String()})
	raw := call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: old.Consent.String()})
	w, err := vc.Open[dsai.WithdrawalReceipt](raw, dsai.TypeWithdrawalReceipt)
	if err != nil || len(w.Subject.Stay)+len(p.Stay) != 0 || len(p.Leaving()) != 1 {
		t.Errorf("receipt says that %v stay, the preview %v, %v, want none", w.Subject.Stay, p.Stay, err)
	}
	wantRefused(t, n, howMuch, dsai.CodeNoGrant)
}
