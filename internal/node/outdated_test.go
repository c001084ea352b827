// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/internal/view"
)

// asks makes a request for a device member's documents.
func (d *device) asks(n *node.Node, collection string, paths ...string) *node.RequestResult {
	d.t.Helper()
	r := call[node.RequestResult](d.t, n, "consent.request", node.RequestArgs{Contribution: node.Contribution{Paths: paths, Collection: collection}, To: "Mateo"})
	return &r
}

// revokes signs a withdrawal on the device.
func (d *device) revokes(n *node.Node, consent dsai.Digest, at dsai.Time, docs ...dsai.DocumentID) []byte {
	d.t.Helper()
	c, err := d.file.Open()
	if err != nil {
		d.t.Fatal(err)
	}
	s, err := vc.Issue(vc.New(dsai.TypeRevocation, d.now.DID(), dsai.Revocation{
		ID: d.now.DID(), Member: c.ID, Coop: n.Trust().Coop, Consent: consent, Documents: docs, Effective: at,
	}, at, 0), at, d.now)
	if err != nil {
		d.t.Fatal(err)
	}
	return s.Raw
}

func wantOutdated(t testing.TB, what string, err error, title string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), view.ErrOutdated.Error()+": ") {
		t.Errorf("%s = %v, want %v", what, err, view.ErrOutdated)
		return
	}
	e := node.Describe(err)
	for _, part := range []string{title, "new request", "clock"} {
		if e.Kind != control.Refused || !strings.Contains(e.Hint, part) {
			t.Errorf("%s: hint is %q, want %q in it", what, e.Hint, part)
		}
	}
}

// TestOutdatedConsent hands in what a member signed before taking documents back.
func TestOutdatedConsent(t *testing.T) {
	salt := "# Salt\n\nThe salt stands on the upper shelf.\n"
	for _, tc := range []struct {
		name string
		take func(n *node.Node, d *device, c dsai.Digest, at dsai.Time, doc node.ContributedDoc)
	}{
		{"one document", func(n *node.Node, d *device, c dsai.Digest, at dsai.Time, doc node.ContributedDoc) {
			call[json.RawMessage](t, n, "revocation", json.RawMessage(d.revokes(n, c, at, doc.ID)))
		}},
		{"the whole consent", func(n *node.Node, d *device, c dsai.Digest, at dsai.Time, _ node.ContributedDoc) {
			call[json.RawMessage](t, n, "revocation", json.RawMessage(d.revokes(n, c, at)))
		}},
		{"dated back", func(n *node.Node, d *device, c dsai.Digest, at dsai.Time, _ node.ContributedDoc) {
			call[json.RawMessage](t, n, "revocation", json.RawMessage(d.revokes(n, c, at-50)))
		}},
		{"forgotten", func(n *node.Node, _ *device, _ dsai.Digest, _ dsai.Time, doc node.ContributedDoc) {
			call[view.Document](t, n, "docs.forget", node.Ref{Ref: doc.ID.String()})
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			n, cfg, tick := ticking(t)
			d, _ := mateo(t, n)
			doc, other := write(t, "oral.md", rehydration), write(t, "salt.md", salt)
			first := d.asks(n, "", doc)
			c, err := n.SubmitConsentFor(t.Context(), d.consent(first.Request, d.now, first.Request.From))
			if err != nil {
				t.Fatal(err)
			}
			tick()
			kept := d.asks(n, "", doc, other)
			early := d.consent(kept.Request, d.now, kept.Request.From)
			tc.take(n, d, c, kept.Request.From, kept.Documents[0])
			late := d.consent(kept.Request, d.now, kept.Request.From+3) // of a request from before
			title := "oral.md"
			if tc.name == "forgotten" {
				title = "forgotten"
			}
			refused := func(when string) {
				t.Helper()
				_, err := n.SubmitConsentFor(t.Context(), early)
				if !errors.Is(err, view.ErrInvalid) || !errors.Is(err, view.ErrOutdated) || strings.Contains(err.Error(), title) {
					t.Errorf("%s: submit = %v, want %v without titles", when, err, view.ErrInvalid)
				}
				wantOutdated(t, when+": submit", err, title)
				wantOutdated(t, when+": add --consent", n.Methods().Call(t.Context(), "add", node.Contribution{Signed: early}, nil, nil), title)
				_, err = n.SubmitConsentFor(t.Context(), late)
				wantOutdated(t, when+": a request from before, signed later", err, title)
				wantRefused(t, n, howMuch, dsai.CodeNoGrant)
				wantRefused(t, n, "Where does the salt stand?", dsai.CodeNoGrant) // refused whole
			}
			for range 6 {
				tick()
			}
			n = reopenedCopies(t, n, cfg, func(m *node.Node, when string) { n = m; refused(when) })
			if tc.name == "forgotten" {
				return
			}
			fresh := d.asks(n, "", doc)
			behind := fresh.Request.From - 60
			_, err = n.SubmitConsentFor(t.Context(), d.consent(fresh.Request, d.now, behind))
			wantOutdated(t, "signed by a clock that is behind", err, title)
			if _, err := n.SubmitConsentFor(t.Context(), d.consent(fresh.Request, d.now, fresh.Request.From)); err != nil {
				t.Errorf("a new request that was signed = %v", err)
			}
			if !asked(t, n, "") {
				t.Error("a document that was lent again does not answer")
			}
			fsck(t, n)
		})
	}
}

// reopenedCopies looks at a home as it is, after a restart, and restored.
func reopenedCopies(t *testing.T, n *node.Node, cfg node.Config, look func(n *node.Node, when string)) *node.Node {
	t.Helper()
	look(n, "at once")
	archive := filepath.Join(t.TempDir(), "b.tgz")
	if _, err := n.Backup(t.Context(), archive); err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = reopen(t, cfg)
	look(n, "after a restart")
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	cfg.Home = node.Home(filepath.Join(t.TempDir(), "restored"))
	if err := node.Restore(t.Context(), archive, cfg); err != nil {
		t.Fatal(err)
	}
	n = reopen(t, cfg)
	look(n, "restored")
	return n
}

// TestOutdatedTimes signs around the second in which a withdrawal takes effect.
func TestOutdatedTimes(t *testing.T) {
	n, _, tick := ticking(t)
	d, _ := mateo(t, n)
	doc := write(t, "oral.md", rehydration)
	first := d.asks(n, "", doc)
	c, err := n.SubmitConsentFor(t.Context(), d.consent(first.Request, d.now, first.Request.From))
	if err != nil {
		t.Fatal(err)
	}
	raw := call[json.RawMessage](t, n, "revocation", json.RawMessage(d.revokes(n, c, first.Request.From)))
	w, err := vc.Open[dsai.WithdrawalReceipt](raw, dsai.TypeWithdrawalReceipt)
	if err != nil {
		t.Fatal(err)
	}
	for {
		r := d.asks(n, "", doc)
		_, err := n.SubmitConsentFor(t.Context(), d.consent(r.Request, d.now, r.Request.From))
		if r.Request.From > w.Subject.Effective {
			if err != nil || !asked(t, n, "") {
				t.Errorf("consent of %v, after a withdrawal of %v = %v, want it lent", r.Request.From, w.Subject.Effective, err)
			}
			return
		}
		wantOutdated(t, "consent of "+r.Request.From.String(), err, "oral.md")
		tick()
	}
}

// TestOutdatedAddition joins a document to a collection by what was signed before
// the document was withdrawn from another consent.
func TestOutdatedAddition(t *testing.T) {
	n, _, tick := ticking(t)
	d, _ := mateo(t, n)
	base, doc := write(t, "base.md", "# Base\n\nThe rain falls on the hills in April.\n"), write(t, "oral.md", rehydration)
	r := d.asks(n, "notes", base)
	if _, err := n.SubmitConsentFor(t.Context(), d.consent(r.Request, d.now, r.Request.From)); err != nil {
		t.Fatal(err)
	}
	alone := d.asks(n, "", doc)
	c, err := n.SubmitConsentFor(t.Context(), d.consent(alone.Request, d.now, alone.Request.From))
	if err != nil {
		t.Fatal(err)
	}
	add := func(r *node.RequestResult) json.RawMessage {
		t.Helper()
		a, from := r.Additions.Additions[0], r.Additions.From
		a.ID = d.now.DID()
		s, err := vc.Issue(vc.New(dsai.TypeCollectionAddition, d.now.DID(), a, from, 0), from, d.now)
		if err != nil {
			t.Fatal(err)
		}
		return s.Raw
	}
	early := add(d.asks(n, "notes", doc))
	tick()
	call[json.RawMessage](t, n, "revocation", json.RawMessage(d.revokes(n, c, alone.Request.From)))
	for range 4 {
		tick()
	}
	_, err = n.SubmitConsentFor(t.Context(), early)
	wantOutdated(t, "addition", err, "oral.md")
	// With a consent over a collection of its own, neither is taken.
	both := d.asks(n, "more", doc)
	stale := d.consent(both.Request, d.now, both.Request.From-60)
	a := both.Request.Additions[0]
	a.ID = d.now.DID()
	s, err := vc.Issue(vc.New(dsai.TypeCollectionAddition, d.now.DID(), a, both.Request.From, 0), both.Request.From-60, d.now)
	if err != nil {
		t.Fatal(err)
	}
	wantOutdated(t, "consent with an addition", n.Methods().Call(t.Context(), "add", node.Contribution{Signed: stale, Additions: []json.RawMessage{s.Raw}}, nil, nil), "oral.md")
	if asked(t, n, "") {
		t.Error("a withdrawn document answers")
	}
	if got := len(call[[]view.Consent](t, n, "consent.list", nil)); got != 2 {
		t.Errorf("%d consents, want 2", got)
	}
	joined := add(d.asks(n, "notes", doc))
	if _, err := n.SubmitConsentFor(t.Context(), joined); err != nil || !asked(t, n, "") {
		t.Errorf("an addition signed afterwards = %v, want it lent", err)
	}
	// The same addition again is no other, though the document was taken back from
	// another consent since.
	alone = d.asks(n, "", doc)
	if c, err = n.SubmitConsentFor(t.Context(), d.consent(alone.Request, d.now, alone.Request.From)); err != nil {
		t.Fatal(err)
	}
	tick()
	call[json.RawMessage](t, n, "revocation", json.RawMessage(d.revokes(n, c, alone.Request.From)))
	for range 4 {
		tick()
	}
	if _, err := n.SubmitConsentFor(t.Context(), joined); err != nil {
		t.Errorf("an addition in force, again = %v", err)
	}
	fsck(t, n)
}

// TestLendAgainAtOnce withdraws and lends again in one second, as this node signs
// it for a member whose key it keeps.
func TestLendAgainAtOnce(t *testing.T) {
	n, _, _ := ticking(t) // the clock stands
	doc := write(t, "oral.md", rehydration)
	for range 3 {
		call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}})
		if !asked(t, n, "") {
			t.Fatal("a document that was lent again does not answer")
		}
		call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: doc})
		if asked(t, n, "") {
			t.Fatal("a withdrawn document answers")
		}
	}
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}, Collection: "notes"})
	if !asked(t, n, "") {
		t.Error("a document that joined a collection does not answer")
	}
	fsck(t, n)
}

// TestSupersedesUnnamed hands in a consent that takes the place of one about a
// document that it does not name: an older one would lend that again.
func TestSupersedesUnnamed(t *testing.T) {
	n, _, tick := ticking(t)
	d, _ := mateo(t, n)
	doc, salt := write(t, "oral.md", rehydration), write(t, "salt.md", "# Salt\n\nThe salt stands on the upper shelf.\n")
	submit := func(r *node.RequestResult) (dsai.Digest, error) {
		tick()
		return n.SubmitConsentFor(t.Context(), d.consent(r.Request, d.now, r.Request.From))
	}
	if _, err := submit(d.asks(n, "", doc, salt)); err != nil { // would decide again
		t.Fatal(err)
	}
	narrow, err := submit(d.asks(n, "", doc))
	if err != nil {
		t.Fatal(err)
	}
	other := d.asks(n, "", write(t, "rope.md", "# Rope\n\nThe rope is nine metres long.\n"))
	other.Request.Subject.Supersedes = []dsai.Digest{narrow}
	call[json.RawMessage](t, n, "revocation", json.RawMessage(d.revokes(n, narrow, other.Request.From)))
	for range 6 {
		tick()
	}
	if _, err := submit(other); !errors.Is(err, view.ErrInvalid) {
		t.Errorf("a consent that supersedes one of a document it does not name = %v, want it refused", err)
	}
	if a := call[node.Asked](t, n, "ask", node.AskArgs{Question: howMuch}); a.Refusal == nil {
		t.Errorf("ask = %q, want a refusal", a.Answer)
	}
}

// TestConsentAgain hands a consent in again that is in force, when another consent
// for its document was withdrawn since: nothing changes, and nothing is refused.
func TestConsentAgain(t *testing.T) {
	n, _, tick := ticking(t)
	d, _ := mateo(t, n)
	doc := write(t, "oral.md", rehydration)
	var signed [][]byte
	var ids []dsai.Digest
	for range 2 {
		tick()
		r := d.asks(n, "", doc)
		signed = append(signed, d.consent(r.Request, d.now, r.Request.From))
		id, err := n.SubmitConsentFor(t.Context(), signed[len(signed)-1])
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	r := d.asks(n, "", doc)
	call[json.RawMessage](t, n, "revocation", json.RawMessage(d.revokes(n, ids[0], r.Request.From)))
	for range 6 {
		tick()
	}
	if _, err := n.SubmitConsentFor(t.Context(), signed[1]); err != nil {
		t.Errorf("a consent in force, again = %v", err)
	}
	if !asked(t, n, "") {
		t.Error("the document that stays lent does not answer")
	}
	if _, err := n.SubmitConsentFor(t.Context(), signed[0]); !errors.Is(err, view.ErrOutdated) {
		t.Errorf("the withdrawn consent, again = %v, want %v", err, view.ErrOutdated)
	}
}
