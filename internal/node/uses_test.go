// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/internal/view"
)

// listed is what a contributor sees of a document in one word and a code.
func listed(t testing.TB, n *node.Node, d node.ContributedDoc) (out []string) {
	t.Helper()
	for _, u := range call[[]view.Use](t, n, "uses", node.ListArgs{Ref: d.ID.String()}) {
		s := u.Outcome
		if u.Code != "" {
			s += ": " + string(u.Code)
		}
		out = append(out, s)
	}
	return out
}

func wantListed(t testing.TB, n *node.Node, what string, d node.ContributedDoc, want ...string) {
	t.Helper()
	got := listed(t, n, d)
	if len(got) != len(want) {
		t.Errorf("uses of %s = %q, want %q", what, got, want)
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("uses of %s = %q, want %q", what, got, want)
			return
		}
	}
}

// TestRefusedQuestionIsListed asks what a document tells that may not be used,
// while one that may be used shares a word with the question and does not tell.
func TestRefusedQuestionIsListed(t *testing.T) {
	n, _ := home(t)
	withheld, _ := lend(t, n, node.Contribution{For: []string{"care"}}, rehydration)
	thin, _ := lend(t, n, node.Contribution{}, "# Tanks\n\nThe water in the tanks is changed every three months.\n")
	distant, _ := lend(t, n, node.Contribution{For: []string{"care"}}, "# Roads\n\nThe bridge was closed after the storm, and the road beside the clean river is narrow.\n")
	_, err := askWith(t, n, howMuch, ignore)
	if no, ok := errors.AsType[*dsai.Refusal](err); !ok || no.Code != dsai.CodeNoEvidence {
		t.Fatalf("ask = %v, want %s", err, dsai.CodeNoEvidence)
	}
	wantListed(t, n, "what was withheld", withheld, "refused: no_grant")
	wantListed(t, n, "what was found", thin, "unanswered: no_evidence")
	wantListed(t, n, "what shares a word", distant)

	// It is no use: nothing was answered from it.
	for _, d := range call[[]view.Document](t, n, "docs.list", nil) {
		if d.Uses != 0 || d.LastUse != 0 {
			t.Errorf("%s: %d uses, the last at %s, want none", d.Short, d.Uses, d.LastUse)
		}
	}
	raw := call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: thin.Path})
	w, err := vc.Open[dsai.WithdrawalReceipt](raw, dsai.TypeWithdrawalReceipt)
	if err != nil || w.Subject.Uses != 0 || w.Subject.LastUse != 0 {
		t.Errorf("withdrawal = %+v, %v, want no uses", w.Subject, err)
	}
}

// TestUsedUpQuotesAreListed asks until no more of a document may be quoted.
func TestUsedUpQuotesAreListed(t *testing.T) {
	n, _ := home(t)
	doc, _ := lend(t, n, node.Contribution{QuoteMax: 150}, rehydration) // one answer quotes some hundred
	if _, err := askWith(t, n, howMuch, ignore); err != nil {
		t.Fatal(err)
	}
	_, err := askWith(t, n, howMuch, ignore)
	if no, ok := errors.AsType[*dsai.Refusal](err); !ok || no.Code != dsai.CodeNoGrant {
		t.Fatalf("ask again = %v, want %s", err, dsai.CodeNoGrant)
	}
	wantListed(t, n, "the document", doc, "refused: no_grant", "answered")
}

// TestUnansweredByAnyEngine has another engine than the quoting one refuse.
func TestUnansweredByAnyEngine(t *testing.T) {
	n, _ := home(t)
	doc, _ := lend(t, n, node.Contribution{}, rehydration)
	n.SetEngine(func(context.Context, *pipeline.Evidence, emitter) (*pipeline.Output, error) {
		return nil, &dsai.Refusal{Code: dsai.CodeNoEvidence}
	})
	if _, err := askWith(t, n, howMuch, ignore); err == nil {
		t.Fatal("ask = nil, want a refusal")
	}
	wantListed(t, n, "the document", doc, "unanswered: no_evidence")
}
