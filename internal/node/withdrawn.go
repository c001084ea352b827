// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"cmp"
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
	all, err := n.withdrawalReceipts(ctx, e.consent.Consent.Digest)
	if err != nil {
		return err
	}
	for _, w := range all {
		if e.about(w.Subject) {
			e.at, e.receipt = w.Subject.Effective, w.Digest // what everybody can check
			return nil
		}
	}
	return nil
}

// withdrawalReceipts returns the receipts of what was withdrawn of a consent, oldest
// first.
func (n *Node) withdrawalReceipts(ctx context.Context, consent dsai.Digest) ([]vc.Sealed[dsai.WithdrawalReceipt], error) {
	revocations, err := n.db.Revocations(ctx, consent)
	if err != nil {
		return nil, err
	}
	var out []vc.Sealed[dsai.WithdrawalReceipt]
	for _, d := range revocations {
		raw, err := n.withdrawalOf(ctx, d)
		if err != nil {
			return nil, err
		}
		if raw == nil {
			continue
		}
		w, err := vc.Open[dsai.WithdrawalReceipt](json.RawMessage(raw), dsai.TypeWithdrawalReceipt)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	slices.SortStableFunc(out, func(a, b vc.Sealed[dsai.WithdrawalReceipt]) int {
		return cmp.Compare(a.Subject.Effective, b.Subject.Effective)
	})
	return out, nil
}

// WithdrawalMade is one withdrawal of a consent, or of some of its documents.
type WithdrawalMade struct {
	Receipt   dsai.Digest `json:"receipt"` // WithdrawalReceipt credential
	Short     string      `json:"short"`   // "w-5f14"
	At        dsai.Time   `json:"at"`
	Documents []string    `json:"documents"` // short ids of what left the answers
}

func (n *Node) withdrawalsOf(ctx context.Context, consent dsai.Digest) ([]WithdrawalMade, error) {
	all, err := n.withdrawalReceipts(ctx, consent)
	out := []WithdrawalMade{}
	for _, w := range all {
		m := WithdrawalMade{Receipt: w.Digest, Short: shortID("w", w.Digest), At: w.Subject.Effective, Documents: []string{}}
		for _, d := range w.Subject.Documents {
			m.Documents = append(m.Documents, shortID("d", d.Digest))
		}
		out = append(out, m)
	}
	return out, err
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
