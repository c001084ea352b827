// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/verify"
)

// turned is when the node's keys change: after all that it signed for the answer
// but the receipt, which is signed at started+2.
const turned = started + 1

// turn returns the event that gives the scene's node another receipt and log key.
func (s *scene) turn(change func(*dsai.Credential[dsai.KeyEvent]), signers ...string) vc.Sealed[dsai.KeyEvent] {
	s.t.Helper()
	id, old := s.found(), s.nodeSigner("receipt")
	e := vc.New(dsai.TypeKeyEvent, old.DID(), dsai.KeyEvent{
		ID: old.DID(), Of: s.node.Digest, Sequence: 1, Previous: id.node.Digest, Reason: dsai.KeysCompromised,
		Keys: dsai.KeySet{PeerKey: id.node.Subject.PeerKey, WitnessKey: id.node.Subject.WitnessKey,
			LogKey: s.nodeSigner("log b").DID(), ReceiptKey: s.nodeSigner("receipt b").DID()},
	}, turned, 0)
	change(&e)
	var by []vc.Signer
	for _, name := range signers {
		by = append(by, s.nodeSigner(name))
	}
	sealed, err := vc.Issue(e, e.ValidFrom-1, by...)
	must(s.t, err)
	return sealed
}

// pinning is the scene's trust file with these keys.
func (s *scene) pinning(receipt, log []string) *dsai.Trust {
	t := s.trust()
	t.Nodes[0].ReceiptKeys, t.Nodes[0].LogKeys = nil, nil
	for _, name := range receipt {
		t.Nodes[0].ReceiptKeys = append(t.Nodes[0].ReceiptKeys, s.nodeSigner(name).DID())
	}
	for _, name := range log {
		t.Nodes[0].LogKeys = append(t.Nodes[0].LogKeys, s.nodeSigner(name).DID())
	}
	return t
}

func TestNodeKeysChange(t *testing.T) {
	both := []string{"receipt", "receipt b"}
	logs := []string{"log", "log b"}
	usual := func(*dsai.Credential[dsai.KeyEvent]) {}
	at := func(when dsai.Time) func(*dsai.Credential[dsai.KeyEvent]) {
		return func(e *dsai.Credential[dsai.KeyEvent]) { e.ValidFrom = when }
	}
	for _, tt := range []struct {
		name         string
		receipt, log string // keys that sign
		change       func(*dsai.Credential[dsai.KeyEvent])
		signers      []string
		receipts     []string // that the trust file names
		logs         []string
		want         []string // failing checks
	}{
		{"new keys", "receipt b", "log b", usual, both, both, logs, nil},
		{"old keys, before they change", "receipt", "log", at(started + 3), both, both, logs, nil},
		{"old receipt key, after", "receipt", "log b", usual, both, both, logs, []string{"receipt"}},
		{"old log key, after", "receipt b", "log", usual, both, both, logs, []string{"anchor", "inclusion", "witnesses"}},
		{"new receipt key, before", "receipt b", "log", at(started + 3), both, both, logs, []string{"receipt"}},
		{"trust file of before", "receipt b", "log b", usual, both, both[:1], logs[:1], []string{"anchor"}},
		{"trust file without the log key", "receipt b", "log b", usual, both, both, logs[:1], []string{"anchor"}},
		{"event without the new key", "receipt b", "log b", usual, both[:1], both, logs, []string{"members"}},
		{"event of a thief of the peer key", "receipt b", "log b", func(e *dsai.Credential[dsai.KeyEvent]) {
			e.Issuer, e.Subject.ID = "", ""
		}, []string{"peer", "receipt b"}, both, logs, []string{"members"}},
		{"event of another node", "receipt b", "log b", func(e *dsai.Credential[dsai.KeyEvent]) { e.Subject.Of = dsai.Hash("test") }, both, both, logs, []string{"members"}},
		{"custody of a node", "receipt b", "log b", func(e *dsai.Credential[dsai.KeyEvent]) { e.Subject.Custody = dsai.CustodyNode }, both, both, logs, []string{"members"}},
		{"recovery of a node", "receipt b", "log b", func(e *dsai.Credential[dsai.KeyEvent]) { e.Subject.Reason = dsai.KeysRecovered }, both, both, logs, []string{"members"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t, "clinic")
			s.logKey = tt.log
			s.signs = func(c *dsai.Credential[dsai.InferenceReceipt]) vc.Signer {
				k := s.nodeSigner(tt.receipt)
				c.Issuer, c.Subject.ID = k.DID(), k.DID()
				return k
			}
			event := s.turn(func(e *dsai.Credential[dsai.KeyEvent]) {
				tt.change(e)
				if e.Issuer == "" {
					e.Issuer, e.Subject.ID = s.nodeSigner("peer").DID(), s.nodeSigner("peer").DID()
				}
			}, tt.signers...)
			s.bundle = func(b *dsai.Bundle) { b.KeyEvents = sorted(event, s.found().event) }
			r := check(t, s.raw(), verify.Options{Trust: s.pinning(tt.receipts, tt.logs)})
			got := failing(r)
			ok := slices.Equal(got, tt.want)
			if slices.Contains(tt.want, "members") { // others rest on it
				ok = slices.Contains(got, "members")
			}
			if !ok {
				t.Errorf("failing checks = %q, want %q%s", got, tt.want, report(r))
			}
		})
	}
}

// A bundle from before the node's keys changed does not know the key that signs
// withdrawals today; the trust file does.
func TestWithdrawalByLaterKey(t *testing.T) {
	s := newScene(t, "clinic")
	var consent dsai.Digest
	s.receipt = func(r *dsai.InferenceReceipt) { consent = r.Used[0].Consent }
	raw := s.raw()
	k := s.nodeSigner("receipt b")
	w := issue(s, vc.New(dsai.TypeWithdrawalReceipt, k.DID(), dsai.WithdrawalReceipt{
		ID: k.DID(), Coop: s.coop, Node: s.node, Member: s.m[0], Revocation: s.digest("revocation"), Consent: consent,
		Documents: []dsai.DocumentID{}, Effective: started - 1, Purged: []string{}, Quarantine: []dsai.DocumentID{},
	}, started-1, 0), k)
	for name, trust := range map[string]*dsai.Trust{
		"":           s.trust(),
		"revocation": s.pinning([]string{"receipt", "receipt b"}, []string{"log"}),
	} {
		r := check(t, raw, verify.Options{Trust: trust, Revocations: []json.RawMessage{w.Raw}})
		if got := strings.Join(failing(r), " "); got != name {
			t.Errorf("failing checks = %q, want %q%s", got, name, report(r))
		}
	}
}

// A receipt key that was rotated away says nothing more for the node, though a
// trust file still names it; before the change it did.
func TestWithdrawalByEarlierKey(t *testing.T) {
	s := newScene(t, "clinic")
	s.logKey = "log b"
	s.signs = func(c *dsai.Credential[dsai.InferenceReceipt]) vc.Signer {
		k := s.nodeSigner("receipt b")
		c.Issuer, c.Subject.ID = k.DID(), k.DID()
		return k
	}
	event := s.turn(func(*dsai.Credential[dsai.KeyEvent]) {}, "receipt", "receipt b")
	s.bundle = func(b *dsai.Bundle) { b.KeyEvents = sorted(event, s.found().event) }
	var consent dsai.Digest
	s.receipt = func(r *dsai.InferenceReceipt) { consent = r.Used[0].Consent }
	raw := s.raw()
	trust := s.pinning([]string{"receipt", "receipt b"}, []string{"log", "log b"})
	for _, tt := range []struct {
		key    string
		signed dsai.Time
		want   string // failing checks
	}{
		{"receipt", turned - 1, "revocation"},
		{"receipt", turned, ""},
		{"receipt", turned + 100_000, ""},
		{"receipt b", turned - 1, ""},
		{"receipt b", turned + 100_000, "revocation"},
	} {
		k := s.nodeSigner(tt.key)
		w := issue(s, vc.New(dsai.TypeWithdrawalReceipt, k.DID(), dsai.WithdrawalReceipt{
			ID: k.DID(), Coop: s.coop, Node: s.node, Member: s.m[0], Revocation: s.digest("revocation"), Consent: consent,
			Documents: []dsai.DocumentID{}, Effective: started - 1, Purged: []string{}, Quarantine: []dsai.DocumentID{},
		}, tt.signed, 0), k)
		r := check(t, raw, verify.Options{Trust: trust, Revocations: []json.RawMessage{w.Raw}})
		if got := strings.Join(failing(r), " "); got != tt.want {
			t.Errorf("%q at %v: failing checks = %q, want %q%s", tt.key, tt.signed, got, tt.want, report(r))
		}
	}
}
