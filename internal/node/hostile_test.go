// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/internal/view"
)

// mateo admits a member who keeps the keys on a device.
func mateo(t testing.TB, n *node.Node) (*device, *node.Chain) {
	t.Helper()
	d := newDevice(t)
	call[node.MemberShown](t, n, "member.add", node.MemberArgs{Name: "Mateo", Inception: d.file.Inception})
	c, err := d.file.Open()
	if err != nil {
		t.Fatal(err)
	}
	return d, c
}

// TestOtherInception hands in key events over a second inception of the same
// member, signed with the member's own key: the node goes on without them.
func TestOtherInception(t *testing.T) {
	n, cfg := home(t)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{write(t, "oral.md", rehydration)}})
	d, c := mateo(t, n)
	genuine := d.file
	other, err := vc.Issue(vc.New(dsai.TypeMemberInception, d.now.DID(), c.Inception.Subject, c.Inception.ValidFrom-1, 0), c.Inception.ValidFrom, d.now)
	if err != nil {
		t.Fatal(err)
	}
	d.file.Inception = other.Raw
	f, _ := d.rotate("other", nil)
	if err := n.Methods().Call(t.Context(), "member.keys", f, nil, nil); err == nil || !strings.Contains(err.Error(), "another inception") {
		t.Errorf("keys over another inception = %v, want them refused", err)
	}
	if !asked(t, n, "") {
		t.Error("no answer afterwards")
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = reopen(t, cfg)
	fsck(t, n)
	d.file = genuine
	f, _ = d.rotate("genuine", nil)
	if err := n.Methods().Call(t.Context(), "member.keys", f, nil, nil); err != nil {
		t.Errorf("keys over the recorded inception = %v", err)
	}
}

// TestReplayedAddition takes an addition out of a bundle, as an API key can, and
// submits it after the member lent the document otherwise: what was said last
// decides, also after a restart.
func TestReplayedAddition(t *testing.T) {
	n, cfg, tick := ticking(t)
	doc := write(t, "oral.md", rehydration)
	lend := func(collection string, purposes ...string) {
		t.Helper()
		tick()
		call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}, For: purposes, Collection: collection})
	}
	key := call[node.NewKeyResult](t, n, "key.new", node.NewKeyArgs{Name: "app", For: []string{"care", "marketing"}})
	lend("care", "care")
	who, _, err := n.Authenticate(t.Context(), key.Secret)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := n.Ask(t.Context(), &pipeline.Request{Question: pipeline.Text(howMuch), Purpose: "care", Requester: *who}, ignore)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := n.BundleFor(t.Context(), who, rec.Digest.String())
	if err != nil {
		t.Fatal(err)
	}
	var b dsai.Bundle
	if err := json.Unmarshal(raw, &b); err != nil || len(b.Additions) != 1 {
		t.Fatalf("bundle has %d additions, %v, want 1", len(b.Additions), err)
	}
	lend("", "marketing")
	lend("care")
	for _, when := range []string{"at once", "after a restart"} {
		tick()
		if _, err := n.SubmitConsentFor(t.Context(), b.Additions[0]); err != nil {
			t.Errorf("%s: the same addition again = %v, want nothing to happen", when, err)
		}
		if asked(t, n, "marketing") || !asked(t, n, "care") {
			t.Errorf("%s: an older addition that was replayed decides", when)
		}
		fsck(t, n)
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		n = reopen(t, cfg)
	}
	if asked(t, n, "marketing") || !asked(t, n, "care") {
		t.Error("an older addition decides after the last restart")
	}
}

// TestCollectionTwiceAtOnce submits two consents over one collection at once.
func TestCollectionTwiceAtOnce(t *testing.T) {
	n, _ := home(t)
	d, _ := mateo(t, n)
	for i := range 6 {
		name := string(rune('a'+i)) + "notes"
		doc := write(t, name+".md", "# Weather "+name+"\n\nThe rain falls on the hills in April.\n")
		r := call[node.RequestResult](t, n, "consent.request", node.RequestArgs{Contribution: node.Contribution{Paths: []string{doc}, Collection: name}, To: "Mateo"}).Request
		other := *r
		other.Status = *vc.NewStatusEntry(r.Status.StatusListCredential, 100+i)
		var wg sync.WaitGroup
		errs := make([]error, 2)
		start := make(chan struct{})
		for j, raw := range [][]byte{d.consent(r, d.now, r.From), d.consent(&other, d.now, r.From)} {
			wg.Go(func() {
				<-start
				_, errs[j] = n.SubmitConsentFor(t.Context(), raw)
			})
		}
		close(start)
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("two consents over one collection at once = %v, want one of them refused", errs)
		}
	}
}

// joinNotes submits an addition of a new document to a member's collection.
func (d *device) joinNotes(n *node.Node, name string, by vc.Signer, at dsai.Time) error {
	d.t.Helper()
	doc := write(d.t, name+".md", strings.ReplaceAll(rehydration, "Mix", name))
	r := call[node.RequestResult](d.t, n, "consent.request", node.RequestArgs{Contribution: node.Contribution{Paths: []string{doc}, Collection: "notes"}, To: "Mateo"})
	a := r.Additions.Additions[0]
	a.ID = by.DID()
	s, err := vc.Issue(vc.New(dsai.TypeCollectionAddition, by.DID(), a, r.Additions.From, 0), at, by)
	if err != nil {
		d.t.Fatal(err)
	}
	_, err = n.SubmitConsentFor(d.t.Context(), s.Raw)
	return err
}

// object submits an objection to an artifact.
func (d *device) object(n *node.Node, against dsai.Digest, by vc.Signer, at dsai.Time) error {
	d.t.Helper()
	c, err := d.file.Open()
	if err != nil {
		d.t.Fatal(err)
	}
	s, err := vc.Issue(vc.New(dsai.TypeObjection, by.DID(), dsai.Objection{
		ID: by.DID(), Member: c.ID, Coop: n.Trust().Coop, Kind: "objection", Against: against, Reason: "no",
	}, min(at, dsai.At(time.Now())), 0), at, by)
	if err != nil {
		d.t.Fatal(err)
	}
	_, err = n.AcceptObjection(d.t.Context(), s.Raw)
	return err
}

// TestDatedAhead signs what claims to be from next year, which would count as
// said last and bind its signer to the key: nothing of it is taken.
func TestDatedAhead(t *testing.T) {
	n, _ := home(t)
	d, _ := mateo(t, n)
	now := dsai.At(time.Now())
	ahead := now.Add(300 * 24 * time.Hour)
	request := func(collection, name string) *node.ConsentRequest {
		t.Helper()
		doc := write(t, name+".md", rehydration+"\n"+name+"\n")
		return call[node.RequestResult](t, n, "consent.request", node.RequestArgs{Contribution: node.Contribution{Paths: []string{doc}, Collection: collection}, To: "Mateo"}).Request
	}
	r := request("notes", "first")
	_, err := n.SubmitConsentFor(t.Context(), d.consent(r, d.now, r.From))
	if err != nil {
		t.Fatal(err)
	}
	against := call[node.ConsentShown](t, n, "consent.show", node.Ref{Ref: "notes"}).Digest
	_, err = n.SubmitConsentFor(t.Context(), d.consent(request("", "second"), d.now, ahead))
	for what, err := range map[string]error{
		"consent":   err,
		"addition":  d.joinNotes(n, "Third", d.now, ahead),
		"objection": d.object(n, against, d.now, ahead),
	} {
		if err == nil || !strings.Contains(err.Error(), "dated ahead") || !strings.Contains(node.Describe(err).Hint, "clock") {
			t.Errorf("%s dated ahead = %v, want it refused with a hint", what, err)
		}
	}
	if err := d.joinNotes(n, "Fourth", d.now, dsai.At(time.Now())); err != nil {
		t.Errorf("addition of today = %v", err)
	}
	if err := d.object(n, against, d.now, dsai.At(time.Now())-2); err != nil {
		t.Errorf("objection of today = %v", err)
	}
	want(t, "bundle", failing(t, bundleOf(t, n), n.Trust()))
	f, _ := d.rotate("fresh", func(m *node.MemberChange) { m.Now = dsai.At(time.Now()) })
	if err := n.Methods().Call(t.Context(), "member.keys", f, nil, nil); err != nil {
		t.Errorf("another key afterwards = %v", err)
	}
}

// TestRotatesFromHomesHit lets a clock that ran far ahead be set right: what was
// taken meanwhile does not keep its signer from changing keys.
func TestRotatesFromHomesHit(t *testing.T) {
	n, cfg := home(t)
	d, _ := mateo(t, n)
	against := call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{write(t, "oral.md", rehydration)}}).Consent
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	right := cfg
	ahead := 300 * 24 * time.Hour
	cfg.Now = func() time.Time { return time.Now().Add(ahead) }
	n = reopen(t, cfg)
	if err := d.object(n, against, d.now, dsai.At(time.Now().Add(ahead))); err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = reopen(t, right)
	call[json.RawMessage](t, n, "clock.accept", nil)
	f, _ := d.rotate("fresh", func(m *node.MemberChange) { m.Now = dsai.At(time.Now()) })
	if err := n.Methods().Call(t.Context(), "member.keys", f, nil, nil); err != nil {
		t.Errorf("another key = %v, want it accepted", err)
	}
}

// TestAdditionsFollowKeys signs additions and objections around a change of keys.
func TestAdditionsFollowKeys(t *testing.T) {
	n, _ := home(t)
	d, _ := mateo(t, n)
	doc := write(t, "weather.md", "# Weather\n\nThe rain falls on the hills in April.\n")
	r := call[node.RequestResult](t, n, "consent.request", node.RequestArgs{Contribution: node.Contribution{Paths: []string{doc}, Collection: "notes"}, To: "Mateo"}).Request
	against, err := n.SubmitConsentFor(t.Context(), d.consent(r, d.now, r.From-50))
	if err != nil {
		t.Fatal(err)
	}
	f, fresh := d.rotate("fresh", nil)
	if err := n.Methods().Call(t.Context(), "member.keys", f, nil, nil); err != nil {
		t.Fatal(err)
	}
	old := d.now
	d.file, d.now = f, fresh
	now, before := dsai.At(time.Now()), dsai.At(time.Now())-40
	for what, err := range map[string]error{
		"addition of the old key":                d.joinNotes(n, "Stir", old, now),
		"addition of the old key, dated back":    d.joinNotes(n, "Shake", old, before),
		"addition of the new key, dated back":    d.joinNotes(n, "Pour", fresh, before),
		"objection of the old key":               d.object(n, against, old, now),
		"objection of the new key from too soon": d.object(n, against, fresh, before),
	} {
		if !errors.Is(err, node.ErrOldKey) {
			t.Errorf("%s = %v, want %v", what, err, node.ErrOldKey)
		}
	}
	if err := d.joinNotes(n, "Blend", fresh, dsai.At(time.Now())); err != nil {
		t.Errorf("addition of the new key = %v", err)
	}
	if err := d.object(n, against, fresh, dsai.At(time.Now())); err != nil {
		t.Errorf("objection of the new key = %v", err)
	}
	want(t, "bundle", failing(t, bundleOf(t, n), n.Trust()))
	fsck(t, n)
}

// TestSubmitterIsTold submits what its signer can mend: none of it is an error
// of the node's own.
func TestSubmitterIsTold(t *testing.T) {
	n, _ := home(t)
	d, _ := mateo(t, n)
	request := func(name string) *node.ConsentRequest {
		t.Helper()
		doc := write(t, name+".md", rehydration+"\n"+name+"\n")
		return call[node.RequestResult](t, n, "consent.request", node.RequestArgs{Contribution: node.Contribution{Paths: []string{doc}}, To: "Mateo"}).Request
	}
	first := request("first")
	if _, err := n.SubmitConsentFor(t.Context(), d.consent(first, d.now, first.From)); err != nil {
		t.Fatal(err)
	}
	taken, negative := request("second"), request("third")
	taken.Status = first.Status
	negative.Subject.Output.QuoteMax = -1
	for what, r := range map[string]*node.ConsentRequest{"index that is taken": taken, "a limit below zero": negative} {
		if _, err := n.SubmitConsentFor(t.Context(), d.consent(r, d.now, r.From)); !errors.Is(err, view.ErrInvalid) {
			t.Errorf("consent with %s = %v, want %v", what, err, view.ErrInvalid)
		}
	}
}
