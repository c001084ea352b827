// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"fmt"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/purpose"
	"dsai.example/dsai/internal/verifiable/vc"
)

// Parts is everything that a grant is built from. The caller has opened each
// credential and checked whose key signed it.
type Parts struct {
	Consent     vc.Sealed[dsai.ConsentBundle]
	Delegations []vc.Sealed[dsai.ConsentDelegation] // outermost first
	// Additions, Revocations and Quarantined may hold entries for other
	// consents; those have no effect.
	Additions   []vc.Sealed[dsai.CollectionAddition]
	Revocations []vc.Sealed[dsai.Revocation]
	Quarantined []dsai.DocumentID // copies that await a ruling
}

// Grant is one consent with all that was added to and taken from it. It is
// immutable and safe for concurrent use: when a part changes, build it again.
type Grant struct {
	Consent vc.Sealed[dsai.ConsentBundle]

	purposes   purpose.Set
	operations mask
	engines    mask
	list       string // status list
	indexes    []int  // in it: of the consent and of the delegations it stands on

	documents   map[dsai.DocumentID][]cover
	withdrawn   *dsai.Time // earliest effective time of a revocation of the whole
	revoked     map[dsai.DocumentID]dsai.Time
	quarantined map[dsai.DocumentID]bool
}

// cover is one way in which a grant covers a document.
type cover struct {
	grant    dsai.DocumentGrant
	addition *vc.Sealed[dsai.CollectionAddition]
}

// New builds a grant. It refuses a consent that names what this version does not
// know, leaves open what has to be said, or goes beyond its delegation: errors
// wrap ErrConsent or ErrAttenuation.
func New(p Parts) (*Grant, error) {
	if err := check(p.Consent); err != nil {
		return nil, err
	}
	if err := checkChain(p.Delegations, p.Consent); err != nil {
		return nil, err
	}
	b := &p.Consent.Subject
	g := &Grant{
		Consent: p.Consent, operations: maskOf(operations, b.Operations), engines: maskOf(engines, b.Engines),
		documents: map[dsai.DocumentID][]cover{}, revoked: map[dsai.DocumentID]dsai.Time{}, quarantined: map[dsai.DocumentID]bool{},
	}
	g.purposes, _ = purpose.Permitted(b.Purposes.Allow, b.Purposes.Deny) // check has called it, so it does not fail
	entries := []*dsai.StatusEntry{p.Consent.Status}
	for _, d := range p.Delegations {
		entries = append(entries, d.Status)
	}
	for _, e := range entries {
		if err := g.listed(e); err != nil {
			return nil, err
		}
	}

	for _, d := range b.Data.Documents {
		g.documents[d.Document] = append(g.documents[d.Document], cover{grant: d})
	}
	for i := range p.Additions {
		g.add(&p.Additions[i])
	}
	for i := range p.Revocations {
		g.revoke(&p.Revocations[i].Subject)
	}
	for _, d := range p.Quarantined {
		g.quarantined[d] = true
	}
	return g, nil
}

// listed adds an entry of the status list to those that the grant stands on.
// All are on one list, so that one fresh list clears the whole chain.
func (g *Grant) listed(e *dsai.StatusEntry) error {
	if e == nil {
		return fmt.Errorf("%w: part of it names no status list, so it could not be withdrawn", ErrConsent)
	}
	list, index, err := vc.ParseStatusEntry(*e)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrConsent, err)
	}
	if g.list != "" && list != g.list {
		return fmt.Errorf("%w: delegation is on another status list, %.200q", ErrConsent, list)
	}
	g.list, g.indexes = list, append(g.indexes, index)
	return nil
}

func (g *Grant) add(a *vc.Sealed[dsai.CollectionAddition]) {
	b, s := &g.Consent.Subject, &a.Subject
	if b.Data.Collection == nil || *b.Data.Collection != s.Collection || b.Member != s.Member || b.Coop != s.Coop {
		return
	}
	if checkDocument(s.Document) != nil {
		return // covers nothing that can be named
	}
	d := s.Document.Document
	g.documents[d] = append(g.documents[d], cover{grant: s.Document, addition: a})
}

// revoke applies a revocation of the consent, or of a delegation that it stands
// on. It holds from the moment it is seen, whatever its effective time.
func (g *Grant) revoke(r *dsai.Revocation) {
	b := &g.Consent.Subject
	if r.Coop != b.Coop || r.Member != b.Member || r.Consent != g.Consent.Digest && !slices.Contains(b.Delegation, r.Consent) {
		return
	}
	if len(r.Documents) == 0 {
		if g.withdrawn == nil || r.Effective < *g.withdrawn {
			g.withdrawn = new(r.Effective)
		}
		return
	}
	for _, d := range r.Documents {
		if at, ok := g.revoked[d]; !ok || r.Effective < at {
			g.revoked[d] = r.Effective
		}
	}
}

// Withdrawn returns the earliest effective time of the subject-signed
// revocations of a document under this grant.
func (g *Grant) Withdrawn(d dsai.DocumentID) (dsai.Time, bool) {
	at, ok := g.revoked[d]
	if g.withdrawn != nil && (!ok || *g.withdrawn < at) {
		return *g.withdrawn, true
	}
	return at, ok
}

// Query is a use for which consent is asked.
type Query struct {
	At         Moment
	Purpose    string           // IRI
	Operations []dsai.Operation // all of them are needed
	Engine     dsai.EngineClass
	Model      dsai.Digest // fingerprint
	Role       string      // role class of the requester: RecipientCoop or RecipientPublic
	Requester  string      // did:key of who answers for the requester
	Region     string      // ISO 3166 code of where it happens; "" when not stated
	// Sharing is true when the engine is beyond the node's own machine. It
	// needs OpShare and RecipientShared on top of everything else.
	Sharing bool
	// StatusCeiling is the policy's limit on the age of status lists. It only
	// shortens what a consent chose; zero sets none.
	StatusCeiling dsai.Seconds
}

// Decide returns OK when the grant permits the use under the status list s, of
// whose point seen is the memory. It says nothing about any document: see
// Listed and Covers. The first reason that applies is returned, in the order in which the
// reasons are declared. It does not allocate.
func (g *Grant) Decide(q *Query, s *Status, seen Seen) Reason {
	if r := g.permits(q); r != OK {
		return r
	}
	return g.status(q, s, seen)
}

func (g *Grant) permits(q *Query) Reason {
	c := &g.Consent
	switch {
	case q.At.Untrusted != "":
		return q.At.Untrusted
	case g.withdrawn != nil:
		return Revoked
	case q.At.Now < c.ValidFrom:
		return NotYetValid
	case q.At.Now > c.ValidUntil:
		return Expired
	case !g.purposes.Has(q.Purpose):
		return Purpose
	case !g.operates(q):
		return Operation
	case !has(g.engines, engines, q.Engine):
		return Engine
	case c.Subject.Models != nil && !slices.Contains(c.Subject.Models, q.Model):
		return Model
	case !g.receives(q):
		return Recipient
	case !slices.Contains(c.Subject.Regions, AnyRegion) && !slices.Contains(c.Subject.Regions, q.Region):
		return Region
	}
	return OK
}

func (g *Grant) operates(q *Query) bool {
	for _, op := range q.Operations {
		if !has(g.operations, operations, op) {
			return false
		}
	}
	return len(q.Operations) > 0 && (!q.Sharing || has(g.operations, operations, dsai.OpShare))
}

func (g *Grant) receives(q *Query) bool {
	to, shared := false, !q.Sharing
	for _, r := range g.Consent.Subject.Recipients {
		switch r {
		case dsai.RecipientPublic:
			to = true
		case dsai.RecipientCoop:
			to = to || q.Role == dsai.RecipientCoop
		case dsai.RecipientShared:
			shared = true
		default:
			to = to || r == q.Requester
		}
	}
	return to && shared
}

// Covers returns OK when the grant covers a version of a document at a moment,
// and the digest of the CollectionAddition that joined it, or nil when the
// consent names it itself. A document that is followed is covered in every
// version: which version came before which, only its steward knows.
func (g *Grant) Covers(at Moment, d dsai.DocumentID, version dsai.Digest) (*dsai.Digest, Reason) {
	if _, ok := g.Withdrawn(d); ok {
		return nil, Revoked
	}
	reason := Document
	for _, c := range g.documents[d] {
		if c.grant.Mode == dsai.ModeFrozen && *c.grant.Version != version {
			continue
		}
		if c.addition == nil {
			reason = OK
		} else {
			reason = inForce(at.Now, c.addition.ValidFrom, c.addition.ValidUntil)
		}
		if reason != OK {
			continue
		}
		if g.quarantined[d] {
			return nil, Quarantined
		}
		if c.addition == nil {
			return nil, OK
		}
		return &c.addition.Digest, OK
	}
	return nil, reason
}

// Listed returns Revoked when a status list, which Decide has found good, names a
// document as withdrawn from the consent or a delegation under it.
func (g *Grant) Listed(s *Status, d dsai.DocumentID) Reason {
	if vc.Withdrawn(s.withdrawn, d, g.Consent.Digest) || vc.Withdrawn(s.withdrawn, d, g.Consent.Subject.Delegation...) {
		return Revoked
	}
	return OK
}

// inForce decides a validity whose end may be open.
func inForce(now, from, until dsai.Time) Reason {
	switch {
	case now < from:
		return NotYetValid
	case until != 0 && now > until:
		return Expired
	}
	return OK
}

// QuoteLeft returns how many more code points of one document may be quoted to
// a requester who was already quoted used of them, and OutputLimit when that is
// none. Without a limit it returns OK and -1.
func (g *Grant) QuoteLeft(used int) (int, Reason) {
	limit := g.Consent.Subject.Output.QuoteMax
	switch {
	case limit == 0:
		return -1, OK
	case used >= limit:
		return 0, OutputLimit
	}
	return limit - used, OK
}
