// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/view"
)

// streaming begins an answer by the slow engine and returns when its first
// sentence has left the node.
func streaming(t *testing.T) (n *node.Node, s *slow, doc string, left *pieces, stop context.CancelFunc, done chan error) {
	t.Helper()
	n = open(t, found(t, t.TempDir()))
	doc = lend(t, n)
	s = newSlow(t)
	call[view.Model](t, n, "model.add", node.ModelArgs{Name: "slow", URL: s.URL + "/v1"})
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	left, done = newPieces(), make(chan error, 1)
	go func() {
		var a node.Asked
		done <- n.Methods().Call(ctx, "ask", node.AskArgs{Question: question, Model: "slow"}, left.take, &a)
	}()
	s.sentences <- "Mix six level teaspoons of sugar into the water [1]. "
	s.sentences <- "Add half a level teaspoon of salt [1]. "
	within(t, "first sentence", left.first)
	return n, s, doc, left, stop, done
}

func TestClientGoesAway(t *testing.T) {
	t.Parallel()
	n, s, _, left, stop, done := streaming(t)
	stop()
	within(t, "end of the call", done)
	within(t, "end of the upstream request", s.gone)
	r := lastReceipt(t, n)
	if r.Ended != dsai.EndedCancelled {
		t.Errorf("receipt ended %q, want %q", r.Ended, dsai.EndedCancelled)
	}
	raw := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: "last"})
	var b struct {
		Openings dsai.Openings `json:"openings"`
	}
	if err := json.Unmarshal(raw, &b); err != nil {
		t.Fatal(err)
	}
	if b.Openings.Response == nil || b.Openings.Response.Text != left.String() {
		t.Errorf("receipt says that %+v left, want %q", b.Openings.Response, left)
	}
}

func TestWithdrawnWhileStreaming(t *testing.T) {
	t.Parallel()
	n, s, doc, left, _, done := streaming(t)
	call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: doc})
	acknowledged := left.String()
	select { // the server goes on, if anybody still listens
	case s.sentences <- "Throw away what is left after 24 hours [1]. And more. ":
	case <-s.gone:
	}
	if err := within(t, "end of the answer", done); err != nil {
		t.Errorf("ask = %v, want an answer that ended early", err)
	}
	if got := left.String(); got != acknowledged {
		t.Errorf("after the acknowledgement %q left the node", strings.TrimPrefix(got, acknowledged))
	}
	if r := lastReceipt(t, n); r.Ended != dsai.EndedRevoked {
		t.Errorf("receipt ended %q, want %q", r.Ended, dsai.EndedRevoked)
	}
	if why := verified(t, n, "last", n.Trust()); why != "" {
		t.Errorf("verify receipt of the cut answer = %s, want ok", why)
	}
	if c := complaints(t, n); c != nil {
		t.Errorf("fsck = %q", c)
	}
}

// A withdrawal in the second of an answer must not make that answer look like
// misuse to an auditor.
func TestWithdrawnInTheSameSecond(t *testing.T) {
	t.Parallel()
	n := open(t, found(t, t.TempDir()))
	doc := lend(t, n)
	ask(t, n)
	call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: doc})
	if why := verified(t, n, "last", n.Trust()); why != "" {
		t.Errorf("verify an answer from just before the withdrawal = %s, want ok", why)
	}
}

// interrupted is a context that ends at its nth use.
type interrupted struct {
	context.Context
	left   *int
	cancel context.CancelFunc
}

func (c interrupted) Done() <-chan struct{} {
	if *c.left--; *c.left <= 0 {
		c.cancel()
	}
	return c.Context.Done()
}

func (c interrupted) Err() error { c.Done(); return c.Context.Err() }

// Wherever the sender of a withdrawal goes away: once the node would hand out
// the receipt, nothing withdrawn is served.
func TestWithdrawalInterrupted(t *testing.T) {
	t.Parallel()
	n := open(t, found(t, t.TempDir()))
	for left := 1; left < 12; left++ {
		doc := lend(t, n)
		if a := ask(t, n); a.Refusal != nil {
			t.Fatalf("ask = %+v, want an answer", a.Refusal)
		}
		ctx, cancel := context.WithCancel(t.Context())
		uses := left
		err := n.Methods().Call(interrupted{ctx, &uses, cancel}, "consent.revoke", node.RevokeArgs{Ref: doc}, nil, nil)
		cancel()
		cs := call[[]view.Consent](t, n, "consent.list", nil)
		a := ask(t, n)
		if (err == nil || cs[0].State == "revoked") && a.Refusal == nil {
			t.Fatalf("interrupted at use %d: revoke = %v, consent %s, and ask still answers", left, err, cs[0].State)
		}
		if a.Refusal == nil {
			call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: doc})
		}
		if c := complaints(t, n); c != nil {
			t.Fatalf("interrupted at use %d: fsck = %q", left, c)
		}
	}
}

// A document that was added twice on different terms is withdrawn by its name
// as a whole: no older consent goes on.
func TestWithdrawDocumentUnderTwoConsents(t *testing.T) {
	t.Parallel()
	n := open(t, found(t, t.TempDir()))
	doc := lend(t, n)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}, For: []string{"answers", "care"}})
	if a := ask(t, n); a.Refusal != nil {
		t.Fatalf("ask = %+v, want an answer", a.Refusal)
	}
	call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: doc})
	if a := ask(t, n); a.Refusal == nil {
		t.Errorf("ask after the withdrawal = %q, want a refusal", a.Answer)
	}
}

// New terms replace old ones: what they no longer allow is not served.
func TestNarrowerTermsHold(t *testing.T) {
	t.Parallel()
	n := open(t, found(t, t.TempDir()))
	doc := lend(t, n)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}, For: []string{"care"}})
	if a := ask(t, n); a.Refusal == nil {
		t.Errorf("ask for a purpose that the newer consent left out = %q, want a refusal", a.Answer)
	}
}
