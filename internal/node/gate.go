// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/policy"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/purpose"
	"dsai.example/dsai/internal/verifiable/vc"
)

// clearanceLife is how long a clearance may be acted on.
const clearanceLife = 60

// gate implements pipeline.Gate: the requester's promise, the purpose and the
// policy in force. Consents are judged document by document in the retriever.
type gate struct{ n *Node }

// Clear implements pipeline.Gate.
func (g gate) Clear(ctx context.Context, r *pipeline.Request) (*pipeline.Clearance, error) {
	at := g.n.clock.moment()
	if at.Untrusted != "" {
		return nil, &dsai.Refusal{Code: dsai.CodeClockUntrusted, Reason: "what is consented to " + at.Untrusted.Words()}
	}
	iri, err := resolvePurpose(r, at.Now)
	if err != nil {
		return nil, err
	}
	e, err := g.n.engineFor(r)
	if err != nil {
		return nil, err
	}
	m := e.Model()
	force, err := g.n.policies().InForce(ctx)
	if err != nil {
		return nil, err
	}
	if no := force.Check(at.Now); no != nil {
		return nil, no
	}
	pol := force.Policy
	r.Policy, r.Adopted = pol.Digest(), force.Authority.Adoption
	verdict := pol.Decide(policy.Request{
		Purpose: iri, Model: m.ID, Fingerprint: m.Fingerprint, Engine: m.Class, Role: r.Requester.Subject.Role, Sharing: g.n.sharing(e), Region: g.n.cfg.Region,
	})
	if no := verdict.Refusal(); no != nil {
		return nil, no
	}
	signer := g.n.signerAt(at.Now)
	subject := dsai.Clearance{
		ID: signer.DID(), Coop: g.n.coop, Node: g.n.id, Request: r.ID, Undertaking: r.Requester.Digest,
		Purpose: iri, Policy: pol.Digest(), Rule: verdict.Rule, Nodes: []dsai.NodeID{g.n.id}, Regions: []string{consent.AnyRegion},
		Model: m.Fingerprint, Nonce: newSalt(), Audience: g.n.id,
	}
	until := at.Now + clearanceLife
	s, err := vc.Seal(vc.New(dsai.TypeClearance, signer.DID(), subject, at.Now, until), at.Now, signer)
	if err != nil {
		return nil, fmt.Errorf("clear request: %w", err)
	}
	return &pipeline.Clearance{
		Request: r, Raw: s.Raw, Subject: subject, Until: until,
		Policy: pol.Digest(), Adopted: force.Authority.Adoption, Model: m,
		Operations: operations(r, m.Class, g.n.sharing(e)),
	}, nil
}

// operations are what answering does with passages. A search only finds them,
// and the quoting engine quotes them; every other engine answers from them.
func operations(r *pipeline.Request, class dsai.EngineClass, sharing bool) []dsai.Operation {
	ops := []dsai.Operation{dsai.OpRetrieve}
	if !r.Search || class != dsai.EngineExtract {
		ops = append(ops, dsai.OpInfer)
	}
	if sharing {
		ops = append(ops, dsai.OpShare)
	}
	return ops
}

// resolvePurpose checks the requester's promise. A request may only narrow it.
func resolvePurpose(r *pipeline.Request, now dsai.Time) (string, error) {
	u := r.Requester
	if now < u.From || u.Until != 0 && now > u.Until {
		return "", &dsai.Refusal{Code: dsai.CodeUndertakingExpired, Reason: "what the requester undertook is not in force"}
	}
	asked := r.Purpose
	if asked == "" {
		asked = u.Subject.Default
	}
	if asked == "" {
		return "", &dsai.Refusal{Code: dsai.CodePurposeMissing, Reason: "neither the request nor the key's undertaking names a purpose"}
	}
	iri, err := purpose.Parse(asked)
	if err != nil {
		return "", &dsai.Refusal{Code: dsai.CodePurposeUnknown, Reason: err.Error()}
	}
	if !purpose.Permits(iri, u.Subject.Purposes, nil) {
		return "", &dsai.Refusal{Code: dsai.CodePurposeNotPromised, Reason: "the requester did not undertake to ask for " + purpose.Label(iri)}
	}
	if r.Purpose != "" {
		r.Purpose = iri
	}
	return iri, nil
}

// checkClearance is what every stage after the gate does before it acts.
func (n *Node) checkClearance(c *pipeline.Clearance) error {
	s, err := vc.Open[dsai.Clearance](c.Raw, dsai.TypeClearance)
	if err != nil {
		return fmt.Errorf("check clearance: %w", err)
	}
	now := n.clock.now()
	switch {
	case s.Issuer != n.signerAt(s.Proof[0].Created).DID() || s.Subject.Audience != n.id || s.Subject.Coop != n.coop:
		return errors.New("check clearance: issued by or for another node")
	case s.Subject.Request != c.Request.ID || s.Subject.Undertaking != c.Request.Requester.Digest:
		return errors.New("check clearance: of another request")
	case now < s.ValidFrom-dsai.Time(consent.Skew) || now > s.ValidUntil:
		return errors.New("check clearance: not in force")
	case !slices.Contains(s.Subject.Nodes, n.id):
		return errors.New("check clearance: this node is not permitted")
	}
	return nil
}

// pseudonym names a requester in receipts. It changes every month, so that
// receipts of different months do not link.
func (n *Node) pseudonym(requester dsai.Digest, now dsai.Time) dsai.Digest {
	m := hmac.New(sha256.New, n.pseudonyms)
	m.Write([]byte(now.Std().Format("2006-01")))
	m.Write(requester[:])
	return dsai.Digest(m.Sum(nil))
}
