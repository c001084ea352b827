// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"encoding/json"
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

// addAs lends a file with these words in a member's name.
func addAs(t testing.TB, n *node.Node, member, name, text string) node.ContributedDoc {
	t.Helper()
	added := call[node.Contributed](t, n, "add", node.Contribution{Member: member, Paths: []string{write(t, name, text)}})
	if len(added.Documents) != 1 {
		t.Fatalf("add %s = %+v, want one document", name, added)
	}
	return added.Documents[0]
}

// state returns the state of a document as lists show it.
func state(t testing.TB, n *node.Node, id dsai.DocumentID) string {
	t.Helper()
	for _, d := range call[[]view.Document](t, n, "docs.list", nil) {
		if d.ID == id {
			return d.State
		}
	}
	t.Fatalf("document %v is not listed", id)
	return ""
}

// TestWithdrawnDuringAddition withdraws a document while an addition that read a
// copy of it goes on: the library does not know the copy yet. A long copy is in
// the store by then, a short one waits for more.
func TestWithdrawnDuringAddition(t *testing.T) {
	for name, rest := range map[string]string{"stored": strings.Repeat("\n\n## Rinsing\n\nBoats are rinsed with fresh water.\n", 600), "gathered": ""} {
		t.Run(name, func(t *testing.T) {
			n, _ := home(t)
			call[node.MemberShown](t, n, "member.add", node.MemberArgs{Name: "Bob"})
			mine := addAs(t, n, "", "oral.md", rehydration+rest)
			copied, other := write(t, "copy.md", rehydration+rest), write(t, "tanks.md", "# Tanks\n\nThe tanks are cleaned every three months.\n")
			var receipt vc.Sealed[dsai.WithdrawalReceipt]
			added, err := n.Contribute(t.Context(), node.Contribution{Member: "Bob", Paths: []string{copied, other}}, func(p any) {
				if p, ok := p.(ingest.Progress); !ok || p.Path != copied {
					return
				}
				raw := call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: mine.Path})
				var err error
				if receipt, err = vc.Open[dsai.WithdrawalReceipt](raw, dsai.TypeWithdrawalReceipt); err != nil {
					t.Error(err)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(added.Documents, func(d node.ContributedDoc) bool { return d.Path == copied })
			if i < 0 {
				t.Fatalf("add = %+v, want %s among the documents", added, copied)
			}
			id := added.Documents[i].ID
			if stored := rest != ""; slices.Contains(receipt.Subject.Quarantine, id) != stored {
				t.Errorf("the withdrawal's receipt sets %v aside, want %v among them: %t", receipt.Subject.Quarantine, id, stored)
			}
			if s := state(t, n, id); s != "quarantined" {
				t.Errorf("the copy is %q, want quarantined", s)
			}
			if a := call[node.Asked](t, n, "ask", node.AskArgs{Question: howMuch}); a.Refusal == nil {
				t.Errorf("ask = %q, want a refusal", a.Answer)
			}
		})
	}
}

// TestWithdrawnWhileAway withdraws a document that lists show in another state:
// its file was deleted, or it is set aside itself.
func TestWithdrawnWhileAway(t *testing.T) {
	n, _ := home(t)
	for _, name := range []string{"Bob", "Chen"} {
		call[node.MemberShown](t, n, "member.add", node.MemberArgs{Name: name})
	}
	mine := addAs(t, n, "", "oral.md", rehydration)
	call[int](t, n, "gone", node.GoneArgs{Paths: []string{mine.Path}})
	call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: mine.Path})
	if s := state(t, n, mine.ID); s != "deleted" {
		t.Errorf("the withdrawn document is %q, want deleted", s)
	}
	bobs := addAs(t, n, "Bob", "copy.md", rehydration)
	if s := state(t, n, bobs.ID); s != "quarantined" {
		t.Errorf("a copy of a withdrawn document whose file is gone is %q, want quarantined", s)
	}
	if a := call[node.Asked](t, n, "ask", node.AskArgs{Question: howMuch}); a.Refusal == nil {
		t.Errorf("ask = %q, want a refusal", a.Answer)
	}
	// Amina lends hers again, so only Bob's withdrawal is left.
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{mine.Path}})
	call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: bobs.Path})
	chens := addAs(t, n, "Chen", "other.md", rehydration)
	if s := state(t, n, chens.ID); s != "quarantined" {
		t.Errorf("a copy of a withdrawn document that is set aside is %q, want quarantined", s)
	}
	again := call[node.Contributed](t, n, "add", node.Contribution{Member: "Bob", Paths: []string{filepath.Dir(bobs.Path)}})
	if len(again.Documents) != 0 {
		t.Errorf("adding the folder of a withdrawn document lends %+v, want nothing", again.Documents)
	}
}
