// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
)

// statusList is a status list with its bits.
type statusList struct {
	*vc.Sealed[dsai.StatusList]
	bits *vc.Bits
}

func readStatusList(raw []byte) (*statusList, error) {
	s, err := vc.Open[dsai.StatusList](raw, dsai.TypeStatusList)
	if err != nil {
		return nil, err
	}
	if s.Subject.Type != vc.StatusListType || s.Subject.StatusPurpose != vc.StatusPurpose {
		return nil, fmt.Errorf("status list of type %.40q for %.40q", s.Subject.Type, s.Subject.StatusPurpose)
	}
	if err := vc.CheckWithdrawn(s.Subject.Withdrawn); err != nil {
		return nil, err
	}
	bits, err := vc.DecodeBits(s.Subject.EncodedList)
	return &statusList{&s, bits}, err
}

// checkStatus shows that each consent was clear on a fresh list by a revocation
// point that the consent names.
func (a *audit) checkStatus() (string, error) {
	if a.grants == nil {
		return "", needs("consents")
	}
	lists, cited := map[dsai.Digest]*statusList{}, map[dsai.Digest]bool{}
	var sealed []*vc.Sealed[dsai.StatusList]
	for i, raw := range a.b.statusLists {
		l, err := recall(a.v, raw, readStatusList)
		if err != nil {
			return "", err
		}
		if i > 0 && !before(sealed[i-1].Digest, l.Digest) {
			return "", errNotSorted(dsai.TypeStatusList, l.Digest)
		}
		if err := a.checkListIssuer(l); err != nil {
			return "", fmt.Errorf("status list %s: %w", short(l.Digest), err)
		}
		lists[l.Digest], sealed = l, append(sealed, l.Sealed)
	}
	for i, u := range a.receipt.used {
		l, ok := lists[u.Status]
		if !ok {
			return "", fmt.Errorf("use %d: status list %s is not here", i+1, short(u.Status))
		}
		if err := a.checkListed(l, a.grants[u.Consent], u.Document); err != nil {
			return "", fmt.Errorf("use %d: consent %s: %w", i+1, short(u.Consent), err)
		}
		cited[u.Status] = true
	}
	if err := superfluous(sealed, cited); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d consents are clear on %d fresh status lists", len(a.grants), len(lists)), nil
}

// checkListIssuer checks that the point that l names signed it, with a key that
// the bundle or the trust file gives.
func (a *audit) checkListIssuer(l *statusList) error {
	if l.Subject.Coop != a.receipt.coop {
		return fmt.Errorf("of co-op %s", short(l.Subject.Coop.Digest))
	}
	if _, ok := a.nodeKeys[l.Subject.Node]; ok {
		return byNode(a, l.Sealed, l.Subject.Node)
	}
	if n := a.pinnedNode(l.Subject.Node); n != nil && slices.Contains(n.ReceiptKeys, l.Issuer) {
		return nil
	}
	return fmt.Errorf("by node %s, whose keys are unknown", short(l.Subject.Node.Digest))
}

// checkListed checks what l says of a consent and its delegations, and of one
// document under them, at the receipt's time.
func (a *audit) checkListed(l *statusList, g *grant, d dsai.DocumentID) error {
	at, s := a.receipt.at, g.Subject
	age, most := at-l.ValidFrom, s.MaxStatusAge
	if a.ceiling > 0 {
		most = min(most, a.ceiling)
	}
	switch {
	case !slices.Contains(s.RevocationPoints, l.Subject.Node):
		return fmt.Errorf("node %s is not a revocation point of it", short(l.Subject.Node.Digest))
	case l.ValidUntil == 0 || inForce(l.Sealed, at) != nil:
		return fmt.Errorf("status list is valid from %v to %v, not at %v", l.ValidFrom, l.ValidUntil, at)
	case age > dsai.Time(most):
		return fmt.Errorf("status list is %d s old, at most %d s", age, most)
	}
	entries := []*dsai.StatusEntry{g.Status} // consent.New refuses those without
	for _, d := range g.delegations {
		entries = append(entries, d.Status)
	}
	for _, e := range entries {
		list, index, err := vc.ParseStatusEntry(*e)
		if err != nil {
			return err
		}
		if !vc.IsListID(l.Subject.ID, list) {
			return fmt.Errorf("is on another list than %.80q", l.Subject.ID)
		}
		if l.bits.Revoked(index) {
			return errors.New("is revoked on the status list")
		}
	}
	if vc.Withdrawn(l.Subject.Withdrawn, d, append([]dsai.Digest{g.consentBundle.Digest}, s.Delegation...)...) {
		return fmt.Errorf("document %s is withdrawn from it on the status list", short(d.Digest))
	}
	return nil
}

// checkRevocation looks for revocations among those presented. None can be
// shown absent: the status point vouches for the rest.
func (a *audit) checkRevocation() (string, error) {
	if a.grants == nil {
		return "", needs("consents")
	}
	inBundle, err := openAll[dsai.Revocation](a, a.b.revocations, dsai.TypeRevocation)
	if err != nil {
		return "", err
	}
	a.readAcknowledgements()
	for _, s := range inBundle {
		used, err := a.checkRevoked(s)
		if err != nil {
			return "", err
		}
		if !used {
			return "", fmt.Errorf("revocation %s is of nothing used here, or not by somebody who may revoke", short(s.Digest))
		}
	}
	elsewhere, beside := 0, 0
	for _, raw := range a.v.o.Revocations {
		relevant, err := a.checkPresented(raw)
		if err != nil {
			return "", err
		}
		switch {
		case relevant:
			elsewhere++
		case a.takesBack(raw):
			beside++
		}
	}
	reason := fmt.Sprintf("none in force is presented by the bundle or by %d other revocations, of which %d concern it; the status point vouches for the rest",
		len(a.v.o.Revocations), elsewhere)
	if beside > 0 {
		reason += fmt.Sprintf("; by %d, a member took a document used here back from another consent after signing this one: "+
			"it still lends the document if the node had it before, which no bundle shows", beside)
	}
	return reason, nil
}

// takesBack reports whether raw, which concerns no consent used here, takes one of
// the documents back from another consent of the same member, after the one used
// was signed and before the use. That is no fault: a member may lend a document
// under two consents, and keep one of them. But a node must not take a consent that
// is older than a withdrawal, so whoever looks into it should hear of it. What took
// back a whole consent says nothing here: it does not name the documents.
func (a *audit) takesBack(raw json.RawMessage) bool {
	var member dsai.MemberID
	var documents []dsai.DocumentID
	var at dsai.Time
	if s, err := open[dsai.Revocation](a.v, raw, dsai.TypeRevocation); err == nil {
		r := s.Subject
		if r.Coop != a.receipt.coop || r.ID != s.Issuer || !a.memberKeys[r.Member].Ever(s.Issuer) {
			return false
		}
		member, documents, at = r.Member, r.Documents, max(r.Effective, s.Proof[0].Created)
		if known, ok := a.acknowledged[s.Digest]; ok {
			at = known
		}
	} else if w, err := open[dsai.WithdrawalReceipt](a.v, raw, dsai.TypeWithdrawalReceipt); err == nil && a.acknowledges(w) {
		member, at = w.Subject.Member, w.Subject.Effective
		for _, d := range w.Subject.Documents { // another consent lends the others on, as the node says itself
			if !slices.Contains(w.Subject.Stay, d) {
				documents = append(documents, d)
			}
		}
	}
	return at <= a.receipt.at && slices.ContainsFunc(a.receipt.used, func(u dsai.Use) bool {
		g := a.grants[u.Consent]
		return g.Subject.Member == member && g.Proof[0].Created <= at && slices.Contains(documents, u.Document)
	})
}

// checkPresented judges one credential learnt from elsewhere.
func (a *audit) checkPresented(raw []byte) (bool, error) {
	s, err := open[dsai.Revocation](a.v, raw, dsai.TypeRevocation)
	if err == nil {
		return a.checkRevoked(s)
	}
	w, werr := open[dsai.WithdrawalReceipt](a.v, raw, dsai.TypeWithdrawalReceipt)
	if werr != nil {
		// What cannot be read is not honoured, and not passed over either.
		return false, fmt.Errorf("a revocation handed in cannot be read: %w", err)
	}
	if !a.acknowledges(w) || !a.cites(w.Subject.Consent) {
		return false, nil
	}
	if w.Subject.Effective <= a.receipt.at && a.concerns(w.Subject.Consent, w.Subject.Documents) {
		return true, fmt.Errorf("consent %s: the node itself acknowledged its withdrawal at %v: this use is misuse",
			short(w.Subject.Consent), w.Subject.Effective)
	}
	return true, nil
}

// acknowledges reports whether w is a withdrawal receipt of the receipt's node,
// by the receipt key that it had in force when w was signed, as its signer says.
// A bundle saved before the node's keys changed does not know the later ones:
// for keys that it does not know at all, the trust file speaks.
func (a *audit) acknowledges(w *vc.Sealed[dsai.WithdrawalReceipt]) bool {
	if w.Subject.Node != a.receipt.node || w.Subject.ID != w.Issuer {
		return false
	}
	if h := a.nodeKeys[w.Subject.Node]; h.Ever(w.Issuer) {
		return h.At(w.Proof[0].Created).Sign == w.Issuer
	}
	n := a.pinnedNode(w.Subject.Node)
	return n != nil && slices.Contains(n.ReceiptKeys, w.Issuer)
}

// readAcknowledgements notes from when on the node says it knew of revocations.
func (a *audit) readAcknowledgements() {
	a.acknowledged = map[dsai.Digest]dsai.Time{}
	for _, raw := range a.v.o.Revocations {
		w, err := open[dsai.WithdrawalReceipt](a.v, raw, dsai.TypeWithdrawalReceipt)
		if err == nil && a.acknowledges(w) {
			a.acknowledged[w.Subject.Revocation] = w.Subject.Effective
		}
	}
}

// checkRevoked reports whether s is a genuine revocation of something used, and
// returns an error when it was in force. Its date is its signer's claim: where
// the node's acknowledgement is at hand that decides, because until then the
// node could not know.
func (a *audit) checkRevoked(s *vc.Sealed[dsai.Revocation]) (bool, error) {
	r := s.Subject
	if !a.cites(r.Consent) || r.Coop != a.receipt.coop || r.ID != s.Issuer || !a.mayRevoke(s) {
		return false, nil
	}
	from := max(r.Effective, s.Proof[0].Created)
	known, acknowledged := a.acknowledged[s.Digest]
	if acknowledged {
		from = known
	}
	if from > a.receipt.at || !a.concerns(r.Consent, r.Documents) {
		return true, nil
	}
	if acknowledged {
		return true, fmt.Errorf("consent %s was revoked at %v, as the node itself acknowledged", short(r.Consent), from)
	}
	return true, fmt.Errorf("consent %s was revoked at %v by its signer's claim; that the node knew, and that this use is misuse, "+
		"only the node's withdrawal receipt can show", short(r.Consent), from)
}

// cites reports whether a use rests on the consent or delegation d.
func (a *audit) cites(d dsai.Digest) bool { return a.concerns(d, nil) }

// concerns reports whether a use of one of the documents, or any when none are
// named, rests on the consent or delegation d.
func (a *audit) concerns(d dsai.Digest, documents []dsai.DocumentID) bool {
	return slices.ContainsFunc(a.receipt.used, func(u dsai.Use) bool {
		rests := u.Consent == d || slices.Contains(a.grants[u.Consent].Subject.Delegation, d)
		return rests && (len(documents) == 0 || slices.Contains(documents, u.Document))
	})
}

// mayRevoke reports whether s is signed by somebody who may withdraw the
// consent: the member with any key, past ones too, a recovery contact, or a
// delegate.
func (a *audit) mayRevoke(s *vc.Sealed[dsai.Revocation]) bool {
	for _, u := range a.receipt.used {
		g := a.grants[u.Consent]
		if g.Subject.Member != s.Subject.Member || u.Consent != s.Subject.Consent && !slices.Contains(g.Subject.Delegation, s.Subject.Consent) {
			continue
		}
		if a.memberKeys[s.Subject.Member].Ever(s.Issuer) || s.Issuer == g.Issuer {
			return true
		}
		if m := a.member(s.Subject.Member); m != nil && m.Subject.Recovery != nil && slices.Contains(m.Subject.Recovery.Contacts, s.Issuer) {
			return true
		}
		if slices.ContainsFunc(g.delegations, func(d delegation) bool { return d.Subject.Delegate == s.Issuer }) {
			return true
		}
	}
	return false
}
