// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package consent_test

import (
	"errors"
	"strconv"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/purpose"
	"dsai.example/dsai/internal/verifiable/vc"
)

func scope() consent.Scope {
	return consent.Scope{
		Member: member, Coop: coop, From: t0, Until: t0 + 1000,
		Purposes:   dsai.Purposes{Allow: []string{iri("Marketing"), answers}, Deny: []string{}, Vocabulary: purpose.Vocabulary, Digest: purpose.Digest()},
		Operations: []dsai.Operation{dsai.OpRetrieve, dsai.OpInfer},
		Engines:    []dsai.EngineClass{dsai.EngineExtract, dsai.EngineInfer},
		Data: dsai.DataScope{Documents: []dsai.DocumentGrant{
			{Document: docA, Mode: dsai.ModeFollowing}, {Document: docB, Mode: dsai.ModeFrozen, Version: &v1},
		}},
	}
}

func TestAttenuates(t *testing.T) {
	collection, another := id("collection"), id("another")
	for _, tc := range []struct {
		name string
		edit func(parent, child *consent.Scope)
		ok   bool
	}{
		{"equal", func(_, _ *consent.Scope) {}, true},
		{"narrower purpose", func(_, c *consent.Scope) { c.Purposes.Allow = []string{iri("Advertising")} }, true},
		{"broader purpose", func(p, _ *consent.Scope) { p.Purposes.Allow = []string{iri("Advertising")} }, false},
		{"dropped denial", func(p, _ *consent.Scope) { p.Purposes.Deny = []string{iri("Advertising")} }, false},
		{"added denial", func(_, c *consent.Scope) { c.Purposes.Deny = []string{iri("Advertising")} }, true},
		{"denial said in other terms", func(p, c *consent.Scope) {
			p.Purposes.Deny = []string{iri("Marketing")}
			c.Purposes.Allow = []string{answers}
		}, true},
		{"other vocabulary", func(_, c *consent.Scope) { c.Purposes.Digest = another }, false},
		{"fewer operations", func(_, c *consent.Scope) { c.Operations = c.Operations[:1] }, true},
		{"more operations", func(_, c *consent.Scope) { c.Operations = append(c.Operations, dsai.OpShare) }, false},
		{"no operations", func(_, c *consent.Scope) { c.Operations = nil }, false},
		{"more engines", func(_, c *consent.Scope) { c.Engines = append(c.Engines, dsai.EngineUpstream) }, false},
		{"unknown engine", func(_, c *consent.Scope) { c.Engines = []dsai.EngineClass{"magic"} }, false},
		{"ends earlier", func(_, c *consent.Scope) { c.Until-- }, true},
		{"ends later", func(_, c *consent.Scope) { c.Until++ }, false},
		{"begins earlier", func(_, c *consent.Scope) { c.From-- }, false},
		{"never ends", func(_, c *consent.Scope) { c.Until = 0 }, false},
		{"parent never ends", func(p, _ *consent.Scope) { p.Until = 0 }, false},
		{"fewer documents", func(_, c *consent.Scope) { c.Data.Documents = c.Data.Documents[1:] }, true},
		{"other document", func(_, c *consent.Scope) { c.Data.Documents[0].Document = docC }, false},
		{"followed made frozen", func(_, c *consent.Scope) {
			c.Data.Documents[0] = dsai.DocumentGrant{Document: docA, Mode: dsai.ModeFrozen, Version: &v2}
		}, true},
		{"frozen made followed", func(_, c *consent.Scope) { c.Data.Documents[1].Mode = dsai.ModeFollowing }, false},
		{"frozen elsewhere", func(_, c *consent.Scope) { c.Data.Documents[1].Version = &v2 }, false},
		{"frozen at nothing", func(p, _ *consent.Scope) { p.Data.Documents[1].Version = nil }, false},
		{"same collection", func(p, c *consent.Scope) { p.Data.Collection, c.Data.Collection = &collection, &collection }, true},
		{"dropped collection", func(p, _ *consent.Scope) { p.Data.Collection = &collection }, true},
		{"added collection", func(_, c *consent.Scope) { c.Data.Collection = &collection }, false},
		{"other collection", func(p, c *consent.Scope) { p.Data.Collection, c.Data.Collection = &collection, &another }, false},
		{"other member", func(_, c *consent.Scope) { c.Member = dsai.MemberID{} }, false},
		{"other co-op", func(_, c *consent.Scope) { c.Coop = dsai.CoopID{} }, false},
	} {
		parent, child := scope(), scope()
		tc.edit(&parent, &child)
		err := consent.Attenuates(parent, child)
		if (err == nil) != tc.ok || err != nil && !errors.Is(err, consent.ErrAttenuation) {
			t.Errorf("%s: Attenuates = %v, want ok %v", tc.name, err, tc.ok)
		}
	}
}

// chain returns a consent signed at the end of n delegations.
func chain(t *testing.T, n int, edit func(i int, d *dsai.ConsentDelegation)) consent.Parts {
	t.Helper()
	p := draft(t, nil)
	s := consent.ScopeOf(p.Consent)
	holder, parent := alix, (*dsai.Digest)(nil)
	for i := range n {
		d := dsai.ConsentDelegation{ID: holder, Member: member, Coop: coop, Delegate: "did:key:zDnDelegate" + strconv.Itoa(i), Purposes: s.Purposes,
			Ops: s.Operations, Engines: s.Engines, Data: s.Data, Depth: n - 1 - i, Parent: parent}
		if edit != nil {
			edit(i, &d)
		}
		c := seal(dsai.TypeConsentDelegation, holder, d, s.From, s.Until)
		c.Status = vc.NewStatusEntry(list, 100+i)
		p.Delegations = append(p.Delegations, c)
		p.Consent.Subject.Delegation = append(p.Consent.Subject.Delegation, c.Digest)
		holder, parent = d.Delegate, &c.Digest
	}
	p.Consent.Issuer = holder
	return p
}

func TestDelegationChains(t *testing.T) {
	for n := range 4 {
		if _, err := consent.New(chain(t, n, nil)); err != nil {
			t.Errorf("New with %d delegations = %v", n, err)
		}
	}
	for _, tc := range []struct {
		name string
		make func() consent.Parts
	}{
		{"four", func() consent.Parts { return chain(t, 4, nil) }},
		{"depth too large", func() consent.Parts {
			return chain(t, 2, func(i int, d *dsai.ConsentDelegation) {
				if i == 0 {
					d.Depth = 3
				}
			})
		}},
		{"depth not shrinking", func() consent.Parts {
			return chain(t, 2, func(_ int, d *dsai.ConsentDelegation) { d.Depth = 1 })
		}},
		{"depth used up", func() consent.Parts {
			return chain(t, 2, func(_ int, d *dsai.ConsentDelegation) { d.Depth = 0 })
		}},
		{"cycle", func() consent.Parts {
			return chain(t, 2, func(i int, d *dsai.ConsentDelegation) {
				if i == 1 {
					d.Delegate = alix
				}
			})
		}},
		{"second widens", func() consent.Parts {
			return chain(t, 2, func(i int, d *dsai.ConsentDelegation) {
				if i == 0 {
					d.Ops = []dsai.Operation{dsai.OpInfer}
				}
			})
		}},
		{"consent widens", func() consent.Parts {
			return chain(t, 1, func(_ int, d *dsai.ConsentDelegation) { d.Engines = []dsai.EngineClass{dsai.EngineExtract} })
		}},
		{"parent missing", func() consent.Parts {
			return chain(t, 2, func(_ int, d *dsai.ConsentDelegation) { d.Parent = nil })
		}},
		{"not shown", func() consent.Parts { p := chain(t, 1, nil); p.Delegations = nil; return p }},
		{"not named", func() consent.Parts {
			p := chain(t, 1, nil)
			p.Consent.Subject.Delegation = nil
			p.Consent.Issuer = alix
			return p
		}},
		{"other one shown", func() consent.Parts {
			p := chain(t, 1, nil)
			p.Consent.Subject.Delegation = []dsai.Digest{id("x")}
			return p
		}},
		{"signed by somebody else", func() consent.Parts { p := chain(t, 1, nil); p.Consent.Issuer = alix; return p }},
	} {
		if _, err := consent.New(tc.make()); !errors.Is(err, consent.ErrAttenuation) {
			t.Errorf("%s: New = %v, want ErrAttenuation", tc.name, err)
		}
	}
}

func TestRevokedDelegationKillsWhatStandsOnIt(t *testing.T) {
	p := chain(t, 3, nil)
	p.Revocations = []vc.Sealed[dsai.Revocation]{seal(dsai.TypeRevocation, alix,
		dsai.Revocation{ID: alix, Member: member, Coop: coop, Consent: p.Delegations[1].Digest, Effective: t0}, t0, 0)}
	q := query()
	if got := grant(t, p).Decide(&q, status(t, 1, t0), consent.Seen{}); got != consent.Revoked {
		t.Errorf("Decide after the revocation of a delegation = %s, want %s", got, consent.Revoked)
	}

	p.Revocations = nil
	for _, tc := range []struct {
		bit  int
		want consent.Reason
	}{{7, consent.Revoked}, {100, consent.Revoked}, {102, consent.Revoked}, {103, consent.OK}} {
		if got := grant(t, p).Decide(&q, status(t, 1, t0, tc.bit), consent.Seen{}); got != tc.want {
			t.Errorf("Decide with bit %d set = %s, want %s", tc.bit, got, tc.want)
		}
	}

	p.Delegations[1].Status = vc.NewStatusEntry("urn:dsai:list:2", 1)
	if _, err := consent.New(p); !errors.Is(err, consent.ErrConsent) {
		t.Errorf("New with a delegation on another list = %v, want ErrConsent", err)
	}
	p.Delegations[1].Status = nil
	if _, err := consent.New(p); !errors.Is(err, consent.ErrConsent) {
		t.Errorf("New with a delegation that cannot be withdrawn = %v, want ErrConsent", err)
	}
}
