// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/internal/view"
)

// withdrawnError reports that what is to be withdrawn was withdrawn before.
type withdrawnError struct {
	ref       string
	consent   *grant
	documents []dsai.DocumentID // empty: the whole consent
	at        dsai.Time
	receipt   dsai.Digest // zero when there is none
}

func (e *withdrawnError) Error() string {
	s := fmt.Sprintf("%q: already withdrawn at %s", e.ref, e.at)
	if !e.receipt.IsZero() {
		s += " (" + shortID("w", e.receipt) + ")"
	}
	return s
}

// Unwrap says what it is to a withdrawal: nothing to withdraw is there.
func (e *withdrawnError) Unwrap() error { return store.ErrNotFound }

// toWithdraw is FindConsent for a withdrawal: what was withdrawn before is an
// error that says when.
func (n *Node) toWithdraw(ctx context.Context, ref string) (dsai.Digest, []dsai.DocumentID, error) {
	c, docs, err := n.FindConsent(ref)
	was := &withdrawnError{ref: ref}
	switch {
	case err == nil && len(docs) == 0 && n.lib.grant(c).state.Revoked != 0:
		was.consent = n.lib.grant(c)
		was.at = was.consent.state.Revoked
	case errors.Is(err, store.ErrNotFound):
		was.lastOf(n.lib, n.FindDocuments(ref))
	}
	if was.consent == nil {
		return c, docs, err
	}
	return c, nil, errors.Join(n.findReceipt(ctx, was), was)
}

// lastOf finds the newest withdrawal of any of the documents.
func (e *withdrawnError) lastOf(l *library, ids []dsai.DocumentID) {
	listed := setOf(e.documents)
	for _, id := range ids {
		d := l.documentByID(id)
		for _, g := range d.grants {
			at, ok := g.Withdrawn(id)
			if !ok {
				continue
			}
			if at > e.at {
				e.consent, e.at = g, at
			}
			if !listed[id] {
				listed[id] = true
				e.documents = append(e.documents, id)
			}
		}
	}
}

// findReceipt finds the first receipt for what e is about.
func (n *Node) findReceipt(ctx context.Context, e *withdrawnError) error {
	all, err := n.db.Revocations(ctx, e.consent.Consent.Digest)
	if err != nil {
		return err
	}
	var first dsai.Time
	for _, d := range all {
		raw, err := n.withdrawalOf(ctx, d)
		if err != nil {
			return err
		}
		if raw == nil {
			continue
		}
		w, err := vc.Open[dsai.WithdrawalReceipt](json.RawMessage(raw), dsai.TypeWithdrawalReceipt)
		if err != nil {
			return err
		}
		if e.about(w.Subject) && (first == 0 || w.Subject.Effective < first) {
			first, e.receipt = w.Subject.Effective, w.Digest
			e.at = first // what the receipt says, which everybody can check
		}
	}
	return nil
}

// about reports whether w is of what e is about.
func (e *withdrawnError) about(w dsai.WithdrawalReceipt) bool {
	if len(e.documents) == 0 {
		return w.Effective == e.consent.state.Revoked
	}
	if len(w.Documents) == 0 {
		return true
	}
	named := setOf(w.Documents)
	return slices.ContainsFunc(e.documents, func(id dsai.DocumentID) bool { return named[id] })
}

// viewWithdrawn shows a withdrawal that was made before.
func (n *Node) viewWithdrawn(ctx context.Context, e *withdrawnError) (*view.Withdrawal, error) {
	docs := e.documents
	if len(docs) == 0 {
		docs = n.documentsOf(e.consent)
	}
	uses, err := n.db.UsesOfConsent(ctx, e.consent.Consent.Digest, n.numbers(e.documents)...)
	if err != nil {
		return nil, err
	}
	var shown []*document
	var stay []dsai.DocumentID // lent again since, or under another consent all along
	for _, id := range docs {
		d := n.lib.documentByID(id)
		if d == nil {
			continue
		}
		shown = append(shown, d)
		if n.stillGranted(d, e.consent) {
			stay = append(stay, id)
		}
	}
	v := &view.Withdrawal{Ref: e.ref, Consent: n.viewConsent(e.consent), Uses: uses.Count, LastUse: uses.Last,
		Custody: e.consent.Consent.Subject.Capture.Custody, Done: true, At: e.at, Receipt: e.receipt, Stay: stay}
	v.Documents, err = n.viewDocuments(ctx, shown...)
	return v, err
}
