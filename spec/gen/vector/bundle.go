// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"bytes"
	"encoding/json"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
)

const model = "vector-upstream"

// answer issues the receipt of an answer from both documents. An engine that
// only the node has seen gave it, so its assurance is "recorded".
func (s *scene) answer() {
	n := node("receipt")
	s.used = []dsai.Use{s.use(0, 0), s.use(1, 0)}
	s.used[1].Addition = &s.addition.digest
	r := dsai.InferenceReceipt{
		ID: n.DID(), Coop: s.coop, Node: s.node, Request: seed("request"), Requester: seed("pseudonym"), Undertaking: s.undertaking.digest,
		Purpose: answers, DeclaredBy: "undertaking",
		Model:    dsai.ModelRef{ID: model, Class: dsai.EngineUpstream, Fingerprint: dsai.Hash("engine", []byte(model)), Engine: "vector/1", Profile: "unknown"},
		Sampling: "none", Region: "KE", Policy: s.policy.Digest(), Adoption: s.adoption.digest, Rule: "members",
		Operations: []dsai.Operation{dsai.OpRetrieve, dsai.OpInfer}, Used: s.used, Statistics: s.statistics.digest,
		Energy: dsai.Energy{Joules: "0", Source: "none", Scope: "process", Method: "unknown"}, Tokens: dsai.Tokens{Prompt: 6, Completion: 9, Unit: "word"},
		Price: "1000", Assurance: dsai.Recorded, Evidence: []dsai.Evidence{}, Started: asked, Ended: dsai.EndedComplete,
		Previous: s.checkpoint(len(s.log)), Log: s.origin, AppendBy: signed + 60,
	}
	s.openings = s.open(&r)
	s.receipt = erase(issue(s, dsai.TypeInferenceReceipt, r, by(signed, dsai.LeafReceipt, n)))
}

// use is passage k of document i, as a receipt names it.
func (s *scene) use(i, k int) dsai.Use {
	return dsai.Use{
		Document: document(i), Version: version(i), Derivation: s.derivations[i].digest, Passage: k,
		Commitment: s.passages[i].passages[k].Commitment, Consent: s.consents[i].digest, Status: s.list.digest,
	}
}

// open fills in a receipt's commitments and returns what opens them.
func (s *scene) open(r *dsai.InferenceReceipt) dsai.Openings {
	commit := func(domain, text string, to *dsai.Digest) *dsai.Opening {
		o := &dsai.Opening{Salt: salt(domain), Text: text}
		*to = dsai.Commit(domain, o.Salt, []byte(text))
		return o
	}
	o := dsai.Openings{
		Prompt:     commit(dsai.DomainPrompt, "How do I make water safe?", &r.Prompt),
		Response:   commit(dsai.DomainResponse, "Boil water for one minute. [1]\nWash hands with soap. [2]\n", &r.Response),
		Quotes:     commit(dsai.DomainQuotes, canonical([]dsai.Quote{{N: 1, Start: 0, End: 26}, {N: 2, Start: 0, End: 21}}), &r.Quotes),
		Excluded:   commit(dsai.DomainExcluded, canonical(dsai.Excluded{Counts: []dsai.ExcludedCount{{Reason: "purpose", Count: 2}}}), &r.Excluded),
		Settlement: commit(dsai.DomainSettlement, canonical(s.settlement()), &r.Settlement),
		Trace:      commit(dsai.DomainTrace, `{"engine":"vector/1"}`, &r.Trace),
		Terms:      s.terms.proofs(2),
	}
	for n, u := range r.Used {
		p := s.passages[n].passages[u.Passage]
		o.Passages = append(o.Passages, dsai.PassageOpening{N: n + 1, Salt: p.Salt, Body: p.Body})
	}
	return o
}

// settlement splits the price of 1000 as the policy says: 70, 20 and 10 percent.
func (s *scene) settlement() dsai.SettlementRecord {
	r := dsai.SettlementRecord{Price: "1000", Shares: []dsai.SettlementShare{
		{Payee: s.ada.Digest, Role: "contributor", Amount: "350"}, {Payee: s.bea.Digest, Role: "contributor", Amount: "350"},
		{Payee: s.ada.Digest, Role: "operator", Amount: "200"}, {Payee: s.coop.Digest, Role: "treasury", Amount: "100"},
	}}
	slices.SortStableFunc(r.Shares, func(a, b dsai.SettlementShare) int { return bytes.Compare(a.Payee[:], b.Payee[:]) })
	return r
}

// proofs are those of the terms at the indexes.
func (t *tree) proofs(indexes ...int) []dsai.TermProof {
	var out []dsai.TermProof
	for _, i := range indexes {
		v := t.terms[i]
		out = append(out, dsai.TermProof{Field: v.Field, Term: v.Term, Salt: v.Salt, DF: v.DF, Index: i, Hashes: v.Proof})
	}
	return out
}

// refuse issues a clearance, and the receipt of a refused request.
func (s *scene) refuse() {
	n := node("receipt")
	issue(s, dsai.TypeClearance, dsai.Clearance{
		ID: n.DID(), Coop: s.coop, Node: s.node, Request: seed("request"), Undertaking: s.undertaking.digest, Purpose: answers,
		Policy: s.policy.Digest(), Rule: "members", Nodes: []dsai.NodeID{s.node}, Regions: []string{"any"},
		Model: dsai.Hash("engine", []byte(model)), Nonce: salt("clearance"), Audience: s.node,
	}, by(asked, 0, n).to(asked+60))
	detail := dsai.RefusalDetail{Code: dsai.CodeNoGrant, Reason: "no consent permits this use", Missing: []string{marketing}, Excluded: dsai.Excluded{Counts: []dsai.ExcludedCount{{Reason: "purpose", Count: 2}}}}
	issue(s, dsai.TypeRefusalReceipt, dsai.RefusalReceipt{
		ID: n.DID(), Coop: s.coop, Node: s.node, Request: seed("second request"), Requester: seed("pseudonym"), Undertaking: s.undertaking.digest,
		Purpose: marketing, Policy: s.policy.Digest(), Adoption: s.adoption.digest, Rule: "members", Code: dsai.CodeNoGrant,
		Prompt: dsai.Commit(dsai.DomainPrompt, salt("second prompt"), []byte("Who buys soap?")),
		Detail: dsai.Commit(dsai.DomainDetail, salt("detail"), []byte(canonical(detail))), Refused: signed + 10,
		Previous: s.checkpoint(len(s.log)), Log: s.origin, AppendBy: signed + 70,
	}, by(signed+10, dsai.LeafRefusal, n))
}

// bundle is everything that shows the answer.
func (s *scene) bundle() dsai.Bundle {
	b := dsai.Bundle{
		Format: dsai.BundleFormat, Receipt: s.receipt.raw, Charter: s.charter, Node: s.inception, Undertaking: s.undertaking.raw,
		Policy: s.policy.Canonical(), Statistics: s.statistics.raw, Openings: &s.openings,
		Members: list(s.adaInception, s.beaInception), KeyEvents: list(s.event), Adoptions: list(s.adoption.raw),
		Consents: list(s.consents[0].raw, s.consents[1].raw), Delegations: list(s.delegation.raw), Additions: list(s.addition.raw),
		Revocations: list(), StatusLists: list(s.list.raw), Derivations: list(s.derivations[0].raw, s.derivations[1].raw),
	}
	for i, u := range s.used {
		b.Passages = append(b.Passages, dsai.PassageProof{Hashes: s.passages[i].passages[u.Passage].Proof})
	}
	for i, e := range s.log {
		if e.Type == dsai.TypeInferenceReceipt {
			b.Salt, b.Proof = e.Salt, s.prove(i)
		}
	}
	return b
}

// trust is a trust file under which the bundle is anchored.
func (s *scene) trust() dsai.Trust {
	return dsai.Trust{
		Format: dsai.TrustFormat, Name: "clinic", Coop: s.coop,
		Nodes:     []dsai.TrustNode{{Node: s.node, LogKeys: []string{node("log").DID()}, ReceiptKeys: []string{node("receipt").DID()}}},
		Witnesses: []dsai.TrustWitness{{Operator: witnessOperator, Key: vkey(witnessName, nodeKey("neighbour"))}}, Threshold: 1,
	}
}

// list puts credentials in the order of their ids, which is that of their digests.
func list(raws ...[]byte) []json.RawMessage {
	id := func(raw json.RawMessage) string {
		var c struct{ ID string }
		must(json.Unmarshal(raw, &c))
		return c.ID
	}
	out := []json.RawMessage{}
	for _, r := range raws {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b json.RawMessage) int { return bytes.Compare([]byte(id(a)), []byte(id(b))) })
	return out
}

func canonical(v any) string { return string(must1(vc.Canonical(v))) }
