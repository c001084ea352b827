// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package node_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/view"
)

// Withdrawing many documents takes time in proportion to their number, though
// all have the same bytes and somebody else lent each of them too.
func TestWithdrawManyCopies(t *testing.T) {
	took := func(many int) time.Duration {
		n, _ := home(t)
		dir := t.TempDir()
		for i := range many {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("d%d.md", i)), []byte("# Water\n\nBoil it for one minute.\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		mine := call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{dir}})
		if _, err := n.AddMember(t.Context(), "Bea"); err != nil {
			t.Fatal(err)
		}
		call[node.Contributed](t, n, "add", node.Contribution{Member: "Bea", Paths: []string{dir}})
		var ids []dsai.DocumentID
		for _, d := range mine.Documents[1:] {
			ids = append(ids, d.ID)
		}
		start := cpu(t)
		if _, err := n.Withdraw(t.Context(), mine.Consent, ids, ""); err != nil {
			t.Fatal(err)
		}
		return cpu(t) - start
	}
	few, many := took(50), took(400)
	t.Logf("withdrawing 49 documents: %v of CPU, 399: %v", few, many)
	if many > 24*few {
		t.Errorf("withdrawing eight times as many documents takes %v of CPU, not %v: more than three times in proportion", many, few)
	}
}

// One of two consents that a document was lent under ends: that is no withdrawal
// of the document, as its uses tell it.
func TestOneOfTwoConsentsEnds(t *testing.T) {
	n, _ := home(t)
	doc := write(t, "fever.md", rehydration)
	first := call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc, write(t, "other.md", "Boil the water for one minute.\n")}})
	second := call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}, Sensitive: true})
	if first.Consent == second.Consent {
		t.Fatal("both additions are under one consent")
	}
	withdrawn := func() (count int) {
		for _, u := range call[[]view.Use](t, n, "uses", node.ListArgs{Ref: doc}) {
			if u.Outcome == "withdrawn" {
				count++
			}
		}
		return count
	}
	call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: first.Consent.String()})
	if got := withdrawn(); got != 0 {
		t.Errorf("uses tell of %d withdrawals while the document is lent under another consent", got)
	}
	call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: doc})
	if got := withdrawn(); got != 1 {
		t.Errorf("uses tell of %d withdrawals, want 1", got)
	}
}
