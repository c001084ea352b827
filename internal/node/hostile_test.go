// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/verifiable/vc"
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
