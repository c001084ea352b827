// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"crypto/elliptic"

	"github.com/mr-tron/base58"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/purpose"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/verify"
)

// Everything here is signed properly by those whom it names. Only one check can
// see what is wrong.
func TestAttacks(t *testing.T) {
	type consentCredential = dsai.Credential[dsai.ConsentBundle]
	consent := func(i int, f func(c *consentCredential)) func(*scene) {
		return func(s *scene) {
			s.consent = func(n int, c *consentCredential) {
				if n == i {
					f(c)
				}
			}
		}
	}
	list := func(f func(*dsai.Credential[dsai.StatusList], *vc.Bits)) func(*scene) {
		return func(s *scene) { s.list = f }
	}
	one := newScene(t, "clinic")
	withdrawn := func(f func(grants) []dsai.Digest) func(*scene) {
		return list(func(l *dsai.Credential[dsai.StatusList], _ *vc.Bits) {
			l.Subject.Withdrawn = f(one.grant())
		})
	}
	receipt := func(f func(s *scene, r *dsai.InferenceReceipt)) func(*scene) {
		return func(s *scene) { s.receipt = func(r *dsai.InferenceReceipt) { f(s, r) } }
	}
	policy := func(old, text string) func(*scene) {
		return func(s *scene) {
			s.policy = func(p []byte) []byte {
				if bytes.Count(p, []byte(old)) != 1 {
					t.Fatalf("policy %s has %q not once", p, old)
				}
				return bytes.Replace(p, []byte(old), []byte(text), 1)
			}
		}
	}
	// leavesOut is an answer from passages of which consents let nobody answer.
	leavesOut := func(class dsai.EngineClass, assurance dsai.Assurance) func(*scene) {
		return func(s *scene) {
			s.consent = func(_ int, c *consentCredential) {
				c.Subject.Operations, c.Subject.Engines = []dsai.Operation{dsai.OpRetrieve}, []dsai.EngineClass{class}
			}
			s.delegate = func(_ int, d *dsai.Credential[dsai.ConsentDelegation]) { d.Subject.Engines = []dsai.EngineClass{class} }
			s.receipt = func(r *dsai.InferenceReceipt) {
				r.Model.Class, r.Assurance, r.Operations = class, assurance, []dsai.Operation{dsai.OpRetrieve}
				if class == dsai.EngineInfer {
					r.Model.Fingerprint = s.digest("model")
				}
			}
		}
	}
	other := newScene(t, "other")
	for _, tt := range []struct {
		name   string
		change func(*scene)
		want   string
	}{
		{"consent of another co-op", consent(0, func(c *consentCredential) { c.Subject.Coop = other.coop }), "consents"},
		{"consent to another steward", consent(0, func(c *consentCredential) { c.Subject.Steward = other.node }), "consents"},
		{"consent for another document", consent(1, func(c *consentCredential) { c.Subject.Data.Documents[0].Document = other.document(1) }), "consents"},
		{"consent frozen at another version", consent(0, func(c *consentCredential) { v := other.version(0); c.Subject.Data.Documents[0].Version = &v }), "consents"},
		{"consent to another collection", consent(2, func(c *consentCredential) { d := other.version(0); c.Subject.Data.Collection = &d }), "consents"},
		{"consent signed after the answer", consent(0, func(c *consentCredential) { c.ValidFrom = started + 1 }), "consents"},
		{"status list older than the policy allows", func(s *scene) { s.ceiling = 59 }, "status"},
		{"consent signed after rotation by the old key", func(s *scene) {
			s.signer = func(i int) vc.Signer {
				if i == 2 {
					return s.member("two")
				}
				return nil
			}
		}, "consents"},
		{"consent signed by another member", func(s *scene) {
			s.signer = func(i int) vc.Signer {
				if i == 0 {
					return s.member("two b")
				}
				return nil
			}
		}, "consents"},
		{"consent wider than its delegation", consent(3, func(c *consentCredential) {
			c.Subject.Operations = append(c.Subject.Operations, dsai.OpFineTune)
		}), "consents"},
		{"consent outlives its delegation", consent(3, func(c *consentCredential) { c.ValidUntil = 0 }), "consents"},
		{"delegated purposes wider", consent(3, func(c *consentCredential) {
			c.Subject.Purposes.Deny = []string{}
			c.Subject.Purposes.Allow = []string{purpose.Namespace + "ServiceProvision"}
		}), "consents"},
		{"delegation by another key", func(s *scene) {
			s.delegate = func(_ int, d *dsai.Credential[dsai.ConsentDelegation]) { d.Subject.Member = s.m[0] }
		}, "consents"},
		{"second delegation wider", func(s *scene) {
			s.delegate = func(i int, d *dsai.Credential[dsai.ConsentDelegation]) {
				if i == 1 {
					d.Subject.Data.Documents = append(slices.Clone(d.Subject.Data.Documents), dsai.DocumentGrant{Document: s.document(0), Mode: dsai.ModeFollowing})
				}
			}
		}, "consents"},
		{"second delegation outlives the first", func(s *scene) {
			s.delegate = func(i int, d *dsai.Credential[dsai.ConsentDelegation]) { d.ValidUntil += dsai.Time(i) }
		}, "consents"},
		{"second delegation without depth", func(s *scene) {
			s.delegate = func(_ int, d *dsai.Credential[dsai.ConsentDelegation]) { d.Subject.Depth = 0 }
		}, "consents"},
		{"revoked bit of a delegation", list(func(_ *dsai.Credential[dsai.StatusList], b *vc.Bits) { must(t, b.Revoke(2000)) }), "status"},
		{"purpose denied", consent(0, func(c *consentCredential) {
			c.Subject.Purposes.Deny = []string{answers}
			c.Subject.Purposes.Allow = append(c.Subject.Purposes.Allow, purpose.Namespace+"Marketing")
		}), "purpose"},
		{"purpose not allowed", consent(0, func(c *consentCredential) {
			c.Subject.Purposes.Allow = []string{purpose.Namespace + "NonCommercialResearch"}
		}), "purpose"},
		{"another vocabulary", consent(0, func(c *consentCredential) { c.Subject.Purposes.Digest = other.version(0) }), "consents"},
		{"operation not granted", consent(0, func(c *consentCredential) { c.Subject.Operations = []dsai.Operation{dsai.OpRetrieve} }), "scope"},
		{"engine not granted", consent(0, func(c *consentCredential) { c.Subject.Engines = []dsai.EngineClass{dsai.EngineUpstream} }), "scope"},
		{"model not granted", consent(0, func(c *consentCredential) { c.Subject.Models = []dsai.Digest{other.version(0)} }), "scope"},
		{"recipient not granted", consent(0, func(c *consentCredential) { c.Subject.Recipients = []string{"did:key:zNobody"} }), "scope"},
		{"region not granted", consent(0, func(c *consentCredential) { c.Subject.Regions = []string{"FR"} }), "scope"},
		{"consent expired", consent(0, func(c *consentCredential) { c.ValidUntil = started - 1 }), "scope"},
		{"quoted too much", consent(0, func(c *consentCredential) { c.Subject.Output.QuoteMax = 7 }), "openings"},
		{"withdrawn document", withdrawn(func(g grants) []dsai.Digest {
			return []dsai.Digest{dsai.WithdrawnDocument(g.consents[1].Digest, one.document(1))}
		}), "status"},
		{"withdrawn document of a delegation", withdrawn(func(g grants) []dsai.Digest {
			return []dsai.Digest{dsai.WithdrawnDocument(g.delegations[0].Digest, one.document(3))}
		}), "status"},
		{"withdrawn documents out of order", withdrawn(func(grants) []dsai.Digest {
			return []dsai.Digest{{2}, {1}}
		}), "status"},
		{"revoked bit", list(func(_ *dsai.Credential[dsai.StatusList], b *vc.Bits) { must(t, b.Revoke(1002)) }), "status"},
		{"expired list", list(func(l *dsai.Credential[dsai.StatusList], _ *vc.Bits) { l.ValidUntil = started - 1 }), "status"},
		{"list without end", list(func(l *dsai.Credential[dsai.StatusList], _ *vc.Bits) { l.ValidUntil = 0 }), "status"},
		{"list from the future", list(func(l *dsai.Credential[dsai.StatusList], _ *vc.Bits) { l.ValidFrom = started + 1 }), "status"},
		{"stale list", list(func(l *dsai.Credential[dsai.StatusList], _ *vc.Bits) { l.ValidFrom = started - 301 }), "status"},
		{"another list", list(func(l *dsai.Credential[dsai.StatusList], _ *vc.Bits) {
			l.Subject.ID = vc.ListID("https://node.example/status/2")
		}), "status"},
		{"list of another co-op", list(func(l *dsai.Credential[dsai.StatusList], _ *vc.Bits) { l.Subject.Coop = other.coop }), "status"},
		{"list of an unknown node", list(func(l *dsai.Credential[dsai.StatusList], _ *vc.Bits) { l.Subject.Node = other.node }), "status"},
		{"list of an unnamed point", consent(0, func(c *consentCredential) { c.Subject.RevocationPoints = []dsai.NodeID{other.node} }), "status"},
		{"consent without status", consent(0, func(c *consentCredential) { c.Status = nil }), "consents"},
		{"passage moved to another document", receipt(func(_ *scene, r *dsai.InferenceReceipt) {
			// The collection's document, under the derivation of the first.
			r.Used[3].Derivation, r.Used[3].Passage, r.Used[3].Commitment = r.Used[0].Derivation, r.Used[0].Passage, r.Used[0].Commitment
		}), "passages"},
		{"passage at another place", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Used[0].Passage++ }), "passages"},
		{"passage beyond the derivation", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Used[0].Passage = perDocument }), "passages"},
		{"passage used twice", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Used[2] = r.Used[1] }), "passages"},
		{"purpose not undertaken", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Purpose = purpose.Namespace + "Marketing" }), "undertaking"},
		{"rule not in the policy", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Rule = "anything" }), "policy"},
		{"rule that denies", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Rule = "nobody" }), "policy"},
		{"rule without effect", policy(`"effect":"allow",`, ""), "policy"},
		{"rule of both effects", policy(`"id":"nobody"`, `"id":"members-may-ask"`), "policy"},
		{"engine that the policy leaves out", policy(`"extract",`, ""), "policy"},
		{"policy without engines", policy(`"engines":["extract","infer","upstream"],`, ""), "policy"},
		{"policy without models", policy(`,"models":[]`, ""), "policy"},
		{"model that the policy leaves out", policy(`"models":[]`, `"models":["`+one.digest("model").String()+`"]`), "policy"},
		{"operation retrieve left out", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Operations = []dsai.Operation{dsai.OpInfer} }), "scope"},
		{"operation infer left out by inference", leavesOut(dsai.EngineInfer, dsai.Replayable), "scope"},
		{"operation infer left out upstream", leavesOut(dsai.EngineUpstream, dsai.Recorded), "scope"},
		{"fewer prompt tokens than none", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Tokens.Prompt = -1 }), "receipt"},
		{"fewer completion tokens than none", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Tokens.Completion = -1 }), "receipt"},
		{"tokens of no unit", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Tokens.Unit = "page" }), "receipt"},
		{"energy below zero", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Energy.Joules = "-1" }), "receipt"},
		{"energy with an exponent", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Energy.Joules = "1e9" }), "receipt"},
		{"energy with a leading zero", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Energy.Joules = "01" }), "receipt"},
		{"energy with a bare point", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Energy.Joules = "1." }), "receipt"},
		{"energy from nowhere", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Energy.Source = "sun" }), "receipt"},
		{"energy of an unknown scope", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Energy.Scope = "room" }), "receipt"},
		{"energy by an unknown method", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Energy.Method = "guessed" }), "receipt"},
		{"no requester", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Requester = dsai.Digest{} }), "receipt"},
		{"no request", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Request = dsai.Digest{} }), "receipt"},
		{"replayable upstream", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Model.Class = dsai.EngineUpstream }), "receipt"},
		{"fingerprint of a file that is none's", receipt(func(s *scene, r *dsai.InferenceReceipt) { r.Model.Fingerprint = s.digest("model") }), "receipt"},
		{"model file without its fingerprint", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Model.Class = dsai.EngineInfer }), "receipt"},
		{"another name for the same engine", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Model.ID = "ours" }), "receipt"},
		{"another node's log", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Log = dsai.LogOrigin(other.node, 0) }), "receipt"},
		{"signed before it started", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Started = started + 60 }), "receipt"},
		{"price that nobody is paid", receipt(func(_ *scene, r *dsai.InferenceReceipt) { r.Price = "91" }), "settlement"},
		{"receipt by another key", func(s *scene) {
			s.signs = func(c *dsai.Credential[dsai.InferenceReceipt]) vc.Signer {
				c.Issuer, c.Subject.ID = s.nodeSigner("log").DID(), s.nodeSigner("log").DID()
				return s.nodeSigner("log")
			}
		}, "receipt"},
		{"another leaf in the log", func(s *scene) { s.leaf = func(leaf []byte) { leaf[5] ^= 1 } }, "inclusion"},
		{"not in the log", func(s *scene) { s.bundle = func(b *dsai.Bundle) { b.Proof = "" } }, "inclusion"},
		{"another policy", func(s *scene) {
			s.bundle = func(b *dsai.Bundle) { b.Policy = []byte(`{"rules":[{"id":"members-may-ask"}]}`) }
		}, "policy"},
		{"a consent too many", func(s *scene) {
			s.receipt = func(r *dsai.InferenceReceipt) { r.Used = r.Used[:4] }
			s.bundle = func(b *dsai.Bundle) { b.Passages = b.Passages[:4]; b.Openings.Passages = b.Openings.Passages[:4] }
		}, "consents"},
		{"revoked before", func(s *scene) {
			s.bundle = func(b *dsai.Bundle) {
				for _, raw := range b.Consents {
					c, err := vc.Open[dsai.ConsentBundle](raw, dsai.TypeConsentBundle)
					must(t, err)
					if c.Subject.Member == s.m[0] {
						b.Revocations = sorted(s.revoke(c.Digest, started))
					}
				}
			}
		}, "revocation"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t, "clinic")
			tt.change(s)
			r := check(t, s.raw(), verify.Options{Trust: s.trust()})
			if r.OK || r.Consistent || !slices.Contains(failing(r), tt.want) {
				t.Errorf("failing %q, want %q among them%s", failing(r), tt.want, report(r))
			}
		})
	}
}

// What a verifier must not refuse: a search under consents that let passages be
// found and no more, and a number with a fraction.
func TestSearchReceipt(t *testing.T) {
	s := newScene(t, "clinic")
	s.consent = func(_ int, c *dsai.Credential[dsai.ConsentBundle]) {
		c.Subject.Operations = []dsai.Operation{dsai.OpRetrieve}
	}
	s.receipt = func(r *dsai.InferenceReceipt) {
		r.Operations, r.Energy.Joules = []dsai.Operation{dsai.OpRetrieve}, "0.25"
	}
	if r := check(t, s.raw(), verify.Options{Trust: s.trust()}); !r.OK {
		t.Error(report(r))
	}
}

// A whole bundle by others who call their co-op the same is consistent, and
// that is all.
func TestAnotherCoopOfTheSameName(t *testing.T) {
	s, other := newScene(t, "clinic"), newScene(t, "other")
	raw := other.raw()
	for _, tt := range []struct {
		trust  *dsai.Trust
		anchor string
		want   []string
	}{
		{nil, verify.AnchorUnknown, []string{"anchor"}},
		{s.trust(), verify.AnchorMismatch, []string{"anchor"}},
	} {
		r := check(t, raw, verify.Options{Trust: tt.trust})
		if r.OK || !r.Consistent || r.Anchor != tt.anchor || !slices.Equal(failing(r), tt.want) {
			t.Errorf("Bundle = %+v%s", r, report(r))
		}
	}
}

func TestTrustNamesOtherKeys(t *testing.T) {
	s := newScene(t, "clinic")
	raw := s.raw()
	stranger := newScene(t, "other")
	for name, change := range map[string]func(*dsai.Trust){
		"node":        func(tr *dsai.Trust) { tr.Nodes[0].Node = stranger.node },
		"receipt key": func(tr *dsai.Trust) { tr.Nodes[0].ReceiptKeys = []string{s.nodeSigner("peer").DID()} },
		"log key":     func(tr *dsai.Trust) { tr.Nodes[0].LogKeys = []string{s.nodeSigner("peer").DID()} },
	} {
		trust := s.trust()
		change(trust)
		if r := check(t, raw, verify.Options{Trust: trust}); r.OK || r.Anchor != verify.AnchorMismatch || !slices.Equal(failing(r), []string{"anchor"}) {
			t.Errorf("other %s: %+v%s", name, r, report(r))
		}
	}
	trust := s.trust()
	trust.Witnesses = append(trust.Witnesses, dsai.TrustWitness{Operator: "third", Key: func() string { _, k := s.witness("w3.example"); return k }()})
	trust.Threshold = 3
	if r := check(t, raw, verify.Options{Trust: trust}); r.OK || !slices.Equal(failing(r), []string{"witnesses"}) || r.Operators != 2 {
		t.Errorf("three witnesses required: %+v%s", r, report(r))
	}
	trust = s.trust()
	trust.Witnesses[1].Operator = trust.Witnesses[0].Operator
	trust.Threshold = 1
	if r := check(t, raw, verify.Options{Trust: trust}); !r.OK || r.Witnesses != 2 || r.Operators != 1 {
		t.Errorf("two witnesses of one operator: %+v%s", r, report(r))
	}
}

// edit changes the text of a bundle.
func edit(t *testing.T, raw []byte, old, replacement string) []byte {
	t.Helper()
	if bytes.Count(raw, []byte(old)) == 0 {
		t.Fatalf("%.60q is not in the bundle", old)
	}
	return bytes.Replace(raw, []byte(old), []byte(replacement), 1)
}

// One value has one text, and one set of members one signature of each.
func TestSecondSpellings(t *testing.T) {
	s := newScene(t, "clinic")
	raw := s.raw()
	var b dsai.Bundle
	must(t, json.Unmarshal(raw, &b))
	c, err := vc.Open[dsai.ConsentBundle](b.Consents[0], dsai.TypeConsentBundle)
	must(t, err)
	value := c.Proof[0].ProofValue
	sig, err := base58.Decode(value[1:])
	must(t, err)
	n := elliptic.P256().Params().N
	new(big.Int).Sub(n, new(big.Int).SetBytes(sig[32:])).FillBytes(sig[32:])

	for _, tt := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"(r, n-s)", edit(t, raw, value, "z"+base58.Encode(sig)), "consents"},
		{"base58 with a leading zero", edit(t, raw, value, "z1"+value[1:]), "consents"},
		{"swapped contexts", edit(t, raw, string(b.Consents[0]), strings.Replace(string(b.Consents[0]),
			`"`+dsai.ContextVC+`","`+dsai.ContextDSAI+`"`, `"`+dsai.ContextDSAI+`","`+dsai.ContextVC+`"`, 1)), "consents"},
		{"Deny beside deny", edit(t, raw, `"deny":`, `"Deny":[],"deny":`), "consents"},
		{"upper-case hex", edit(t, raw, `"salt":"`+s.salt("leaf").String(), `"salt":"`+strings.ToUpper(s.salt("leaf").String())), "format"},
		{"extra proof data", edit(t, raw, `c2sp.org/tlog-proof@v1\n`, `c2sp.org/tlog-proof@v1\nextra AAAA\n`), "inclusion"},
		{"signature line without its padding", edit(t, raw, `==\n","receipt"`, `\n","receipt"`), "inclusion"},
	} {
		r := check(t, tt.raw, verify.Options{Trust: s.trust()})
		if r.OK || !slices.Contains(failing(r), tt.want) {
			t.Errorf("%s: failing %q, want %q%s", tt.name, failing(r), tt.want, report(r))
		}
	}
	for name, raw := range map[string][]byte{
		"duplicate key":  edit(t, raw, `"deny":`, `"deny":[],"deny":`),
		"null":           edit(t, raw, `"delegations":[`, `"delegations":[null,`),
		"fraction":       edit(t, raw, `"sequence":5`, `"sequence":5.0`),
		"invalid UTF-8":  edit(t, raw, `Guide`, "Gu\xffde"),
		"lone surrogate": edit(t, raw, `Guide`, `Gu\ud800de`),
		"no bundle":      []byte(`{"receipt":{}}`),
		"an array":       []byte(`[]`),
	} {
		if r, err := verify.Bundle(raw, verify.Options{Trust: s.trust()}); !errors.Is(err, dsai.ErrSyntax) {
			t.Errorf("%s: Bundle = %+v, %v, want ErrSyntax", name, r, err)
		}
	}
}

// A cosignature by nobody that the trust file knows counts for nothing and
// harms nothing (c2sp.org/signed-note asks verifiers to ignore such lines).
func TestUnknownSignatureLines(t *testing.T) {
	s := newScene(t, "clinic")
	raw := s.raw()
	trust := s.trust()
	trust.Witnesses, trust.Threshold = trust.Witnesses[:1], 1
	if r := check(t, raw, verify.Options{Trust: trust}); !r.OK || r.Witnesses != 1 || r.Operators != 1 {
		t.Errorf("one witness known: %+v%s", r, report(r))
	}
	var b dsai.Bundle
	must(t, json.Unmarshal(raw, &b))
	b.Proof += "\u2014 stranger.example AAAAAAAA\n"
	more, err := vc.Canonical(b)
	must(t, err)
	if r := check(t, more, verify.Options{Trust: s.trust()}); !r.OK || r.Witnesses != 2 {
		t.Errorf("with a stranger's line: %+v%s", r, report(r))
	}
	// A stranger's line instead of a witness's does not replace it.
	lines := strings.SplitAfter(b.Proof, "\n")
	b.Proof = strings.Join(slices.Delete(lines, len(lines)-3, len(lines)-2), "")
	if more, err = vc.Canonical(b); err != nil {
		t.Fatal(err)
	}
	if r := check(t, more, verify.Options{Trust: s.trust()}); r.OK || r.Witnesses != 1 || !slices.Contains(failing(r), "witnesses") {
		t.Errorf("with a stranger's line for a witness's: %+v%s", r, report(r))
	}
}

func TestRevocationsFromElsewhere(t *testing.T) {
	s := newScene(t, "clinic")
	raw := s.raw()
	var b dsai.Bundle
	must(t, json.Unmarshal(raw, &b))
	var mine dsai.Digest
	for _, c := range b.Consents {
		if c, err := vc.Open[dsai.ConsentBundle](c, dsai.TypeConsentBundle); err == nil && c.Subject.Member == s.m[0] {
			mine = c.Digest
		}
	}
	node := s.nodeSigner("receipt")
	withdrawal := issue(s, vc.New(dsai.TypeWithdrawalReceipt, node.DID(), dsai.WithdrawalReceipt{
		ID: node.DID(), Coop: s.coop, Node: s.node, Member: s.m[0], Revocation: s.digest("r"), Consent: mine,
		Documents: []dsai.DocumentID{}, Effective: started - 5, Purged: []string{}, Quarantine: []dsai.DocumentID{},
	}, started-5, 0), node)
	stranger := newScene(t, "other")
	theirs := stranger.nodeSigner("receipt")
	lie := withdrawal.Credential
	lie.Issuer, lie.Subject.ID = theirs.DID(), theirs.DID()
	forged := issue(s, lie, theirs)
	two := s.member("two")
	for _, tt := range []struct {
		name       string
		revocation json.RawMessage
		ok         bool
	}{
		{"before the answer", s.revoke(mine, started).Raw, false},
		{"after the answer", s.revoke(mine, started+1).Raw, true},
		{"of something else", s.revoke(s.digest("elsewhere"), started-5).Raw, true},
		{"by a stranger", stranger.revoke(mine, started-5).Raw, true},
		{"by another member", issue(s, vc.New(dsai.TypeRevocation, two.DID(), dsai.Revocation{
			ID: two.DID(), Member: s.m[0], Coop: s.coop, Consent: mine, Effective: started - 5}, started-5, 0), two).Raw, true},
		{"acknowledged by the node", withdrawal.Raw, false},
		{"acknowledged by a stranger", forged.Raw, true},
		{"unreadable", json.RawMessage("{}"), false},
	} {
		r := check(t, raw, verify.Options{Trust: s.trust(), Revocations: []json.RawMessage{tt.revocation}})
		if r.OK != tt.ok || !tt.ok && !slices.Equal(failing(r), []string{"revocation"}) {
			t.Errorf("%s: ok = %v, want %v%s", tt.name, r.OK, tt.ok, report(r))
		}
	}
}

// TestTakenBackFromAnotherConsent has a document used under one consent that its
// member took back from another. It is said, and no fault: both may have lent it.
func TestTakenBackFromAnotherConsent(t *testing.T) {
	s := newScene(t, "clinic")
	raw := s.raw()
	lent := s.grant().consents[0].ValidFrom
	node, one, two := s.nodeSigner("receipt"), s.member("one"), s.member("two")
	another, used := s.digest("another consent"), []dsai.DocumentID{s.document(0)}
	revocation := func(by vc.Signer, at dsai.Time, documents []dsai.DocumentID) vc.Sealed[dsai.Revocation] {
		return issue(s, vc.New(dsai.TypeRevocation, by.DID(), dsai.Revocation{
			ID: by.DID(), Member: s.m[0], Coop: s.coop, Consent: another, Documents: documents, Effective: at}, at, 0), by)
	}
	acknowledged := func(r dsai.Digest, at dsai.Time) json.RawMessage {
		return issue(s, vc.New(dsai.TypeWithdrawalReceipt, node.DID(), dsai.WithdrawalReceipt{
			ID: node.DID(), Coop: s.coop, Node: s.node, Member: s.m[0], Revocation: r, Consent: another,
			Documents: used, Effective: at, Purged: []string{}, Quarantine: []dsai.DocumentID{},
		}, at, 0), node).Raw
	}
	early := revocation(one, lent+5, used)
	for _, tt := range []struct {
		name      string
		presented []json.RawMessage
		want      int // how many are spoken of
	}{
		{"since the consent was signed", []json.RawMessage{early.Raw}, 1},
		{"acknowledged", []json.RawMessage{acknowledged(early.Digest, lent+7)}, 1},
		{"both", []json.RawMessage{early.Raw, acknowledged(early.Digest, lent+7)}, 2},
		{"acknowledged after the use", []json.RawMessage{early.Raw, acknowledged(early.Digest, started+1)}, 0},
		{"before the consent was signed", []json.RawMessage{revocation(one, lent-1, used).Raw}, 0},
		{"after the use", []json.RawMessage{revocation(one, started+1, used).Raw}, 0},
		{"another document", []json.RawMessage{revocation(one, lent+5, []dsai.DocumentID{s.document(7)}).Raw}, 0},
		{"all of the other consent", []json.RawMessage{revocation(one, lent+5, nil).Raw}, 0}, // whatever that was
		{"by somebody else", []json.RawMessage{revocation(two, lent+5, used).Raw}, 0},
	} {
		r := check(t, raw, verify.Options{Trust: s.trust(), Revocations: tt.presented})
		i := slices.IndexFunc(r.Checks, func(c verify.Check) bool { return c.Name == "revocation" })
		reason := r.Checks[i].Reason
		said := fmt.Sprintf("by %d, a member took a document used here back from another consent", tt.want)
		if !r.OK || tt.want > 0 && !strings.Contains(reason, said) || tt.want == 0 && strings.Contains(reason, "took") {
			t.Errorf("%s: ok = %v, %q, want ok and %d spoken of", tt.name, r.OK, reason, tt.want)
		}
	}
}

// TestBackdatedRevocation shows that a date which a signer chose makes no honest
// use look like misuse: what the node acknowledged decides.
func TestBackdatedRevocation(t *testing.T) {
	s := newScene(t, "clinic")
	raw := s.raw()
	mine := s.grant().consents[0].Digest
	node, one := s.nodeSigner("receipt"), s.member("one")
	backdated := issue(s, vc.New(dsai.TypeRevocation, one.DID(), dsai.Revocation{
		ID: one.DID(), Member: s.m[0], Coop: s.coop, Consent: mine, Effective: started - 1000}, started+50, 0), one)
	early := s.revoke(mine, started-1000)
	acknowledge := func(r dsai.Digest, at dsai.Time) json.RawMessage {
		return issue(s, vc.New(dsai.TypeWithdrawalReceipt, node.DID(), dsai.WithdrawalReceipt{
			ID: node.DID(), Coop: s.coop, Node: s.node, Member: s.m[0], Revocation: r, Consent: mine,
			Documents: []dsai.DocumentID{}, Effective: at, Purged: []string{}, Quarantine: []dsai.DocumentID{},
		}, at, 0), node).Raw
	}
	for _, tt := range []struct {
		name      string
		presented []json.RawMessage
		ok        bool
		words     string
	}{
		{"effective before it was signed", []json.RawMessage{backdated.Raw}, true, "none in force"},
		{"dated before the answer", []json.RawMessage{early.Raw}, false, "by its signer's claim"},
		{"acknowledged after the answer", []json.RawMessage{early.Raw, acknowledge(early.Digest, started+1)}, true, "none in force"},
		{"acknowledged before the answer", []json.RawMessage{backdated.Raw, acknowledge(backdated.Digest, started-10)}, false, "acknowledged"},
	} {
		r := check(t, raw, verify.Options{Trust: s.trust(), Revocations: tt.presented})
		i := slices.IndexFunc(r.Checks, func(c verify.Check) bool { return c.Name == "revocation" })
		if r.OK != tt.ok || !strings.Contains(r.Checks[i].Reason, tt.words) {
			t.Errorf("%s: ok = %v, %q, want %v with %q", tt.name, r.OK, r.Checks[i].Reason, tt.ok, tt.words)
		}
	}
}

func TestRedact(t *testing.T) {
	s := newScene(t, "clinic")
	raw := s.raw()
	for _, names := range append([][]string{{}, {"prompt", "response"}}, func() (out [][]string) {
		for _, n := range verify.Redactions {
			out = append(out, []string{n})
		}
		return out
	}()...) {
		redacted, err := verify.Redact(raw, names...)
		if err != nil {
			t.Fatal(err)
		}
		if r := check(t, redacted, verify.Options{Trust: s.trust()}); !r.OK {
			t.Errorf("Redact(%q): %s", names, report(r))
		}
		if slices.Contains(names, "prompt") && bytes.Contains(redacted, []byte("What to do?")) {
			t.Errorf("Redact(%q) keeps the prompt", names)
		}
		if len(names) == 0 && bytes.Contains(redacted, []byte("openings")) {
			t.Errorf("Redact() keeps openings")
		}
	}
	if _, err := verify.Redact(raw, "receipt"); err == nil {
		t.Error("Redact(receipt) = nil")
	}
}

// replayer is a Replayer that answers err.
type replayer struct {
	err error
	got *verify.Replay
}

func (r *replayer) Replay(in verify.Replay) error { r.got = &in; return r.err }

func TestReplay(t *testing.T) {
	s := newScene(t, "clinic")
	s.consent = func(i int, c *dsai.Credential[dsai.ConsentBundle]) {
		if i == 0 {
			c.Subject.Output.QuoteMax = 1000
		}
	}
	raw := s.raw()
	for _, tt := range []struct {
		err          error
		ok, replayed bool
	}{{nil, true, true}, {errors.New("differs at byte 3"), false, false}, {verify.ErrWithheld, true, false}} {
		p := &replayer{err: tt.err}
		r := check(t, raw, verify.Options{Trust: s.trust(), Replayer: p})
		if r.OK != tt.ok || r.Replayed != tt.replayed || p.got == nil || p.got.Statistics == nil || len(p.got.Openings.Passages) != 5 ||
			!slices.Equal(p.got.QuoteMax, []int{1000, 500, 500, 500, 500}) || r.Model == nil || r.Model.ID != "dsai-extract-1" {
			t.Errorf("Replay = %v: ok %v, replayed %v%s", tt.err, r.OK, r.Replayed, report(r))
		}
	}
	redacted, err := verify.Redact(raw)
	must(t, err)
	p := &replayer{}
	if r := check(t, redacted, verify.Options{Trust: s.trust(), Replayer: p}); !r.OK || r.Replayed || p.got != nil {
		t.Errorf("redacted: %+v", r)
	}
}
