// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/vc"
)

// sameCollectionTerms refuses flags that ask for other terms than those of the
// consent in force: an addition cannot carry any.
func (n *Node) sameCollectionTerms(m *member, g *grant, c Contribution) error {
	if len(c.For) == 0 && len(c.Never) == 0 && c.Until == 0 && !c.Sensitive && !c.Share && c.QuoteMax == 0 {
		return nil
	}
	b, _, _, err := consent.Draft(n.draftOptions(m, nil, c, n.clock.now()))
	if err != nil {
		return err
	}
	have := g.Consent.Subject
	b.Capture, have.Capture = dsai.Capture{}, dsai.Capture{}
	if termsOf(b) == termsOf(have) && (c.Until == 0 || c.Until == g.Consent.ValidUntil) {
		return nil
	}
	return &control.Error{Kind: control.Usage,
		Message: fmt.Sprintf("collection %q is lent under other terms, and what joins it is lent under the same", c.Collection),
		Hint:    fmt.Sprintf("see dsai consent show %s; leave the terms out, or name another collection", shortID("c", g.Consent.Digest))}
}

// collectionScope is what the consent over a collection covers: nothing by
// itself, and whatever joins it.
func collectionScope(id dsai.Digest) dsai.DataScope {
	return dsai.DataScope{Documents: []dsai.DocumentGrant{}, Collection: &id}
}

// lendCollection signs for a member whose key this node keeps: the consent over
// the collection, unless it is in force already, and an addition for each
// document that it does not decide about yet. A crash in between leaves a
// consent that covers less; doing it again goes on from there.
func (n *Node) lendCollection(ctx context.Context, m *member, docs []*document, c Contribution) (*grant, int, error) {
	id, g, err := n.collectionNamed(m, c.Collection)
	switch {
	case err != nil:
		return nil, 0, err
	case g != nil:
		err = n.sameCollectionTerms(m, g, c)
	default:
		g, err = n.signCollection(ctx, m, id, c)
	}
	if err != nil {
		return nil, 0, err
	}
	signer, now, err := n.signingNow(m)
	if err != nil {
		return nil, 0, err
	}
	var adds []addition
	for _, d := range n.toJoin(g, docs) {
		add := n.additionOf(m, *g.Consent.Subject.Data.Collection, d)
		add.ID = signer.DID()
		s, err := vc.Issue(vc.New(dsai.TypeCollectionAddition, signer.DID(), add, now, 0), now, signer)
		if err != nil {
			return nil, 0, err
		}
		adds = append(adds, s)
	}
	if len(adds) == 0 {
		return g, 0, nil
	}
	g, err = n.acceptAdditions(ctx, said{additions: adds, at: saidHere})
	return g, len(adds), err
}

// signCollection signs and records a consent over a collection.
func (n *Node) signCollection(ctx context.Context, m *member, id dsai.Digest, c Contribution) (*grant, error) {
	signer, now, err := n.signingNow(m)
	if err != nil {
		return nil, err
	}
	o := n.draftOptions(m, nil, c, now)
	if _, _, _, err := consent.Draft(o); err != nil { // before a name is given away
		return nil, err
	}
	if id.IsZero() {
		var err error
		if id, err = n.newCollection(ctx, m, c.Collection); err != nil {
			return nil, err
		}
	}
	o.Data = collectionScope(id)
	b, until, _, err := consent.Draft(o)
	if err != nil {
		return nil, err
	}
	index, err := n.freeStatusIndex()
	if err != nil {
		return nil, err
	}
	b.ID = signer.DID()
	cred := vc.New(dsai.TypeConsentBundle, signer.DID(), b, now, until)
	cred.Status = vc.NewStatusEntry(listURI(n.id), index)
	s, err := vc.Issue(cred, now, signer)
	if err != nil {
		return nil, err
	}
	return n.acceptConsent(ctx, said{consent: &s, at: saidHere})
}

// toJoin returns the documents about which a collection does not decide yet.
func (n *Node) toJoin(g *grant, docs []*document) []*document {
	var out []*document
	for _, d := range docs {
		if _, r := g.Covers(consent.Moment{Now: n.clock.now()}, d.ID, d.Version); r != consent.OK || d.governing() != g {
			out = append(out, d)
		}
	}
	return out
}

func (n *Node) additionOf(m *member, id dsai.Digest, d *document) dsai.CollectionAddition {
	return dsai.CollectionAddition{
		ID: m.DID, Member: m.ID, Coop: n.coop, Collection: id,
		Document: dsai.DocumentGrant{Document: d.ID, Mode: dsai.ModeFollowing},
	}
}

// leftOut says why a document is not lent again by what began in a state of the
// library, "" when it may be.
func (n *Node) leftOut(m *member, d *document, c Contribution, began state) string {
	if began.takenSince(d) {
		return "was withdrawn meanwhile; add it again to lend it again"
	}
	// Adding a folder again, or watching it, must not undo a withdrawal.
	if d.withdrawn() && !slices.Contains(c.Paths, d.Path) {
		return "was withdrawn; name the file itself to lend it again"
	}
	if c.Collection == "" {
		return ""
	}
	if _, g, err := n.collectionNamed(m, c.Collection); err == nil && g != nil {
		if _, gone := g.Withdrawn(d.ID); gone {
			return "was withdrawn from this collection for good; lend it under a consent of its own"
		}
	}
	return ""
}

// joining is an addition and the consent under which its document joins.
type joining struct {
	addition
	to dsai.Digest
}

// acceptAdditions records the signed collection additions of what a member said,
// from whichever machine they came, in one transaction. The documents have joined
// when it returns. The caller holds revoking.
func (n *Node) acceptAdditions(ctx context.Context, said said) (*grant, error) {
	n.keys.mu.RLock() // a key event must not come between the check and the record
	defer n.keys.mu.RUnlock()
	all, err := n.checkAdditions(said)
	if err != nil {
		return nil, err
	}
	now := n.clock.now()
	err = n.db.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		last := n.lib.lastJoined()
		for _, a := range all {
			if err := tx.Put(record(a.addition, dsai.LeafConsent, now)); err != nil {
				return err
			}
			// What was said before does not take back what was said since.
			at, of := a.Proof[0].Created, placeOf(a.addition)
			if was, ok := last[of]; ok && at <= was {
				continue
			}
			last[of] = at
			if err := tx.AddGrantDocument(a.to, of.document, a.Digest); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("join collection: %w", err)
	}
	n.log.wake()
	if err := n.lib.reload(context.WithoutCancel(ctx), n.db); err != nil {
		return nil, err
	}
	return n.lib.grant(all[0].to), nil
}

// checkAdditions finds where the documents of additions join.
func (n *Node) checkAdditions(said said) ([]joining, error) {
	var all []joining
	fresh := said // what was not taken before; acceptConsent looked at the consent
	fresh.consent, fresh.additions = nil, nil
	for _, s := range said.additions {
		if j := n.joinedAlready(s.Digest); j != nil {
			all = append(all, *j)
			continue
		}
		g, err := n.checkAddition(s)
		if err != nil {
			return nil, err
		}
		all, fresh.additions = append(all, joining{s, g.Consent.Digest}), append(fresh.additions, s)
	}
	if len(all) == 0 {
		return nil, errors.New("join collection: no addition was signed")
	}
	return all, n.checkNewer("collection addition", fresh)
}

// joinedAlready returns an addition that is recorded and counts still, as it was
// recorded; nil without one. Of what was withdrawn the sender is told.
func (n *Node) joinedAlready(d dsai.Digest) *joining {
	a, ok := n.lib.allAdditions()[d]
	g := n.lib.over(a.Subject.Collection)
	if !ok || g == nil || !g.stands(n.clock.now()) {
		return nil
	}
	if _, gone := g.Withdrawn(a.Subject.Document.Document); gone {
		return nil
	}
	return &joining{a, g.Consent.Digest}
}

// checkAddition returns the consent under which a document would join, and
// refuses what its signer may not add or this node could not honour. The caller
// holds keys.mu.
func (n *Node) checkAddition(s addition) (*grant, error) {
	a := s.Subject
	m, g, d := n.lib.member(a.Member), n.lib.over(a.Collection), n.lib.documentByID(a.Document.Document)
	if err := n.checkSigner("collection addition", m, s.Issuer, s.Proof[0].Created); err != nil {
		return nil, err
	}
	switch {
	case a.ID != s.Issuer:
		return nil, fmt.Errorf("collection addition by %.60s: %w", s.Issuer, ErrNotMember)
	case a.Coop != n.coop:
		return nil, fmt.Errorf("collection addition is for another co-op: %w", errNotOurs)
	case g == nil || g.Consent.Subject.Member != a.Member || !g.stands(n.clock.now()):
		return nil, fmt.Errorf("collection addition joins a collection without a consent of %s in force: %w", m.Name, errNotOurs)
	case d == nil || d.Member != a.Member:
		return nil, fmt.Errorf("collection addition names document %s, which is not %s's here: %w", a.Document.Document, m.Name, errNotOurs)
	}
	if _, gone := g.Withdrawn(d.ID); gone {
		return nil, fmt.Errorf("collection addition names %s, which was withdrawn from that consent for good: %w", inert.Line(d.Title), errNotOurs)
	}
	alone, err := consent.New(consent.Parts{Consent: g.Consent, Additions: []addition{s}})
	if err != nil {
		return nil, err
	}
	at := consent.Moment{Now: max(n.clock.now(), s.ValidFrom)}
	if _, r := alone.Covers(at, d.ID, d.Version); r != consent.OK {
		return nil, fmt.Errorf("collection addition does not cover %s as it is here (%s): %w", inert.Line(d.Title), r, errNotOurs)
	}
	return g, nil
}

// checkCollection refuses a second consent over one collection: what had joined
// and was withdrawn under the first would come back with it.
func (n *Node) checkCollection(b dsai.ConsentBundle) error {
	if b.Data.Collection == nil || n.lib.over(*b.Data.Collection) == nil {
		return nil
	}
	return fmt.Errorf("consent covers a collection that has one already; another consent needs a collection of its own: %w", errNotOurs)
}
