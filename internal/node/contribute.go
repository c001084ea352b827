// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"math/big"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/vc"
)

// Contribution is what "dsai add" asks for.
type Contribution struct {
	Member    string    `json:"member"` // name; "" = the founder
	Paths     []string  `json:"paths"`  // absolute
	For       []string  `json:"for"`
	Never     []string  `json:"never"`
	Until     dsai.Time `json:"until,omitzero"`
	Sensitive bool      `json:"sensitive"`
	QuoteMax  int       `json:"quoteMax"`
	Share     bool      `json:"share,omitempty"` // also with model servers on other machines
	// Signed is a consent that the member signed elsewhere; the terms above are
	// then taken from it.
	Signed []byte `json:"signed,omitempty"`
	// Name and Inception come with Signed from somebody who may be no member yet.
	Name      string          `json:"name,omitempty"`
	Inception json.RawMessage `json:"inception,omitempty"`
	// Collection is the name of what the documents join, by an addition each,
	// instead of being named by a consent.
	Collection string `json:"collection,omitempty"`
	// Additions are those that the member signed elsewhere.
	Additions []json.RawMessage `json:"additions,omitempty"`
	// Keep leaves documents under the consent that they are lent under: nobody
	// named terms, and those above are for new documents.
	Keep bool `json:"keep,omitempty"`
	// Ask signs nothing yet when it would make anything wider, or permits more than
	// the named purposes say; Contributed.Asks then says so.
	Ask bool `json:"ask,omitempty"`
	// Agreed says that the member said yes to these terms before: Ask is then about
	// wider ones alone.
	Agreed bool `json:"agreed,omitempty"`
}

// Contributed is what came of a Contribution.
type Contributed struct {
	Consent   dsai.Digest      `json:"consent"`
	Short     string           `json:"short"`
	Words     string           `json:"words"` // what was agreed
	Documents []ContributedDoc `json:"documents"`
	Skipped   []Skipped        `json:"skipped"`
	Added     int              `json:"added"`
	Unchanged int              `json:"unchanged"`
	Passages  int              `json:"passages"`
	Copies    []Copy           `json:"copies"` // same bytes as another member's

	Collection string `json:"collection,omitempty"`
	Joined     int    `json:"joined"` // documents that joined it now

	Kept    []KeptConsent  `json:"kept,omitempty"`    // under which documents stay
	Changes []TermsChanged `json:"changes,omitempty"` // of documents lent before
	Asks    bool           `json:"asks,omitempty"`    // nothing was signed: Words are what would be
}

// ContributedDoc is one document of a contribution.
type ContributedDoc struct {
	ID       dsai.DocumentID `json:"id"`
	Short    string          `json:"short"`
	Path     string          `json:"path"`
	Passages int             `json:"passages"`
}

// Skipped is a file that was left out, and why.
type Skipped struct {
	Path   string `json:"path"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// Copy names another member's document with the same bytes, in any version: a
// withdrawal covers all of them.
type Copy struct {
	Path  string `json:"path"`
	Of    string `json:"of"`
	Owner string `json:"owner"`
}

// Contribute ingests files and records the consent under which they may be
// used. Files come first and are unusable until the consent names them, so an
// interruption leaves nothing that anybody could be shown; running it again
// resumes. Progress, unless nil, gets values of ingest.Progress and Waiting.
func (n *Node) Contribute(ctx context.Context, c Contribution, progress func(any)) (*Contributed, error) {
	if progress == nil {
		progress = func(any) {}
	}
	began := n.lib.asItIs()
	if err := n.change.take(ctx, func() { progress(Waiting{another}) }); err != nil {
		return nil, err
	}
	defer n.change.Unlock()
	if (c.Signed != nil || c.Additions != nil) && len(c.Paths) == 0 {
		return n.contributeSigned(ctx, c)
	}
	m, err := n.memberNamed(c.Member)
	if err != nil {
		return nil, err
	}
	if _, _, _, err := consent.Draft(n.draftOptions(m, nil, c, n.clock.now())); err != nil {
		return nil, err // before anything is read
	}
	s, skipped, err := n.ingest(ctx, m, c, progress)
	if err != nil {
		return nil, err
	}
	out := &Contributed{Documents: []ContributedDoc{}, Skipped: skipped, Copies: s.copies}
	// No withdrawal is between the look and the signature: it would be undone.
	n.revoking.Lock()
	defer n.revoking.Unlock()
	if err := n.lib.mend(ctx, n.db); err != nil {
		return nil, err
	}
	var docs []*document
	for _, seen := range s.seen {
		d := n.lib.document(seen.Num)
		if why := n.leftOut(m, d, c, began); why != "" {
			out.Skipped = append(out.Skipped, Skipped{d.Path, stateWithdrawn, why})
			continue
		}
		docs = append(docs, d)
		out.count(d, s.added[seen.Num])
		out.Documents = append(out.Documents, ContributedDoc{d.ID, shortID("d", d.ID.Digest), d.Path, d.version.Passages})
	}
	if len(docs) == 0 {
		return out, nil
	}
	if n.hooks.looked != nil {
		n.hooks.looked()
	}
	return out, n.place(ctx, m, docs, c, out)
}

// count counts a document that is lent.
func (out *Contributed) count(d *document, added bool) {
	if !added {
		out.Unchanged++
		return
	}
	out.Added++
	out.Passages += d.version.Passages
}

// contributeSigned records a consent for documents that are here already and
// waited for it, and lets its member in if need be.
func (n *Node) contributeSigned(ctx context.Context, c Contribution) (*Contributed, error) {
	s, err := n.openSigned(c)
	if err != nil {
		return nil, err
	}
	g, err := n.handIn(ctx, s)
	if err != nil {
		return nil, err
	}
	out := &Contributed{Consent: g.Consent.Digest, Short: shortID("c", g.Consent.Digest), Skipped: []Skipped{}, Documents: []ContributedDoc{}, Copies: []Copy{},
		Words: consent.Words(g.Consent.Subject, g.Consent.ValidUntil), Collection: n.collectionName(g), Joined: len(c.Additions)}
	for _, id := range n.documentsOf(g) {
		d := n.lib.documentByID(id)
		out.Documents = append(out.Documents, ContributedDoc{d.ID, shortID("d", d.ID.Digest), d.Path, d.version.Passages})
		out.Unchanged++
	}
	return out, nil
}

// afterIngest brings library and index up to the store.
func (n *Node) afterIngest(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if err := n.lib.reload(ctx, n.db); err != nil {
		return err
	}
	n.log.wake()
	return n.catchUpIndex(ctx)
}

// consentFor returns the consent under which documents are lent from now on, and
// how many of them joined a collection.
func (n *Node) consentFor(ctx context.Context, m *member, docs []*document, c Contribution) (*grant, int, error) {
	switch {
	case c.Signed != nil || c.Additions != nil:
		s, err := n.openSigned(c)
		if err != nil {
			return nil, 0, err
		}
		g, err := n.acceptSaid(ctx, s)
		return g, len(c.Additions), err
	case c.Collection != "":
		return n.lendCollection(ctx, m, docs, c)
	}
	g, err := n.signConsent(ctx, m, docs, c)
	return g, 0, err
}

// signConsent signs a consent over documents for a member whose key this node
// keeps.
func (n *Node) signConsent(ctx context.Context, m *member, docs []*document, c Contribution) (*grant, error) {
	signer, now, err := n.signingNow(m)
	if err != nil {
		return nil, err
	}
	b, until, _, err := consent.Draft(n.draftOptions(m, docs, c, now))
	if err != nil {
		return nil, err
	}
	b.Supersedes = n.replaced(m, docs)
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

func (n *Node) draftOptions(m *member, docs []*document, c Contribution, now dsai.Time) consent.Options {
	var scope dsai.DataScope
	scope.Documents = []dsai.DocumentGrant{}
	for _, d := range docs {
		scope.Documents = append(scope.Documents, dsai.DocumentGrant{Document: d.ID, Mode: dsai.ModeFollowing})
	}
	return consent.Options{
		Key: m.DID, Member: m.ID, Coop: n.coop, Steward: n.id, Data: scope,
		For: c.For, Never: c.Never, Sensitive: c.Sensitive, Share: c.Share, QuoteMax: c.QuoteMax, From: now, Until: c.Until,
		Capture: dsai.Capture{Method: "cli", Custody: m.Custody},
	}
}

// replaced names the member's consents in force over none but these documents:
// what is agreed now replaces what was agreed about them.
func (n *Node) replaced(m *member, docs []*document) []dsai.Digest {
	named := map[dsai.DocumentID]bool{}
	for _, d := range docs {
		named[d.ID] = true
	}
	var out []dsai.Digest
	now := n.clock.now()
	for _, g := range n.lib.allGrants() {
		// A collection stands for what joins it later, too.
		if g.Consent.Subject.Data.Collection != nil || g.Consent.Subject.Member != m.ID || !g.stands(now) {
			continue
		}
		ids := n.documentsOf(g)
		if len(ids) > 0 && !slices.ContainsFunc(ids, func(id dsai.DocumentID) bool { return !named[id] }) {
			out = append(out, g.Consent.Digest)
		}
	}
	slices.SortFunc(out, func(a, b dsai.Digest) int { return slices.Compare(a[:], b[:]) })
	return out
}

// freeStatusIndex picks a random unused bit of the status list, so that the
// index says nothing about when a consent was given.
func (n *Node) freeStatusIndex() (int, error) {
	used := map[int]bool{}
	for _, g := range n.lib.allGrants() {
		used[g.state.Index] = true
	}
	for range 1000 {
		i, err := rand.Int(rand.Reader, big.NewInt(dsai.StatusListBits))
		if err != nil {
			return 0, err
		}
		if !used[int(i.Int64())] {
			return int(i.Int64()), nil
		}
	}
	return 0, errors.New("pick status index: the status list is full")
}

func mustCanonical(v any) []byte {
	b, err := vc.Canonical(v)
	if err != nil {
		panic("node: canonical: " + err.Error()) // closed types of strings and integers
	}
	return b
}
