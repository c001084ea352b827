// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/internal/view"
	"dsai.example/dsai/verify"
)

// ticking lets a test move the clock: which consent is newer is told by seconds.
func ticking(t testing.TB) (*node.Node, node.Config, func()) {
	t.Helper()
	n, cfg := home(t)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	cfg.Now = func() time.Time { return now }
	return reopen(t, cfg), cfg, func() { now = now.Add(time.Second) }
}

func asked(t testing.TB, n *node.Node, purpose string) bool {
	t.Helper()
	return call[node.Asked](t, n, "ask", node.AskArgs{Question: howMuch, Purpose: purpose}).Refusal == nil
}

// TestNewestGoverns joins a document to a collection before and after it was
// lent by itself: what was said last about it decides, also when that ends.
func TestNewestGoverns(t *testing.T) {
	n, cfg, tick := ticking(t)
	doc := write(t, "oral.md", rehydration)
	lend := func(collection string, purposes ...string) node.Contributed {
		t.Helper()
		tick()
		return call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}, For: purposes, Collection: collection})
	}
	care := lend("care", "care")
	if asked(t, n, "answers") || !asked(t, n, "care") {
		t.Fatal("a collection for care permits answers, or not care")
	}
	lend("", "answers")
	if !asked(t, n, "answers") || asked(t, n, "care") {
		t.Fatal("a newer consent by itself does not decide")
	}
	again := lend("care")
	if again.Consent != care.Consent || again.Joined != 1 {
		t.Fatalf("joining again = consent %s, %d joined, want %s and 1", again.Consent, again.Joined, care.Consent)
	}
	if asked(t, n, "answers") || !asked(t, n, "care") {
		t.Fatal("the collection that was joined last does not decide")
	}
	if again = lend("care"); again.Joined != 0 {
		t.Errorf("joining twice signs %d additions, want none", again.Joined)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = reopen(t, cfg)
	if asked(t, n, "answers") || !asked(t, n, "care") {
		t.Fatal("after a restart another consent decides")
	}
	call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: "care"})
	if asked(t, n, "answers") || asked(t, n, "care") {
		t.Error("an older consent takes over from a withdrawn collection")
	}
	if rep := call[node.FsckReport](t, n, "fsck", nil); !rep.OK {
		t.Errorf("fsck = %+v", rep)
	}
}

// TestAdditionInBundle checks that a bundle carries the addition under which a
// passage was used, and is not ok without it.
func TestAdditionInBundle(t *testing.T) {
	n, _ := home(t)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{write(t, "oral.md", rehydration)}, Collection: "notes"})
	if !asked(t, n, "") {
		t.Fatal("a document of a collection does not answer")
	}
	raw := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: "last"})
	check := func(raw []byte) *verify.Result {
		t.Helper()
		res, err := verify.Bundle(raw, verify.Options{Trust: n.Trust(), Replayer: node.Replayer{}})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	if res := check(raw); !res.OK || !res.Replayed {
		t.Fatalf("verify = %+v, want ok and replayed", res)
	}
	var b dsai.Bundle
	if err := json.Unmarshal(raw, &b); err != nil || len(b.Additions) != 1 {
		t.Fatalf("bundle has %d additions, %v, want 1", len(b.Additions), err)
	}
	b.Additions = []json.RawMessage{}
	without, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range check(without).Checks {
		if c.Name == "consents" && c.OK {
			t.Error("a bundle without the addition passes its check of consents")
		}
	}
}

// stranger signs with a key that no member has.
func stranger(t testing.TB) vc.Signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := vc.NewMemberSigner(k)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestForeignAdditions submits additions as the API does.
func TestForeignAdditions(t *testing.T) {
	n, _ := home(t)
	call[node.MemberShown](t, n, "member.add", node.MemberArgs{Name: "Rosa"})
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{write(t, "oral.md", rehydration)}, Collection: "notes"})
	shown := call[node.ConsentShown](t, n, "consent.show", node.Ref{Ref: "notes"})
	if len(shown.Joined) != 1 {
		t.Fatalf("consent show lists %d documents, want 1", len(shown.Joined))
	}
	raw := shown.Joined[0].Signed
	if d, err := n.SubmitConsentFor(t.Context(), raw); err != nil || d != shown.Digest {
		t.Errorf("the same addition again = %s, %v, want consent %s", d, err, shown.Digest)
	}
	a, err := vc.Open[dsai.CollectionAddition](raw, dsai.TypeCollectionAddition)
	if err != nil {
		t.Fatal(err)
	}
	eve := stranger(t)
	for _, tc := range []struct {
		name string
		edit func(*dsai.CollectionAddition)
	}{
		{"stranger", func(s *dsai.CollectionAddition) { s.ID = eve.DID() }},
		{"in a member's name", func(*dsai.CollectionAddition) {}},
		{"another co-op", func(s *dsai.CollectionAddition) { s.ID, s.Coop = eve.DID(), dsai.CoopID{} }},
		{"another collection", func(s *dsai.CollectionAddition) { s.ID, s.Collection = eve.DID(), dsai.Hash("x") }},
	} {
		sub := a.Subject
		tc.edit(&sub)
		s, err := vc.Issue(vc.New(dsai.TypeCollectionAddition, eve.DID(), sub, a.ValidFrom, 0), a.ValidFrom, eve)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.SubmitConsentFor(t.Context(), s.Raw); err == nil || !strings.Contains(err.Error(), view.ErrInvalid.Error()) {
			t.Errorf("%s: submit = %v, want %v", tc.name, err, view.ErrInvalid)
		}
	}
	if got := call[node.ConsentShown](t, n, "consent.show", node.Ref{Ref: "notes"}); len(got.Joined) != 1 {
		t.Errorf("%d documents joined, want 1", len(got.Joined))
	}
}

// FuzzSigned submits what somebody else made: only the very credentials that
// members signed are taken.
func FuzzSigned(f *testing.F) {
	n, _ := home(f)
	call[node.Contributed](f, n, "add", node.Contribution{Paths: []string{write(f, "oral.md", rehydration)}, Collection: "notes"})
	shown := call[node.ConsentShown](f, n, "consent.show", node.Ref{Ref: "notes"})
	objected := call[node.Objected](f, n, "consent.object", node.ObjectArgs{Ref: "notes", Reason: "too broad"})
	genuine := [][]byte{shown.Signed, shown.Joined[0].Signed, objected.Signed}
	for _, raw := range genuine {
		f.Add([]byte(raw))
	}
	f.Add([]byte(`{"type":["VerifiableCredential","CollectionAddition"]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, err1 := n.SubmitConsentFor(t.Context(), raw)
		_, err2 := n.AcceptObjection(t.Context(), raw)
		if err1 != nil && err2 != nil {
			return
		}
		canon, err := vc.CanonicalRaw(raw)
		for _, g := range genuine {
			if bytes.Equal(canon, g) {
				return
			}
		}
		t.Errorf("accepted %s, %v", raw, err)
	})
}
