// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package receipt signs what happened to a request and assembles the bundle
// with which anybody can check it. It decides nothing and stores nothing: the
// caller hands in what was decided and keeps what comes out. Only node imports
// it.
package receipt

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/verifiable/vc"
)

// AppendWithin is how soon a receipt promises to be in the log.
const AppendWithin = time.Minute

// Issuer signs receipts for one node. It implements pipeline.Issuer and is safe
// for concurrent use.
type Issuer struct {
	Coop   dsai.CoopID
	Node   dsai.NodeID
	Region string
	// Signer returns the receipt key that is in force at a time.
	Signer func(at dsai.Time) vc.Signer
	// Now is the node's consent clock.
	Now func() dsai.Time
	// NewSalt returns fresh random bytes.
	NewSalt func() dsai.Salt
	// Log returns the origin of the open log and its latest checkpoint.
	Log func() (origin string, latest dsai.CheckpointRef)
	// Policy returns the policy document and the adoption in force.
	Policy func() (policy, adoption dsai.Digest)
}

// Issue signs the receipt of an answer.
func (i *Issuer) Issue(_ context.Context, o *pipeline.Output) (*pipeline.Receipt, error) {
	d, err := i.Draft(o)
	if err != nil {
		return nil, err
	}
	r, err := i.Sign(d)
	if err != nil {
		return nil, err
	}
	r.Request, r.Output = o.Plan.Evidence.Clearance.Request, o
	return r, nil
}

// Draft is an unsigned receipt with the openings of its commitments.
type Draft struct {
	Subject  dsai.InferenceReceipt `json:"subject"`
	Openings dsai.Openings         `json:"openings"`
}

// Draft fills in the receipt of an output, up to what Sign knows better.
func (i *Issuer) Draft(o *pipeline.Output) (Draft, error) {
	e := o.Plan.Evidence
	c, r := e.Clearance, e.Clearance.Request
	quotes, err := canonical(or(o.Quotes, []dsai.Quote{}))
	if err != nil {
		return Draft{}, err
	}
	excluded, err := canonical(dsai.Excluded{Counts: or(e.Excluded.Counts, []dsai.ExcludedCount{})})
	if err != nil {
		return Draft{}, err
	}
	settlement, err := canonical(dsai.SettlementRecord{Price: "0", Shares: []dsai.SettlementShare{}})
	if err != nil {
		return Draft{}, err
	}
	op := dsai.Openings{
		Prompt: i.opening(string(r.Question)), Response: i.opening(string(o.Text)), Quotes: i.opening(quotes),
		Excluded: i.opening(excluded), Settlement: i.opening(settlement), Trace: i.opening(string(o.Trace)),
	}
	used := make([]dsai.Use, len(e.Passages))
	for n, p := range e.Passages {
		used[n] = p.Use
	}
	declared := "undertaking"
	if r.Purpose != "" {
		declared = "request"
	}
	return Draft{Openings: op, Subject: dsai.InferenceReceipt{
		Coop: i.Coop, Node: i.Node, Request: r.ID,
		Requester: r.Requester.Pseudonym, Undertaking: r.Requester.Digest,
		Purpose: c.Subject.Purpose, DeclaredBy: declared,
		Model: c.Model, Seed: o.Seed, Sampling: cmp.Or(o.Sampling, "none"), Region: i.Region,
		Policy: c.Policy, Adoption: c.Adopted, Rule: c.Subject.Rule, Operations: c.Operations,
		Used: used, Statistics: e.Statistics,
		Prompt: commit(dsai.DomainPrompt, op.Prompt), Response: commit(dsai.DomainResponse, op.Response),
		Quotes: commit(dsai.DomainQuotes, op.Quotes), Excluded: commit(dsai.DomainExcluded, op.Excluded),
		Settlement: commit(dsai.DomainSettlement, op.Settlement), Trace: commit(dsai.DomainTrace, op.Trace),
		Energy:    dsai.Energy{Joules: "0", Source: "none", Scope: "process", Method: "unknown"},
		Tokens:    dsai.Tokens{Prompt: o.Tokens.Prompt, Completion: o.Tokens.Completion, Unit: cmp.Or(o.Tokens.Unit, "word")},
		Price:     "0",
		Assurance: o.Plan.Engine.Assurance(), Evidence: []dsai.Evidence{},
		Started: o.Plan.Started, Ended: o.Ended,
	}}, nil
}

// Sign signs a draft, adding when and where it will be logged.
func (i *Issuer) Sign(d Draft) (*pipeline.Receipt, error) {
	now := i.Now()
	signer := i.Signer(now)
	d.Subject.ID = signer.DID()
	d.Subject.Log, d.Subject.Previous = i.Log()
	d.Subject.AppendBy = now.Add(AppendWithin)
	s, err := vc.Seal(vc.New(dsai.TypeInferenceReceipt, signer.DID(), d.Subject, now, 0), now, signer)
	if err != nil {
		return nil, err
	}
	return &pipeline.Receipt{Raw: s.Raw, Digest: s.Digest, Body: s.Body, Kind: dsai.LeafReceipt, Salt: i.NewSalt(), Openings: d.Openings}, nil
}

// Refuse signs the receipt of a refusal.
func (i *Issuer) Refuse(_ context.Context, r *pipeline.Request, no *dsai.Refusal) (*pipeline.Receipt, error) {
	now := i.Now()
	detail := no.Detail
	detail.Code = no.Code
	detail.Reason = cmp.Or(detail.Reason, no.Reason)
	detail.Missing = or(detail.Missing, []string{})
	detail.Excluded.Counts = or(detail.Excluded.Counts, []dsai.ExcludedCount{})
	text, err := canonical(detail)
	if err != nil {
		return nil, err
	}
	op := dsai.Openings{Prompt: i.opening(string(r.Question)), Detail: i.opening(text)}
	policy, adoption := r.Policy, r.Adopted
	if adoption.IsZero() { // refused before any policy was asked
		policy, adoption = i.Policy()
	}
	origin, latest := i.Log()
	signer := i.Signer(now)
	s, err := vc.Issue(vc.New(dsai.TypeRefusalReceipt, signer.DID(), dsai.RefusalReceipt{
		ID: signer.DID(), Coop: i.Coop, Node: i.Node, Request: r.ID,
		Requester: r.Requester.Pseudonym, Undertaking: r.Requester.Digest,
		Purpose: cmp.Or(r.Purpose, r.Requester.Subject.Default), Policy: policy, Adoption: adoption, Rule: no.Rule,
		// What outsiders may know: the detail, which can be withheld, has the rest.
		Code: no.Public().Code, Prompt: commit(dsai.DomainPrompt, op.Prompt), Detail: commit(dsai.DomainDetail, op.Detail),
		Refused: now, Previous: latest, Log: origin, AppendBy: now.Add(AppendWithin),
	}, now, 0), now, signer)
	if err != nil {
		return nil, err
	}
	return &pipeline.Receipt{Request: r, Refusal: no, Raw: s.Raw, Digest: s.Digest, Body: s.Body, Kind: dsai.LeafRefusal, Salt: i.NewSalt(), Openings: op}, nil
}

func (i *Issuer) opening(text string) *dsai.Opening {
	return &dsai.Opening{Salt: i.NewSalt(), Text: text}
}

func commit(domain string, o *dsai.Opening) dsai.Digest {
	return dsai.Commit(domain, o.Salt, []byte(o.Text))
}

func canonical(v any) (string, error) {
	b, err := vc.Canonical(v)
	if err != nil {
		return "", fmt.Errorf("issue receipt: %w", err)
	}
	return string(b), nil
}

// or replaces a nil slice: JSON null is no value of ours.
func or[T any](s, empty []T) []T {
	if s == nil {
		return empty
	}
	return s
}
