// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/purpose"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/verify"
)

// refusal returns a bundle whose receipt is a refusal.
func (s *scene) refusal(change func(*dsai.RefusalReceipt, *dsai.Bundle)) []byte {
	s.t.Helper()
	id := s.found()
	policy, err := vc.PolicyDigest(id.policy)
	must(s.t, err)
	detail, err := vc.Canonical(dsai.RefusalDetail{Code: dsai.CodeNoGrant, Reason: "no grant for marketing", Missing: []string{"marketing"},
		Excluded: dsai.Excluded{Counts: []dsai.ExcludedCount{{Reason: "purpose", Count: 3}}}})
	must(s.t, err)
	k := s.nodeSigner("receipt")
	r := dsai.RefusalReceipt{
		ID: k.DID(), Coop: s.coop, Node: s.node, Request: s.digest("request"), Requester: s.digest("pseudonym"),
		Undertaking: id.undertake.Digest, Purpose: purpose.Namespace + "Marketing", Policy: policy, Adoption: id.adoption.Digest,
		Rule: "members-may-ask", Code: dsai.CodeNoGrant, Refused: started, Log: dsai.LogOrigin(s.node, 0), AppendBy: started + 60,
		Prompt: dsai.Commit(dsai.DomainPrompt, s.salt("prompt"), []byte("Whom to call?")),
		Detail: dsai.Commit(dsai.DomainDetail, s.salt("detail"), detail),
	}
	b := dsai.Bundle{
		Format: dsai.BundleFormat, Salt: s.salt("leaf"), Charter: id.charter.Raw, Node: id.node.Raw, Members: sorted(id.members[0]),
		KeyEvents: []json.RawMessage{}, Undertaking: id.undertake.Raw, Policy: id.policy, Adoptions: sorted(id.adoption),
		Consents: []json.RawMessage{}, Delegations: []json.RawMessage{}, Additions: []json.RawMessage{}, Revocations: []json.RawMessage{},
		StatusLists: []json.RawMessage{}, Derivations: []json.RawMessage{}, Passages: []dsai.PassageProof{},
		Openings: &dsai.Openings{Prompt: &dsai.Opening{Salt: s.salt("prompt"), Text: "Whom to call?"}, Detail: &dsai.Opening{Salt: s.salt("detail"), Text: string(detail)}},
	}
	change(&r, &b)
	sealed := issue(s, vc.New(dsai.TypeRefusalReceipt, k.DID(), r, started, 0), k)
	b.Receipt = sealed.Raw
	b.Proof = s.appendTo(r.Log, dsai.Leaf(dsai.LeafRefusal, s.salt("leaf"), sealed.Body))
	raw, err := vc.Canonical(b)
	must(s.t, err)
	return raw
}

func TestRefusal(t *testing.T) {
	s := newScene(t, "clinic")
	for _, tt := range []struct {
		name   string
		change func(*dsai.RefusalReceipt, *dsai.Bundle)
		want   string
	}{
		{"genuine", func(*dsai.RefusalReceipt, *dsai.Bundle) {}, ""},
		{"before any rule", func(r *dsai.RefusalReceipt, _ *dsai.Bundle) { r.Rule = "" }, ""},
		{"policy's denial", func(r *dsai.RefusalReceipt, _ *dsai.Bundle) { r.Rule, r.Code = "nobody", dsai.CodePolicyDenied }, ""},
		{"policy's denial by a rule that allows", func(r *dsai.RefusalReceipt, _ *dsai.Bundle) { r.Code = dsai.CodePolicyDenied }, "policy"},
		{"no requester", func(r *dsai.RefusalReceipt, _ *dsai.Bundle) { r.Requester = dsai.Digest{} }, "receipt"},
		{"rule that denies, and another reason", func(r *dsai.RefusalReceipt, _ *dsai.Bundle) { r.Rule = "nobody" }, "policy"},
		{"another rule", func(r *dsai.RefusalReceipt, _ *dsai.Bundle) { r.Rule = "anybody" }, "policy"},
		{"another detail", func(_ *dsai.RefusalReceipt, b *dsai.Bundle) { b.Openings.Detail.Text = "{}" }, "openings"},
		{"an answer's opening", func(_ *dsai.RefusalReceipt, b *dsai.Bundle) { b.Openings.Response = b.Openings.Prompt }, "openings"},
		{"a passage's opening", func(_ *dsai.RefusalReceipt, b *dsai.Bundle) {
			b.Openings.Passages = []dsai.PassageOpening{{N: 1, Body: dsai.PassageBody{Heading: []string{}}}}
		}, "openings"},
		{"a passage proof", func(_ *dsai.RefusalReceipt, b *dsai.Bundle) {
			b.Passages = []dsai.PassageProof{{Hashes: []dsai.Digest{}}}
		}, "passages"},
		{"statistics", func(_ *dsai.RefusalReceipt, b *dsai.Bundle) { st, _ := s.rank(); b.Statistics = st.Raw }, "statistics"},
		{"a consent", func(_ *dsai.RefusalReceipt, b *dsai.Bundle) { b.Consents = sorted(s.grant().consents[0]) }, "consents"},
		{"a stranger", func(_ *dsai.RefusalReceipt, b *dsai.Bundle) { b.Members = sorted(s.found().members...) }, "members"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := check(t, s.refusal(tt.change), verify.Options{Trust: s.trust()})
			if tt.want == "" {
				if !r.OK || r.Kind != dsai.TypeRefusalReceipt || r.Assurance != dsai.Recorded {
					t.Errorf("Bundle = %+v%s", r, report(r))
				}
			} else if r.OK || !slices.Contains(failing(r), tt.want) {
				t.Errorf("failing %q, want %q%s", failing(r), tt.want, report(r))
			}
		})
	}
}

// Key events change what a later signature needs; each must be in order and
// authorised.
func TestKeyEvents(t *testing.T) {
	s := newScene(t, "clinic")
	contacts := []vc.Signer{s.member("contact 1"), s.member("contact 2"), s.member("contact 3")}
	one, next := s.member("one"), s.member("one b")
	chain := s.digest("chain")
	// A member with recovery contacts, who founds nothing but asks.
	m := dsai.MemberInception{ID: one.DID(), ConsentKey: one.DID(), ChainKey: chain, Custody: dsai.CustodyNode, Nonce: s.salt("r"),
		Recovery: &dsai.Recovery{Contacts: []string{contacts[0].DID(), contacts[1].DID(), contacts[2].DID()}, Threshold: 2, Delay: 100}}
	inception := issue(s, vc.New(dsai.TypeMemberInception, one.DID(), m, founded, 0), one)
	id, err := vc.MemberID(m)
	must(t, err)

	type event = dsai.Credential[dsai.KeyEvent]
	for _, tt := range []struct {
		name    string
		change  func(*event)
		signers []vc.Signer
		ok      bool
	}{
		{"rotation", func(*event) {}, []vc.Signer{one, next}, true},
		{"rotation without the new key", func(*event) {}, []vc.Signer{one}, false},
		{"rotation by the new key alone", func(e *event) { e.Issuer = next.DID() }, []vc.Signer{next}, false},
		{"gap in the sequence", func(e *event) { e.Subject.Sequence = 2 }, []vc.Signer{one, next}, false},
		{"another predecessor", func(e *event) { e.Subject.Previous = chain }, []vc.Signer{one, next}, false},
		{"before the inception", func(e *event) { e.ValidFrom = founded - 1 }, []vc.Signer{one, next}, false},
		{"a node's keys", func(e *event) { e.Subject.Keys.LogKey = next.DID() }, []vc.Signer{one, next}, false},
		{"rotation to a node's kind of key", func(e *event) { e.Subject.Keys.ConsentKey = s.nodeSigner("peer").DID() }, []vc.Signer{one, s.nodeSigner("peer")}, false},
		{"unknown reason", func(e *event) { e.Subject.Reason = "whim" }, []vc.Signer{one, next}, false},
		{"recovery by two of three", func(e *event) {
			e.Subject.Reason, e.Issuer, e.ValidFrom = "recovery", contacts[0].DID(), founded+101
		}, []vc.Signer{contacts[0], contacts[2], next}, true},
		{"recovery by one", func(e *event) {
			e.Subject.Reason, e.Issuer, e.ValidFrom = "recovery", contacts[0].DID(), founded+101
		}, []vc.Signer{contacts[0], next}, false},
		{"recovery without delay", func(e *event) {
			e.Subject.Reason, e.Issuer, e.ValidFrom = "recovery", contacts[0].DID(), founded+99
		}, []vc.Signer{contacts[0], contacts[2], next}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := vc.New(dsai.TypeKeyEvent, one.DID(), dsai.KeyEvent{
				ID: one.DID(), Of: id.Digest, Sequence: 1, Previous: inception.Digest, Reason: "rotation",
				Keys: dsai.KeySet{ConsentKey: next.DID(), ChainKey: &chain},
			}, founded+50, 0)
			tt.change(&e)
			sealed, err := vc.Issue(e, founded, tt.signers...)
			must(t, err)
			asker := s.member("one b")
			raw := s.refusal(func(r *dsai.RefusalReceipt, b *dsai.Bundle) {
				u := issue(s, vc.New(dsai.TypeUndertaking, asker.DID(), dsai.Undertaking{
					ID: asker.DID(), Member: id, Coop: s.coop, Requester: s.digest("q"), Role: dsai.RecipientPublic,
					Purposes: []string{answers}, Operators: []dsai.NodeID{s.node}, SpendCap: "0"}, granted, 0), asker)
				r.Undertaking, b.Undertaking = u.Digest, u.Raw
				b.Members = sorted(s.found().members[0], inception)
				b.KeyEvents = sorted(sealed)
			})
			r := check(t, raw, verify.Options{Trust: s.trust()})
			if r.OK != tt.ok || !tt.ok && !slices.Contains(failing(r), "members") {
				t.Errorf("ok = %v, want %v%s", r.OK, tt.ok, report(r))
			}
		})
	}
}

func TestParseTrust(t *testing.T) {
	s := newScene(t, "clinic")
	text := func(change func(*dsai.Trust)) []byte {
		trust := s.trust()
		change(trust)
		raw, err := vc.Canonical(trust)
		must(t, err)
		return raw
	}
	if got, err := verify.ParseTrust(text(func(*dsai.Trust) {})); err != nil || got.Coop != s.coop || len(got.Witnesses) != 2 {
		t.Fatalf("ParseTrust = %+v, %v", got, err)
	}
	for name, raw := range map[string][]byte{
		"format":           text(func(tr *dsai.Trust) { tr.Format = "dsai-trust/2" }),
		"no co-op":         text(func(tr *dsai.Trust) { tr.Coop = dsai.CoopID{} }),
		"no node":          text(func(tr *dsai.Trust) { tr.Nodes = []dsai.TrustNode{} }),
		"node twice":       text(func(tr *dsai.Trust) { tr.Nodes = append(tr.Nodes, tr.Nodes[0]) }),
		"member's key":     text(func(tr *dsai.Trust) { tr.Nodes[0].LogKeys[0] = s.member("one").DID() }),
		"no receipt key":   text(func(tr *dsai.Trust) { tr.Nodes[0].ReceiptKeys = []string{} }),
		"witness key":      text(func(tr *dsai.Trust) { tr.Witnesses[0].Key = "w+1+AAAA" }),
		"witness twice":    text(func(tr *dsai.Trust) { tr.Witnesses[1].Key = tr.Witnesses[0].Key }),
		"no operator":      text(func(tr *dsai.Trust) { tr.Witnesses[0].Operator = "" }),
		"beyond operators": text(func(tr *dsai.Trust) { tr.Threshold = 3 }),
		"one operator":     text(func(tr *dsai.Trust) { tr.Witnesses[1].Operator = "first" }),
		"unknown field":    []byte(strings.Replace(string(text(func(*dsai.Trust) {})), "{", `{"also":1,`, 1)),
		"not JSON":         []byte("trust"),
	} {
		if got, err := verify.ParseTrust(raw); err == nil {
			t.Errorf("%s: ParseTrust = %+v, want an error", name, got)
		}
	}
}
