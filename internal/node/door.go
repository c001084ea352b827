// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/internal/view"
	"dsai.example/dsai/verify"
)

// door shows the node to API and pages: the same data as for verbs, as far as
// the requester may see it.
type door struct{ n *Node }

// defaultPage is how many rows a list has when nobody says.
const defaultPage = 50

// page cuts a list that id names the rows of.
func page[T any](rows []T, p view.Page, id func(T) string) []T {
	if p.After != "" {
		// After the last row of that name: one receipt may have several rows.
		at := len(rows)
		for i := len(rows) - 1; i >= 0; i-- {
			if id(rows[i]) == p.After {
				at = i + 1
				break
			}
		}
		rows = rows[at:]
	}
	if p.Limit <= 0 {
		p.Limit = defaultPage
	}
	return rows[:min(p.Limit, len(rows))]
}

func entitled(who *pipeline.Requester) error {
	if !who.Entitled {
		return view.ErrUnauthorized
	}
	return nil
}

// Documents implements api.Library and ui.Library.
func (d door) Documents(ctx context.Context, who *pipeline.Requester, p view.Page) ([]view.Document, error) {
	if err := entitled(who); err != nil {
		return nil, err
	}
	rows, err := d.n.Documents(ctx)
	return page(rows, p, func(r view.Document) string { return r.ID.String() }), err
}

// Document implements ui.Library.
func (d door) Document(ctx context.Context, who *pipeline.Requester, ref string) (*view.Document, error) {
	if err := entitled(who); err != nil {
		return nil, err
	}
	doc, err := d.n.oneDocument(ref)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", view.ErrNotFound, err)
	}
	v, err := d.n.viewDocument(ctx, doc)
	return &v, err
}

// Consents implements api.Library.
func (d door) Consents(ctx context.Context, who *pipeline.Requester, p view.Page) ([]view.Consent, error) {
	if err := entitled(who); err != nil {
		return nil, err
	}
	rows, err := d.n.Consents(ctx)
	return page(rows, p, func(r view.Consent) string { return r.Digest.String() }), err
}

// Uses implements api.Library and ui.Library.
func (d door) Uses(ctx context.Context, who *pipeline.Requester, f view.UseFilter, p view.Page) ([]view.Use, error) {
	if err := entitled(who); err != nil {
		return nil, err
	}
	ids := d.n.FindDocuments(f.Document)
	if len(ids) == 0 && f.Document != "" {
		return nil, fmt.Errorf("document %.80q: %w", f.Document, view.ErrNotFound)
	}
	rows, err := d.n.Uses(ctx, ids, f.Since)
	return page(rows, p, func(r view.Use) string { return r.Receipt.String() }), err
}

// Models implements api.Library.
func (d door) Models(ctx context.Context) ([]view.Model, error) { return d.n.Models(ctx) }

// Status implements api.Library.
func (d door) Status(ctx context.Context) (*view.Status, error) { return d.n.Status(ctx) }

// Receipts implements api.Receipts and ui.Receipts.
func (d door) Receipts(ctx context.Context, who *pipeline.Requester, p view.Page) ([]view.Receipt, error) {
	if p.Limit <= 0 {
		p.Limit = defaultPage
	}
	return d.n.Receipts(ctx, who, p)
}

// Bundle implements api.Receipts and ui.Receipts. Requesters get their own
// receipts; what a refusal's detail says is for those entitled to it.
func (d door) Bundle(ctx context.Context, who *pipeline.Requester, ref string, redact []string) ([]byte, error) {
	r, err := d.find(ctx, who, ref)
	if err != nil {
		return nil, err
	}
	if !who.Entitled {
		// What a requester was not shown stays here: passages beyond the quotes
		// (they may be withdrawn by now, or limited), why others were left out, and
		// in how many passages a word stands, which the trace tells too.
		redact = append(redact, "detail", "excluded", "passages", "terms", "trace")
	}
	return d.n.Bundle(ctx, r.Digest, redact...)
}

func (d door) find(ctx context.Context, who *pipeline.Requester, ref string) (store.Receipt, error) {
	if ref == "last" && !who.Entitled {
		rs, err := d.n.db.ReceiptsOf(ctx, who.Subject.Requester, store.Newest, 1)
		if err != nil || len(rs) == 0 {
			return store.Receipt{}, errors.Join(view.ErrNotFound, err)
		}
		return rs[0], nil
	}
	r, err := d.n.FindReceipt(ctx, ref)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrAmbiguous) {
		return r, fmt.Errorf("receipt %.80q: %w", ref, view.ErrNotFound)
	}
	if err == nil && !who.Entitled && r.Requester != who.Subject.Requester {
		return r, fmt.Errorf("receipt %.80q: %w", ref, view.ErrNotFound)
	}
	return r, err
}

// Verify implements ui.Receipts: with this node's own trust, and a replay.
func (d door) Verify(ctx context.Context, who *pipeline.Requester, ref string) (*verify.Result, error) {
	raw, err := d.Bundle(ctx, who, ref, nil)
	if err != nil {
		return nil, err
	}
	return verify.Bundle(raw, verify.Options{Trust: d.n.Trust(), Replayer: Replayer{}})
}

// SubmitConsent implements api.Credentials: a consent, or an addition to the
// collection of one.
func (d door) SubmitConsent(ctx context.Context, raw []byte) (dsai.Digest, error) {
	s, err := openSaid(raw, nil)
	if errors.Is(err, vc.ErrType) {
		s, err = openSaid(nil, []json.RawMessage{raw})
	}
	var g *grant
	if err == nil {
		g, err = d.n.handIn(ctx, s)
	}
	if err != nil {
		return dsai.Digest{}, invalid(err)
	}
	return g.Consent.Digest, nil
}

// SubmitRevocation implements api.Credentials.
func (d door) SubmitRevocation(ctx context.Context, raw []byte, admit func(dsai.MemberID) error) ([]byte, error) {
	w, err := d.n.acceptRevocation(ctx, raw, admit)
	return w, invalid(err)
}

// invalid marks what the submitter can mend; what is ours stays an internal error.
func invalid(err error) error {
	for _, theirs := range []error{dsai.ErrSyntax, vc.ErrContext, vc.ErrType, vc.ErrID, vc.ErrTime, vc.ErrProof, ErrNotMember, errNotOurs,
		consent.ErrConsent, consent.ErrAttenuation, store.ErrNotFound} {
		if errors.Is(err, theirs) {
			return fmt.Errorf("%w: %w", view.ErrInvalid, err)
		}
	}
	return err
}

// Preview implements ui.Library.
func (d door) Preview(ctx context.Context, who *pipeline.Requester, ref string) (*view.Withdrawal, error) {
	if err := entitled(who); err != nil {
		return nil, err
	}
	w, err := d.n.PreviewWithdrawal(ctx, ref)
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%w: %w", view.ErrNotFound, err)
	}
	return w, err
}

// Withdraw implements ui.Library.
func (d door) Withdraw(ctx context.Context, who *pipeline.Requester, ref string) (*view.Withdrawal, error) {
	v, err := d.Preview(ctx, who, ref)
	if err != nil || v.Done {
		return v, err
	}
	// A document may stand under several consents: all of them go.
	var raw []byte
	for {
		seen := d.n.lib.asItIs()
		c, docs, err := d.n.FindConsent(ref)
		if errors.Is(err, store.ErrNotFound) && raw != nil {
			break
		}
		if err != nil {
			return nil, err
		}
		if raw, err = d.n.withdraw(ctx, withdrawal{c, docs, "", seen}); err != nil {
			return nil, err
		}
		if len(d.n.FindDocuments(ref)) == 0 {
			break // ref names a consent, and no document
		}
	}
	w, err := vc.Open[dsai.WithdrawalReceipt](json.RawMessage(raw), dsai.TypeWithdrawalReceipt)
	if err != nil {
		return nil, err
	}
	v.Done, v.At, v.Receipt, v.Stay = true, w.Subject.Effective, w.Digest, w.Subject.Stay
	return v, nil
}
