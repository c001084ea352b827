// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/vc"
)

// Errors of accepting what members sign.
var (
	ErrNotMember = errors.New("not signed by a member of this co-op")
	ErrNoKey     = errors.New("this node does not keep that member's key")
	ErrOldKey    = errors.New("the key was changed")
	errAhead     = errors.New("dated ahead")

	// errNotOurs reports a credential that is sound and cannot be honoured here.
	errNotOurs = errors.New("cannot be honoured here")
)

// acceptConsent records the signed consent of what a member said, from whichever
// machine it came. It is in force when acceptConsent returns. The caller holds
// revoking.
func (n *Node) acceptConsent(ctx context.Context, said said) (*grant, error) {
	s, m := *said.consent, said.by
	n.keys.mu.RLock() // a key event must not come between the check and the record
	defer n.keys.mu.RUnlock()
	g := n.lib.grant(s.Digest)
	if m == nil {
		m = n.lib.member(s.Subject.Member)
	}
	if g == nil {
		if err := n.checkConsent(s, m); err != nil {
			return nil, err
		}
	}
	if g == nil || g.reduced(n.clock.now()) {
		if err := n.checkNewer("consent", said); err != nil {
			return nil, err
		}
	}
	if g != nil {
		return g, nil // the same consent again
	}
	_, index, err := vc.ParseStatusEntry(*s.Status)
	if err != nil {
		return nil, err
	}
	now := n.clock.now()
	err = n.db.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if n.lib.member(m.ID) == nil {
			if err := m.admit(tx); err != nil {
				return err
			}
		}
		if err := tx.Put(record(s, dsai.LeafConsent, now)); err != nil {
			return err
		}
		if err := tx.AddGrant(store.Grant{Consent: s.Digest, Member: s.Subject.Member, Index: index}); err != nil {
			return err
		}
		for _, d := range s.Subject.Data.Documents {
			if err := tx.AddGrantDocument(s.Digest, d.Document, dsai.Digest{}); err != nil {
				return err
			}
		}
		for _, old := range s.Subject.Supersedes {
			if err := tx.Supersede(old, s.Digest); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("record consent: %w", err)
	}
	n.log.wake()
	if err := n.lib.reload(ctx, n.db); err != nil {
		return nil, err
	}
	return n.lib.grant(s.Digest), nil
}

// checkConsent refuses a consent that this node could not honour or that its
// signer, m, may not give.
func (n *Node) checkConsent(s vc.Sealed[dsai.ConsentBundle], m *member) error {
	if err := n.checkSigner("consent", m, s.Issuer, s.Proof[0].Created); err != nil {
		return err
	}
	b := s.Subject
	switch {
	case m.ID != b.Member:
		return fmt.Errorf("consent by %.60s: %w", s.Issuer, ErrNotMember)
	case b.Coop != n.coop || b.Steward != n.id || !slices.Contains(b.RevocationPoints, n.id):
		return fmt.Errorf("consent is for another co-op, or for a node other than this one: %w", errNotOurs)
	case s.Status == nil || s.Status.StatusListCredential != listURI(n.id):
		return fmt.Errorf("consent does not name this node's status list: %w", errNotOurs)
	case len(b.Delegation) > 0:
		return fmt.Errorf("consent is by delegation, which this version does not accept yet: %w", errNotOurs)
	case b.Capture.Custody == dsai.CustodyDevice && m.Custody != dsai.CustodyDevice:
		return fmt.Errorf("consent claims a key on the member's own device; this node keeps that key: %w", errNotOurs)
	}
	for _, d := range b.Data.Documents {
		doc := n.lib.documentByID(d.Document)
		if doc == nil || doc.Member != b.Member {
			return fmt.Errorf("consent names document %s, which is not %s's here: %w", d.Document, m.Name, errNotOurs)
		}
	}
	if err := n.checkStatusIndex(s.Status); err != nil {
		return err
	}
	if err := n.checkSupersedes(b); err != nil {
		return err
	}
	if err := n.checkCollection(b); err != nil {
		return err
	}
	_, err := consent.New(consent.Parts{Consent: s})
	return err
}

// checkSupersedes wants a consent to name every document of those that it takes the
// place of: of a document that it does not name an older consent would decide again,
// which was narrowed or withdrawn since.
func (n *Node) checkSupersedes(b dsai.ConsentBundle) error {
	named := map[dsai.DocumentID]bool{}
	for _, d := range b.Data.Documents {
		named[d.Document] = true
	}
	for _, old := range b.Supersedes {
		g := n.lib.grant(old)
		switch {
		case g == nil || g.Consent.Subject.Member != b.Member:
			return fmt.Errorf("consent supersedes one that is not the member's: %w", errNotOurs)
		case g.Consent.Subject.Data.Collection != nil,
			slices.ContainsFunc(n.documentsOf(g), func(id dsai.DocumentID) bool { return !named[id] }):
			return fmt.Errorf("consent supersedes c-%s, which covers more than the documents that it names: %w", old.Short(), errNotOurs)
		}
	}
	return nil
}

// underWay is how many seconds after its signature a withdrawal made here takes
// effect for those who audit. Time has whole seconds: an answer that began
// while the withdrawal was being written would otherwise look like misuse. The
// node itself stops at once.
const underWay = 2

// Withdraw signs and carries out a revocation for a member whose key this node
// keeps: of a whole consent, or of some of its documents; and before it, of what
// has taken its place.
func (n *Node) Withdraw(ctx context.Context, c dsai.Digest, documents []dsai.DocumentID, reason string) ([]byte, error) {
	return n.withdraw(ctx, withdrawal{c, documents, reason, n.lib.asItIs()})
}

// withdrawal is what somebody asked for.
type withdrawal struct {
	consent   dsai.Digest
	documents []dsai.DocumentID // none: all
	reason    string
	seen      state // the library when they did
}

func (n *Node) withdraw(ctx context.Context, w withdrawal) ([]byte, error) {
	if n.hooks.asked != nil {
		n.hooks.asked()
	}
	n.revoking.Lock()
	defer n.revoking.Unlock()
	_ = n.lib.mend(ctx, n.db) // if it fails nothing is permitted, and the end says so
	g := n.lib.grant(w.consent)
	if g == nil {
		return nil, fmt.Errorf("withdraw %s: %w", w.consent, store.ErrNotFound)
	}
	for _, f := range n.followers(g, w.documents, w.seen) {
		if _, err := n.revoke(ctx, f.consent, f.documents, w.reason); err != nil {
			return nil, err
		}
	}
	return n.revoke(ctx, w.consent, w.documents, w.reason)
}

// revoke signs and carries out one revocation. The caller holds revoking.
func (n *Node) revoke(ctx context.Context, c dsai.Digest, documents []dsai.DocumentID, reason string) ([]byte, error) {
	m := n.lib.member(n.lib.grant(c).Consent.Subject.Member)
	signer, now, err := n.signingNow(m)
	if err != nil {
		return nil, err
	}
	s, err := vc.Issue(vc.New(dsai.TypeRevocation, signer.DID(), dsai.Revocation{
		ID: signer.DID(), Member: m.ID, Coop: n.coop, Consent: c, Documents: documents, Effective: now + underWay, Reason: reason,
	}, now, 0), now, signer)
	if err != nil {
		return nil, err
	}
	return n.honour(ctx, s, func(dsai.MemberID) error { return nil })
}

// AcceptRevocation honours a revocation on sight and returns the signed
// WithdrawalReceipt. When it returns nothing covered is used any more: running
// answers that rest on it have been stopped. The same revocation again returns
// the same receipt.
func (n *Node) AcceptRevocation(ctx context.Context, raw []byte) ([]byte, error) {
	return n.acceptRevocation(ctx, raw, func(dsai.MemberID) error { return nil })
}

// acceptRevocation asks admit once the revocation is shown to be the member's
// and new; an error from it ends the withdrawal.
func (n *Node) acceptRevocation(ctx context.Context, raw []byte, admit func(dsai.MemberID) error) ([]byte, error) {
	s, err := n.openRevocation(raw)
	if err != nil {
		return nil, err
	}
	// Not n.change: of somebody's long ingest a withdrawal waits for what is being stored.
	n.revoking.Lock()
	defer n.revoking.Unlock()
	return n.honour(ctx, s, admit)
}

// honour carries out a revocation that was checked. The caller holds revoking.
func (n *Node) honour(ctx context.Context, s vc.Sealed[dsai.Revocation], admit func(dsai.MemberID) error) ([]byte, error) {
	// Once it is on disk it must also be in force, though its sender goes away
	// or an earlier attempt stopped between the two.
	ctx = context.WithoutCancel(ctx)
	if done, err := n.withdrawalOf(ctx, s.Digest); err != nil || done != nil {
		return done, errors.Join(err, n.lib.mend(ctx, n.db))
	}
	if err := admit(s.Subject.Member); err != nil {
		return nil, err
	}
	n.lib.withhold(s.Digest, s.Subject)
	defer n.lib.release(s.Digest)
	purged := n.run.Purge(s.Subject.Consent)
	out, err := n.leaving(ctx, s.Subject)
	if err != nil {
		return nil, err
	}
	w, err := n.acknowledge(ctx, s, out, purged)
	if err != nil {
		return nil, err
	}
	if err := n.recordWithdrawal(ctx, s, w, out); err != nil {
		return nil, fmt.Errorf("record revocation: %w", err)
	}
	if err := n.lib.reload(ctx, n.db); err != nil {
		return nil, err
	}
	n.purgePrompts(idsOf(out.copies)...) // now that nobody is given them any more
	return w.Raw, nil
}

func idsOf(copies []sameBytes) (out []dsai.DocumentID) {
	for _, c := range copies {
		out = append(out, c.id)
	}
	return out
}

// purgePrompts forgets prompts that may hold passages of documents: all under their
// consents. Answers that rest on the documents have been stopped.
func (n *Node) purgePrompts(ids ...dsai.DocumentID) {
	var consents []dsai.Digest
	for _, id := range ids {
		if d := n.lib.documentByID(id); d != nil {
			for _, g := range d.grants {
				consents = append(consents, g.Consent.Digest)
			}
		}
	}
	n.run.Purge(consents...)
}

// openRevocation checks that a revocation is by a member, with any key that was
// ever theirs, and of a consent that they gave here.
func (n *Node) openRevocation(raw []byte) (s vc.Sealed[dsai.Revocation], err error) {
	s, err = vc.Open[dsai.Revocation](raw, dsai.TypeRevocation)
	if err != nil {
		return s, err
	}
	r := s.Subject
	g, m := n.lib.grant(r.Consent), n.lib.member(r.Member)
	switch {
	case m == nil || !m.keys.Ever(s.Issuer): // withdrawing works with any key that the member ever had
		return s, fmt.Errorf("revocation by %.60s: %w", s.Issuer, ErrNotMember)
	case r.Coop != n.coop:
		return s, fmt.Errorf("revocation is for another co-op: %w", errNotOurs)
	case g == nil || g.Consent.Subject.Member != r.Member:
		return s, fmt.Errorf("revocation of consent %s: %w", r.Consent, store.ErrNotFound)
	}
	named := setOf(n.documentsOf(g))
	for _, d := range r.Documents {
		if !named[d] {
			return s, fmt.Errorf("revocation of document %s, which that consent does not name: %w", d, errNotOurs)
		}
	}
	return s, nil
}

// recordWithdrawal puts a revocation, its receipt and the status list that
// carries it on disk together.
func (n *Node) recordWithdrawal(ctx context.Context, s vc.Sealed[dsai.Revocation], w vc.Sealed[dsai.WithdrawalReceipt], out leaving) error {
	r, now := s.Subject, n.clock.now()
	return n.status.renew(ctx, now, func(tx *store.Tx) error {
		if err := errors.Join(
			tx.Put(record(s, dsai.LeafRevocation, w.ValidFrom)), // see library.takeBack
			tx.Revoke(s.Digest, r.Consent, r.Documents, w.Subject.Effective),
			tx.Put(record(w, dsai.LeafWithdrawal, now)),
			tx.SetMeta("withdrawal-"+s.Digest.String(), w.Digest[:]),
		); err != nil {
			return err
		}
		for _, c := range out.copies {
			if err := tx.SetQuarantine(c.num, c.of); err != nil {
				return err
			}
		}
		return nil
	})
}

// withdrawalOf returns the receipt that a revocation was already given.
func (n *Node) withdrawalOf(ctx context.Context, revocation dsai.Digest) ([]byte, error) {
	d, err := n.db.Meta(ctx, "withdrawal-"+revocation.String())
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return n.db.Raw(ctx, dsai.Digest(d))
}

// leaving is what a withdrawal takes out of the answers.
type leaving struct {
	documents []dsai.DocumentID
	stay      []dsai.DocumentID // of these, those that another consent lends on
	copies    []sameBytes
}

// sameBytes is somebody else's document with the same bytes as one that leaves.
type sameBytes struct {
	num int64
	id  dsai.DocumentID
	of  dsai.DocumentID // that leaves
}

func (n *Node) leaving(ctx context.Context, r dsai.Revocation) (leaving, error) {
	g := n.lib.grant(r.Consent) // as it is now: the library may have been read since anybody looked
	out := leaving{documents: r.Documents}
	if len(out.documents) == 0 {
		out.documents = n.documentsOf(g)
	}
	var gone []*document
	for _, id := range out.documents {
		switch d := n.lib.documentByID(id); {
		case d == nil:
		case n.stillGranted(d, g):
			out.stay = append(out.stay, id)
		default:
			gone = append(gone, d)
		}
	}
	var err error
	out.copies, err = n.copiesOf(ctx, gone...)
	return out, err
}

// namedAtMost is how many documents a withdrawal receipt names in each of its
// lists. A credential has a size limit, and no withdrawal may fail by it.
const namedAtMost = 5000

// acknowledge makes the receipt of a revocation: what leaves, and what was done
// with it before.
func (n *Node) acknowledge(ctx context.Context, s vc.Sealed[dsai.Revocation], out leaving, purged int) (vc.Sealed[dsai.WithdrawalReceipt], error) {
	r := s.Subject
	uses, err := n.db.UsesOfConsent(ctx, r.Consent, n.numbers(r.Documents)...)
	if err != nil {
		return vc.Sealed[dsai.WithdrawalReceipt]{}, err
	}
	gone := out.documents
	if len(r.Documents) == 0 && len(gone) > namedAtMost {
		gone = []dsai.DocumentID{} // all that the consent covers
	}
	aside := []dsai.DocumentID{}
	for _, c := range out.copies[:min(len(out.copies), namedAtMost)] {
		aside = append(aside, c.id)
	}
	caches := []string{}
	if purged > 0 {
		caches = append(caches, "prompts")
	}
	now := n.clock.now()
	signer := n.signerAt(now)
	return vc.Issue(vc.New(dsai.TypeWithdrawalReceipt, signer.DID(), dsai.WithdrawalReceipt{
		ID: signer.DID(), Coop: n.coop, Node: n.id, Member: r.Member, Revocation: s.Digest, Consent: r.Consent,
		// Not before the node had it: what it did until then was no misuse.
		Documents: gone, Stay: out.stay[:min(len(out.stay), namedAtMost)], Effective: max(r.Effective, now+underWay), LastUse: uses.Last, Uses: uses.Count,
		Purged: caches, Quarantine: aside,
	}, now, 0), now, signer)
}

// stillGranted reports whether another consent than the one being withdrawn
// keeps a document in the answers; its copies then stay too.
func (n *Node) stillGranted(d *document, but *grant) bool {
	g, at := d.governing(), n.clock.moment()
	if g == nil || g.Consent.Digest == but.Consent.Digest || g.state.Revoked != 0 || at.Now > g.Consent.ValidUntil {
		return false
	}
	_, reason := g.Covers(at, d.ID, d.Version)
	return reason == consent.OK
}

// Release rules that a quarantined copy may stay.
func (n *Node) Release(ctx context.Context, id dsai.DocumentID) error {
	d := n.lib.documentByID(id)
	if d == nil {
		return store.ErrNotFound
	}
	if d.Quarantine.IsZero() {
		return fmt.Errorf("release %s: it is not in quarantine", d.Title)
	}
	if err := n.db.Update(ctx, func(tx *store.Tx) error { return tx.SetQuarantine(d.Num, dsai.DocumentID{}) }); err != nil {
		return err
	}
	return n.lib.reload(ctx, n.db)
}

// numbers returns the store's numbers of documents.
func (n *Node) numbers(ids []dsai.DocumentID) []int64 {
	var out []int64
	for _, id := range ids {
		if d := n.lib.documentByID(id); d != nil {
			out = append(out, d.Num)
		}
	}
	return out
}

// documentsOf lists the documents that a consent names.
func (n *Node) documentsOf(g *grant) []dsai.DocumentID {
	out := []dsai.DocumentID{}
	for _, d := range n.lib.allDocuments() {
		if slices.Contains(d.grants, g) {
			out = append(out, d.ID)
		}
	}
	return out
}

// copiesOf lists other members' documents with the same bytes as any version of
// documents of one member: changing a file before withdrawing it must not leave
// its copies in use. Many of these may have the same bytes, which are looked for
// once. The store is asked, because the library does not know yet what an
// addition under way has stored.
func (n *Node) copiesOf(ctx context.Context, ds ...*document) ([]sameBytes, error) {
	var out []sameBytes
	asked, seen := map[[32]byte]bool{}, map[int64]bool{}
	for _, d := range ds {
		vs, err := n.db.Versions(ctx, d.Num)
		if err != nil {
			return nil, err
		}
		for _, v := range vs {
			if asked[v.MAC] {
				continue
			}
			asked[v.MAC] = true
			copies, err := n.db.Copies(ctx, v.MAC)
			if err != nil {
				return nil, err
			}
			for _, o := range copies {
				if o.Member != d.Member && o.Secret != nil && o.Quarantine.IsZero() && !seen[o.Num] {
					seen[o.Num] = true
					out = append(out, sameBytes{o.Num, o.ID, d.ID})
				}
			}
		}
	}
	return out, nil
}

// setOf returns ids to look up in.
func setOf(ids []dsai.DocumentID) map[dsai.DocumentID]bool {
	out := make(map[dsai.DocumentID]bool, len(ids))
	for _, id := range ids {
		out[id] = true
	}
	return out
}

// waitLog bounds how long a verb waits for its leaf to be published.
const waitLog = 10 * time.Second
