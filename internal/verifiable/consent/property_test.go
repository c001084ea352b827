// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package consent_test

import (
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/consent"
	"pgregory.net/rapid"
)

// some draws a non-empty selection of all, in their order.
func some[T any](t *rapid.T, name string, all []T) []T {
	var out []T
	for len(out) == 0 {
		for _, v := range all {
			if rapid.Bool().Draw(t, name) {
				out = append(out, v)
			}
		}
	}
	return out
}

// TestAttenuationNeverWidens: whatever a consent permits that attenuates
// another, the other permits too.
func TestAttenuationNeverWidens(t *testing.T) {
	purposes := []string{answers, iri("marketing"), iri("Advertising"), iri("ResearchAndDevelopment"), iri("CommercialPurpose"), iri("CommercialResearch")}
	operations := []dsai.Operation{dsai.OpRetrieve, dsai.OpInfer, dsai.OpShare}
	engines := []dsai.EngineClass{dsai.EngineExtract, dsai.EngineInfer}
	documents := []dsai.DocumentGrant{{Document: docA, Mode: dsai.ModeFollowing}, {Document: docA, Mode: dsai.ModeFrozen, Version: &v1},
		{Document: docB, Mode: dsai.ModeFrozen, Version: &v2}}
	narrowed := 0
	rapid.Check(t, func(rt *rapid.T) {
		build := func(allow []string, operations []dsai.Operation, engines []dsai.EngineClass) *consent.Grant {
			p := draft(t, func(b *dsai.ConsentBundle) {
				b.Purposes.Allow = some(rt, "allow", allow)
				b.Purposes.Deny = rapid.SliceOfN(rapid.SampledFrom(purposes), 0, 1).Draw(rt, "deny")
				b.Operations, b.Engines = some(rt, "operations", operations), some(rt, "engines", engines)
				b.Data.Documents = []dsai.DocumentGrant{rapid.SampledFrom(documents).Draw(rt, "document")}
				b.Recipients = append(b.Recipients, dsai.RecipientShared)
			})
			p.Consent.ValidFrom += dsai.Time(rapid.IntRange(0, 1).Draw(rt, "from"))
			p.Consent.ValidUntil = t0 + 1 + dsai.Time(rapid.IntRange(1, 2).Draw(rt, "until"))
			g, err := consent.New(p)
			if err != nil {
				return nil // all that is allowed is denied
			}
			return g
		}
		parent := build(purposes, operations, engines)
		if parent == nil {
			return
		}
		// Mostly drawn from the parent's, or few would attenuate.
		of := parent.Consent.Subject
		child := build(append(of.Purposes.Allow, purposes[rapid.IntRange(0, 5).Draw(rt, "other")]), of.Operations, of.Engines)
		if child == nil || consent.Attenuates(consent.ScopeOf(parent.Consent), consent.ScopeOf(child.Consent)) != nil {
			return
		}
		narrowed++
		s := status(t, 1, t0)
		for _, p := range purposes {
			for _, op := range operations {
				for _, e := range engines {
					for now := t0; now < t0+5; now++ {
						q := query()
						q.At.Now, q.Purpose, q.Operations, q.Engine = now, p, []dsai.Operation{op}, e
						if child.Decide(&q, s, consent.Seen{}) == consent.OK && parent.Decide(&q, s, consent.Seen{}) != consent.OK {
							rt.Fatalf("%+v is permitted by what attenuates, and not by what is attenuated", q)
						}
					}
				}
			}
		}
		for _, d := range []dsai.DocumentID{docA, docB, docC} {
			for _, v := range []dsai.Digest{v1, v2} {
				at := consent.Moment{Now: t0}
				_, inner := child.Covers(at, d, v)
				if _, outer := parent.Covers(at, d, v); inner == consent.OK && outer != consent.OK {
					rt.Fatalf("document %v is covered by what attenuates only", d)
				}
			}
		}
	})
	if narrowed == 0 && !testing.Short() { // about one pair in seven does
		t.Error("no pair attenuates: nothing was tested")
	}
	t.Logf("%d pairs attenuate", narrowed)
}
