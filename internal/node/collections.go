// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/vc"
)

type addition = vc.Sealed[dsai.CollectionAddition]

// collection is what one consent covers and documents join one by one. Its id
// is random, and its name stays here: consents carry only the id.
type collection struct {
	Member dsai.MemberID `json:"member"`
	Name   string        `json:"name"`
}

const collectionPrefix = "collection-" // of meta keys; the id follows

// checkCollectionName refuses names that would be taken for another reference.
func checkCollectionName(name string) error {
	if name == "" || len(name) > 80 || name != strings.TrimSpace(inert.Line(name)) || strings.ContainsAny(name, `/\#`) || len(name) > 1 && name[1] == '-' {
		return &control.Error{Kind: control.Usage, Message: fmt.Sprintf("collection %.80q: not a name", name),
			Hint: "1 to 80 characters without slashes, and not like an id such as c-1234"}
	}
	return nil
}

// collectionName is what people call the collection of a consent, "" without one.
func (n *Node) collectionName(g *grant) string {
	id := g.Consent.Subject.Data.Collection
	if id == nil {
		return ""
	}
	n.lib.mu.RLock()
	defer n.lib.mu.RUnlock()
	if c, ok := n.lib.collections[*id]; ok {
		return inert.Line(c.Name)
	}
	return shortID("k", *id)
}

// over returns the consent over a collection, whatever its state; nil without one.
func (l *library) over(id dsai.Digest) *grant {
	for _, g := range l.allGrants() {
		if c := g.Consent.Subject.Data.Collection; c != nil && *c == id {
			return g
		}
	}
	return nil
}

// stands reports whether a consent is in force.
func (n *Node) stands(g *grant) bool {
	return g.state.Revoked == 0 && g.state.Superseded.IsZero() && n.clock.now() <= g.Consent.ValidUntil
}

// collectionNamed returns a member's collection by its name: with the consent
// in force over it, or without one while none was signed (then id may be zero
// too). A name that was withdrawn is not taken up again by itself: a watched
// folder must not undo it.
func (n *Node) collectionNamed(m *member, name string) (id dsai.Digest, g *grant, err error) {
	if err := checkCollectionName(name); err != nil {
		return id, nil, err
	}
	withdrawn := false
	for c, got := range n.lib.collectionsNamed(name) {
		if got.Member != m.ID {
			continue
		}
		switch over := n.lib.over(c); {
		case over == nil:
			id = c
		case n.stands(over):
			return c, over, nil
		default:
			withdrawn = withdrawn || over.state.Revoked != 0
		}
	}
	if withdrawn {
		return id, nil, &control.Error{Kind: control.Refused, Message: fmt.Sprintf("collection %q of %s was withdrawn", name, m.Name),
			Hint: "lend again under another collection name"}
	}
	return id, nil, nil
}

// collectionsNamed returns the collections of a name, of whichever members.
func (l *library) collectionsNamed(name string) map[dsai.Digest]collection {
	l.mu.RLock()
	defer l.mu.RUnlock()
	out := map[dsai.Digest]collection{}
	for id, c := range l.collections {
		if strings.EqualFold(c.Name, name) {
			out[id] = c
		}
	}
	return out
}

// collectionGrant finds the consent in force over the collection of a name; nil
// without one.
func (n *Node) collectionGrant(name string) (found *grant, err error) {
	for id := range n.lib.collectionsNamed(name) {
		g := n.lib.over(id)
		if g == nil || !n.stands(g) {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("collection %q: %w: several members have one", name, store.ErrAmbiguous)
		}
		found = g
	}
	return found, nil
}

// newCollection gives a name a random id.
func (n *Node) newCollection(ctx context.Context, m *member, name string) (dsai.Digest, error) {
	id := dsai.Digest(newSalt())
	text, err := json.Marshal(collection{m.ID, name})
	if err != nil {
		return id, err
	}
	err = n.db.Update(ctx, func(tx *store.Tx) error { return tx.SetMeta(collectionPrefix+id.String(), text) })
	if err != nil {
		return id, fmt.Errorf("name collection: %w", err)
	}
	return id, n.lib.reload(ctx, n.db)
}

// sameCollectionTerms refuses flags that ask for other terms than those of the
// consent in force: an addition cannot carry any.
func (n *Node) sameCollectionTerms(m *member, g *grant, c Contribution) error {
	if len(c.For) == 0 && len(c.Never) == 0 && c.Until == 0 && !c.Sensitive && c.QuoteMax == 0 {
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
	signer, err := n.memberSigner(m, n.clock.now())
	if err != nil {
		return nil, 0, err
	}
	id, g, err := n.collectionNamed(m, c.Collection)
	switch {
	case err != nil:
		return nil, 0, err
	case g != nil:
		err = n.sameCollectionTerms(m, g, c)
	default:
		g, err = n.signCollection(ctx, m, signer, id, c)
	}
	if err != nil {
		return nil, 0, err
	}
	now := n.clock.now()
	var raws []json.RawMessage
	for _, d := range n.toJoin(g, docs) {
		s, err := vc.Issue(vc.New(dsai.TypeCollectionAddition, signer.DID(), n.additionOf(m, *g.Consent.Subject.Data.Collection, d), now, 0), now, signer)
		if err != nil {
			return nil, 0, err
		}
		raws = append(raws, s.Raw)
	}
	if len(raws) == 0 {
		return g, 0, nil
	}
	g, err = n.acceptAdditions(ctx, raws)
	return g, len(raws), err
}

// signCollection signs and records a consent over a collection.
func (n *Node) signCollection(ctx context.Context, m *member, signer vc.Signer, id dsai.Digest, c Contribution) (*grant, error) {
	now := n.clock.now()
	o := n.draftOptions(m, nil, c, now)
	b, until, _, err := consent.Draft(o) // before a name is given away
	if err != nil {
		return nil, err
	}
	if id.IsZero() {
		if id, err = n.newCollection(ctx, m, c.Collection); err != nil {
			return nil, err
		}
	}
	o.Data = collectionScope(id)
	if b, until, _, err = consent.Draft(o); err != nil {
		return nil, err
	}
	index, err := n.freeStatusIndex()
	if err != nil {
		return nil, err
	}
	cred := vc.New(dsai.TypeConsentBundle, signer.DID(), b, now, until)
	cred.Status = vc.NewStatusEntry(listURI(n.id), index)
	s, err := vc.Issue(cred, now, signer)
	if err != nil {
		return nil, err
	}
	return n.acceptConsent(ctx, s.Raw)
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

// leftOut says why a document is not lent again, "" when it may be.
func (n *Node) leftOut(m *member, d *document, c Contribution) string {
	// Adding a folder again, or watching it, must not undo a withdrawal.
	if n.documentState(d) == stateWithdrawn && !slices.Contains(c.Paths, d.Path) {
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

// acceptAdditions records signed collection additions, from whichever machine
// they came, in one transaction. The documents have joined when it returns.
func (n *Node) acceptAdditions(ctx context.Context, raws []json.RawMessage) (*grant, error) {
	type joining struct {
		addition
		to dsai.Digest
	}
	var all []joining
	for _, raw := range raws {
		s, err := vc.Open[dsai.CollectionAddition](raw, dsai.TypeCollectionAddition)
		if err != nil {
			return nil, err
		}
		g, err := n.checkAddition(s)
		if err != nil {
			return nil, err
		}
		all = append(all, joining{s, g.Consent.Digest})
	}
	if len(all) == 0 {
		return nil, errors.New("join collection: no addition was signed")
	}
	now := n.clock.now()
	err := n.db.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		for _, a := range all {
			if err := errors.Join(
				tx.Put(record(a.addition, dsai.LeafConsent, now)),
				tx.AddGrantDocument(a.to, a.Subject.Document.Document, a.Digest),
			); err != nil {
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

// checkAddition returns the consent under which a document would join, and
// refuses what its signer may not add or this node could not honour.
func (n *Node) checkAddition(s addition) (*grant, error) {
	a := s.Subject
	m, g, d := n.lib.member(a.Member), n.lib.over(a.Collection), n.lib.documentByID(a.Document.Document)
	switch {
	case m == nil || s.Issuer != m.DID || a.ID != s.Issuer:
		return nil, fmt.Errorf("collection addition by %.60s: %w", s.Issuer, ErrNotMember)
	case a.Coop != n.coop:
		return nil, fmt.Errorf("collection addition is for another co-op: %w", errNotOurs)
	case g == nil || g.Consent.Subject.Member != a.Member || !n.stands(g):
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

// acceptSigned records what a member signed elsewhere: a consent, additions to a
// collection, or both.
func (n *Node) acceptSigned(ctx context.Context, c Contribution) (g *grant, err error) {
	if c.Signed != nil {
		m, err := n.admission(c.Name, c.Inception)
		if err != nil {
			return nil, err
		}
		if g, err = n.acceptConsentOf(ctx, c.Signed, m); err != nil {
			return nil, err
		}
	}
	if len(c.Additions) == 0 {
		return g, nil
	}
	return n.acceptAdditions(ctx, c.Additions)
}

// openAdditions opens every collection addition, by collection; those that old
// holds were opened before.
func openAdditions(ctx context.Context, db *store.Store, old map[dsai.Digest]addition) (map[dsai.Digest]addition, map[dsai.Digest][]addition, error) {
	rows, err := db.OfType(ctx, dsai.TypeCollectionAddition)
	if err != nil {
		return nil, nil, err
	}
	all, to := make(map[dsai.Digest]addition, len(rows)), map[dsai.Digest][]addition{}
	for _, r := range rows {
		s, ok := old[r.Digest]
		if !ok {
			if s, err = vc.Open[dsai.CollectionAddition](r.Raw, dsai.TypeCollectionAddition); err != nil {
				return nil, nil, fmt.Errorf("collection addition %s: %w", r.Digest, err)
			}
		}
		all[s.Digest] = s
		to[s.Subject.Collection] = append(to[s.Subject.Collection], s)
	}
	return all, to, nil
}

func (l *library) readCollections(ctx context.Context, db *store.Store) error {
	rows, err := db.MetaUnder(ctx, collectionPrefix)
	if err != nil {
		return err
	}
	for key, text := range rows {
		id, err := dsai.ParseDigest(strings.TrimPrefix(key, collectionPrefix))
		var c collection
		if err := errors.Join(err, json.Unmarshal(text, &c)); err != nil {
			return fmt.Errorf("read %s: %w", key, err)
		}
		l.collections[id] = c
	}
	return nil
}

// Joined is one document of a collection.
type Joined struct {
	Document  string          `json:"document"` // short id
	Title     string          `json:"title"`
	At        dsai.Time       `json:"at"`
	Withdrawn dsai.Time       `json:"withdrawn,omitzero"` // from this collection
	Signed    json.RawMessage `json:"signed"`             // CollectionAddition
}

// joinedTo lists what joined the collection of a consent, oldest first.
func (n *Node) joinedTo(g *grant) []Joined {
	out := []Joined{}
	for _, a := range n.lib.additionsTo(g) {
		j := Joined{Document: shortID("d", a.Subject.Document.Document.Digest), At: a.ValidFrom, Signed: a.Raw}
		if d := n.lib.documentByID(a.Subject.Document.Document); d != nil {
			j.Title = inert.Line(d.Title)
		}
		j.Withdrawn, _ = g.Withdrawn(a.Subject.Document.Document)
		out = append(out, j)
	}
	return out
}

// additionsTo returns the additions to the collection of a consent, oldest first.
func (l *library) additionsTo(g *grant) []addition {
	id := g.Consent.Subject.Data.Collection
	if id == nil {
		return nil
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	var out []addition
	for _, a := range l.additions {
		if a.Subject.Collection == *id {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b addition) int {
		if a.ValidFrom != b.ValidFrom {
			return int(a.ValidFrom - b.ValidFrom)
		}
		return slices.Compare(a.Digest[:], b.Digest[:])
	})
	return out
}

// fsckConsents compares which consent decides about which document with what
// members signed.
func (n *Node) fsckConsents(ctx context.Context) (string, error) {
	rows, err := n.db.GrantDocuments(ctx)
	if err != nil {
		return "", err
	}
	known := map[dsai.Digest]bool{}
	for _, r := range rows {
		g := n.lib.grant(r.Consent)
		if g == nil {
			return "", fmt.Errorf("consent %s names documents and is not here", short(r.Consent))
		}
		named := slices.ContainsFunc(g.Consent.Subject.Data.Documents, func(d dsai.DocumentGrant) bool { return d.Document == r.Document })
		for _, a := range n.lib.additionsTo(g) {
			if a.Subject.Document.Document == r.Document {
				known[a.Digest] = true
				named = named || a.Digest == r.Addition
			}
		}
		if !named || !r.Addition.IsZero() && !known[r.Addition] {
			return "", fmt.Errorf("nobody signed that consent %s covers document %s", short(r.Consent), shortID("d", r.Document.Digest))
		}
	}
	for d := range n.lib.allAdditions() {
		if !known[d] {
			return "", fmt.Errorf("collection addition %s was signed and is not in effect", short(d))
		}
	}
	return fmt.Sprintf("%d documents are under the consents that name them, %d by additions", len(rows), len(known)), nil
}

func (l *library) allAdditions() map[dsai.Digest]addition {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.additions // replaced whole by reload, never changed
}
