// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/keys"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/verify"
)

// bundleOf asks and returns the bundle.
func bundleOf(t testing.TB, n *node.Node) []byte {
	t.Helper()
	if a := call[node.Asked](t, n, "ask", node.AskArgs{Question: howMuch}); a.Refusal != nil {
		t.Fatalf("ask = %+v, want an answer", a.Refusal)
	}
	return call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: "last"})
}

// failing returns the checks that a bundle fails under a trust file.
func failing(t testing.TB, bundle []byte, trust *dsai.Trust) (names []string) {
	t.Helper()
	r, err := verify.Bundle(bundle, verify.Options{Trust: trust})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Checks {
		if !c.OK {
			names = append(names, c.Name)
			t.Logf("%s: %s", c.Name, c.Reason)
		}
	}
	return names
}

func want(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: failing checks = %q, want %q", what, got, want)
	}
}

func fsck(t testing.TB, n *node.Node) {
	t.Helper()
	if rep := call[node.FsckReport](t, n, "fsck", nil); !rep.OK {
		t.Errorf("fsck = %+v, want ok", rep)
	}
}

// keyFiles lists the key files whose name begins so.
func keyFiles(t testing.TB, cfg node.Config, prefix string) (names []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(cfg.Home.Keys(), prefix+"*.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(p), ".pem"))
	}
	return names
}

// TestRotateNode changes each key of a node, alone and together. What was given
// before holds, and what is given afterwards.
func TestRotateNode(t *testing.T) {
	n, cfg := home(t)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{write(t, "oral.md", rehydration)}})
	saved := bundleOf(t, n)
	first := saved
	trusts := []*dsai.Trust{n.Trust()}
	for i, names := range [][]string{{"receipt"}, {"log"}, {"receipt", "log", "peer", "witness"}, {"witness"}} {
		got := call[node.NodeRotated](t, n, "node.rotate", node.RotateNodeArgs{Keys: names})
		if got.Sequence != i+1 {
			t.Errorf("rotate %q = %+v, want event %d", names, got, i+1)
		}
		bundle := bundleOf(t, n)
		want(t, "bundle after "+strings.Join(names, "+"), failing(t, bundle, n.Trust()))
		want(t, "bundle from before", failing(t, saved, n.Trust()))
		saved = bundle
		trusts = append(trusts, n.Trust())
		fsck(t, n)
	}
	// The trust file pins keys: an old one says that they were changed.
	want(t, "bundle of today under the first trust file", failing(t, saved, trusts[0]), "anchor")
	want(t, "first bundle under the first trust file", failing(t, first, trusts[0]))
	// The first receipt with all that is known today.
	again := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: receiptOf(t, first)})
	want(t, "first receipt, gathered today", failing(t, again, trusts[0]))
	want(t, "first receipt, only keys of today believed", failing(t, again, call[*dsai.Trust](t, n, "trust", node.TrustArgs{Current: true})), "anchor")

	if got, want := keyFiles(t, cfg, "node-"), []string{"node-log-3", "node-peer-3", "node-receipt-3", "node-witness-4"}; !slices.Equal(got, want) {
		t.Errorf("key files = %q, want %q: keys not in force are destroyed", got, want)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = reopen(t, cfg)
	fsck(t, n)
	want(t, "after a restart", failing(t, bundleOf(t, n), n.Trust()))
	restoreAnd(t, n, cfg)
}

// restoreAnd backs up, restores and asks there.
func restoreAnd(t *testing.T, n *node.Node, cfg node.Config) {
	t.Helper()
	archive := filepath.Join(t.TempDir(), "b.tgz")
	if _, err := n.Backup(t.Context(), archive); err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	cfg.Home = node.Home(filepath.Join(t.TempDir(), "restored"))
	if err := node.Restore(t.Context(), archive, cfg); err != nil {
		t.Fatal(err)
	}
	n = reopen(t, cfg)
	fsck(t, n)
	want(t, "after a restore", failing(t, bundleOf(t, n), n.Trust()))
	call[node.NodeRotated](t, n, "node.rotate", node.RotateNodeArgs{Keys: []string{"log"}})
	want(t, "keys changed after a restore", failing(t, bundleOf(t, n), n.Trust()))
}

func receiptOf(t testing.TB, bundle []byte) string {
	t.Helper()
	r, err := verify.Bundle(bundle, verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r.Receipt.String()
}

// TestRotateWhileAsked changes the log key under questions: no answer fails, and
// every receipt is proven in the log that it names.
func TestRotateWhileAsked(t *testing.T) {
	n, _ := home(t)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{write(t, "oral.md", rehydration)}})
	var mu sync.Mutex
	var receipts []string
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				var a node.Asked
				if err := n.Methods().Call(t.Context(), "ask", node.AskArgs{Question: howMuch}, nil, &a); err != nil {
					t.Errorf("ask while keys change: %v", err)
					return
				}
				mu.Lock()
				receipts = append(receipts, a.Receipt.String())
				mu.Unlock()
			}
		})
	}
	for range 2 {
		call[node.NodeRotated](t, n, "node.rotate", node.RotateNodeArgs{Keys: []string{"receipt", "log"}})
	}
	close(stop)
	wg.Wait()
	if len(receipts) == 0 {
		t.Fatal("nothing was asked meanwhile")
	}
	for _, r := range receipts {
		raw := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: r})
		if got := failing(t, raw, n.Trust()); len(got) > 0 {
			t.Errorf("receipt %s: failing checks = %q, want none", r, got)
		}
	}
	fsck(t, n)
}

// TestRotateMember changes the key of a member that the node keeps.
func TestRotateMember(t *testing.T) {
	n, cfg := home(t)
	doc := write(t, "oral.md", rehydration)
	before := call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}})
	first := bundleOf(t, n)
	old := keyFiles(t, cfg, "member-")
	got := call[node.Rotated](t, n, "member.rotate", node.RotateArgs{Compromised: true})
	if got.Sequence != 1 || got.Name != "Amina" {
		t.Errorf("rotate = %+v, want event 1 of Amina", got)
	}
	if now := keyFiles(t, cfg, "member-"); len(now) != len(old) || slices.Equal(now, old) {
		t.Errorf("key files %q became %q, want the old consent key gone and a new one", old, now)
	}
	want(t, "bundle from before", failing(t, first, n.Trust()))
	// The consent of before goes on, and adding again needs no new one.
	if again := call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}}); again.Consent != before.Consent {
		t.Errorf("add again made consent %s, want %s as before", again.Short, before.Short)
	}
	want(t, "bundle under the consent of before", failing(t, bundleOf(t, n), n.Trust()))
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc}, For: []string{"answers", "care"}})
	call[node.NewKeyResult](t, n, "key.new", node.NewKeyArgs{Name: "app"})
	want(t, "bundle under a consent of the new key", failing(t, bundleOf(t, n), n.Trust()))
	call[node.Rotated](t, n, "member.rotate", node.RotateArgs{})
	fsck(t, n)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = reopen(t, cfg)
	want(t, "bundle after a restart", failing(t, bundleOf(t, n), n.Trust()))
	call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: doc})
	fsck(t, n)
}

// device is a member with keys of their own.
type device struct {
	t    testing.TB
	ring *keys.Ring
	file node.MemberKeys
	now  vc.Signer
}

func newDevice(t testing.TB) *device {
	t.Helper()
	ring, err := keys.Create(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	d := &device{t: t, ring: ring, file: node.MemberKeys{Format: node.KeysFormat, Name: "Mateo", Events: []json.RawMessage{}}}
	d.now = d.key("consent")
	at := dsai.At(time.Now()) - 100
	s, err := vc.Issue(vc.New(dsai.TypeMemberInception, d.now.DID(), dsai.MemberInception{
		ID: d.now.DID(), ConsentKey: d.now.DID(), ChainKey: dsai.Hash("test"), Custody: dsai.CustodyDevice, Nonce: dsai.Salt(dsai.Hash("nonce", []byte(d.now.DID()))),
	}, at, 0), at, d.now)
	if err != nil {
		t.Fatal(err)
	}
	d.file.Inception = s.Raw
	return d
}

func (d *device) key(name string) vc.Signer {
	d.t.Helper()
	s, err := d.ring.NewMember(name)
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

// rotate returns the file after one more event, without keeping it.
func (d *device) rotate(name string, change func(*node.MemberChange)) (node.MemberKeys, vc.Signer) {
	d.t.Helper()
	c, err := d.file.Open()
	if err != nil {
		d.t.Fatal(err)
	}
	m := node.MemberChange{Old: d.now, New: d.key(name), Now: dsai.At(time.Now()) - 1, Custody: dsai.CustodyDevice}
	if change != nil {
		change(&m)
	}
	e, err := node.NewMemberEvent(&c.Inception, c.ID, c.Events, m)
	if err != nil {
		d.t.Fatal(err)
	}
	f := d.file
	f.Events = append(slices.Clip(f.Events), e.Raw)
	return f, m.New
}

// consent signs a consent for what waits for it.
func (d *device) consent(r *node.ConsentRequest, by vc.Signer, at dsai.Time) []byte {
	d.t.Helper()
	b := r.Subject
	b.ID = by.DID()
	c := vc.New(dsai.TypeConsentBundle, by.DID(), b, r.From, r.Until)
	c.Status = &r.Status
	s, err := vc.Issue(c, at, by)
	if err != nil {
		d.t.Fatal(err)
	}
	return s.Raw
}

// TestMemberKeys hands in key events made on a device.
func TestMemberKeys(t *testing.T) {
	n, cfg := home(t)
	d, stranger := newDevice(t), newDevice(t)
	call[node.MemberShown](t, n, "member.add", node.MemberArgs{Name: "Mateo", Inception: d.file.Inception})
	doc := write(t, "oral.md", rehydration)
	ask := func() *node.ConsentRequest {
		t.Helper()
		return call[node.RequestResult](t, n, "consent.request", node.RequestArgs{Contribution: node.Contribution{Paths: []string{doc}}, To: "Mateo"}).Request
	}
	give := func(raw []byte) error {
		return n.Methods().Call(t.Context(), "add", node.Contribution{Member: "Mateo", Signed: raw}, nil, nil)
	}
	old := d.now
	earlier := ask()
	if err := give(d.consent(earlier, old, dsai.At(time.Now())-20)); err != nil {
		t.Fatalf("consent of the first key: %v", err)
	}
	bundle := bundleOf(t, n)

	accept := func(f node.MemberKeys) error {
		return n.Methods().Call(t.Context(), "member.keys", f, nil, nil)
	}
	reach, _ := d.rotate("reach", func(m *node.MemberChange) { m.Now -= 60 })
	late, _ := d.rotate("late", func(m *node.MemberChange) { m.Now += 60 })
	kept, _ := d.rotate("kept", func(m *node.MemberChange) { m.Custody = dsai.CustodyNode })
	good, now := d.rotate("now", nil)
	fork, _ := d.rotate("fork", nil)
	forged := good
	forged.Events = []json.RawMessage{json.RawMessage(strings.Replace(string(good.Events[0]), "rotation", "compromise", 1))}
	foreign, _ := stranger.rotate("x", nil)
	mixed := good
	mixed.Events = foreign.Events
	refuse := func(name string, f node.MemberKeys, part string) {
		t.Helper()
		if err := accept(f); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: accept = %v, want an error with %q", name, err, part)
		}
	}
	refuse("reaching back", reach, "signed until")
	refuse("not yet", late, "hand it in then")
	refuse("kept by a node", kept, "on a device")
	refuse("forged", forged, "id is not that of the content")
	refuse("a stranger's", foreign, "not signed by a member")
	refuse("a stranger's event", mixed, "does not follow")
	refuse("none", d.file, "there are none")
	if err := accept(good); err != nil {
		t.Fatal(err)
	}
	if err := accept(good); err != nil {
		t.Errorf("the same again = %v, want nothing to happen", err)
	}
	refuse("forked", fork, "two key events")
	d.file, d.now = good, now
	third, _ := d.rotate("third", func(m *node.MemberChange) { m.Now += 3 })
	gap := third
	gap.Events = third.Events[1:]
	refuse("out of order", gap, "does not follow")

	// The old key consents to nothing more, also not in the past; the new one does.
	r := ask()
	for _, at := range []dsai.Time{dsai.At(time.Now()), dsai.At(time.Now()) - 50} {
		if err := give(d.consent(r, old, at)); err == nil || !strings.Contains(err.Error(), node.ErrOldKey.Error()) {
			t.Errorf("consent of the old key, signed at %v = %v, want %v", at, err, node.ErrOldKey)
		}
	}
	signed := dsai.At(time.Now())
	if err := give(d.consent(r, d.now, signed)); err != nil {
		t.Errorf("consent of the new key: %v", err)
	}
	want(t, "bundle from before", failing(t, bundle, n.Trust()))
	want(t, "bundle of today", failing(t, bundleOf(t, n), n.Trust()))

	// The old key may still withdraw.
	c, err := d.file.Open()
	if err != nil {
		t.Fatal(err)
	}
	s, err := vc.Open[dsai.ConsentBundle](d.consent(r, d.now, signed), dsai.TypeConsentBundle)
	if err != nil {
		t.Fatal(err)
	}
	at := dsai.At(time.Now())
	rev, err := vc.Issue(vc.New(dsai.TypeRevocation, old.DID(), dsai.Revocation{ID: old.DID(), Member: c.ID, Coop: s.Subject.Coop, Consent: s.Digest, Effective: at}, at, 0), at, old)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.AcceptRevocation(t.Context(), rev.Raw); err != nil {
		t.Errorf("withdrawal by the old key = %v, want it honoured", err)
	}
	if err := accept(third); err != nil {
		t.Errorf("third key: %v", err)
	}
	fsck(t, n)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	fsck(t, reopen(t, cfg))
}

// TestManyRotations changes keys faster than time goes by: nothing may take that for a jump of the clock.
func TestManyRotations(t *testing.T) {
	n, _ := home(t)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{write(t, "oral.md", rehydration)}})
	for range 8 {
		call[node.Rotated](t, n, "member.rotate", node.RotateArgs{})
	}
	if a := call[node.Asked](t, n, "ask", node.AskArgs{Question: howMuch}); a.Refusal != nil {
		t.Errorf("ask after eight changes of a key = %+v, want an answer", a.Refusal)
	}
}
