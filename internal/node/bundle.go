// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/rank"
	"dsai.example/dsai/internal/verifiable/receipt"
	"dsai.example/dsai/internal/verifiable/retrieve"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/verify"
)

// Bundle assembles the bundle of a receipt, waiting for its place in the log if
// need be, and leaves out the openings named.
func (n *Node) Bundle(ctx context.Context, d dsai.Digest, redact ...string) ([]byte, error) {
	row, err := n.db.Receipt(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("receipt %s: %w", d, err)
	}
	raw, err := n.db.Raw(ctx, d)
	if err != nil {
		return nil, err
	}
	wait, cancel := context.WithTimeout(ctx, waitLog)
	defer cancel()
	if err := n.settle(wait, d); err != nil {
		return nil, fmt.Errorf("wait for receipt %s in the log: %w", d, err)
	}
	var openings dsai.Openings
	if row.Openings != nil {
		if err := json.Unmarshal(row.Openings, &openings); err != nil {
			return nil, fmt.Errorf("read openings: %w", err)
		}
	}
	b, err := receipt.Assemble(ctx, source{n}, raw, openings)
	if err != nil {
		return nil, err
	}
	out, err := vc.Canonical(b)
	if err != nil || len(redact) == 0 {
		return out, err
	}
	return verify.Redact(out, redact...)
}

// source implements receipt.Source on the store and the log.
type source struct{ n *Node }

func (s source) Charter() []byte { return s.n.charter.Raw }
func (s source) Node() []byte    { return s.n.self.Raw }

func (s source) Raw(ctx context.Context, d dsai.Digest) ([]byte, error) { return s.n.db.Raw(ctx, d) }

func (s source) Proof(ctx context.Context, d dsai.Digest) ([]byte, dsai.Salt, error) {
	salt, err := s.n.db.Salt(ctx, d)
	if err != nil {
		return nil, salt, err
	}
	p, err := s.n.prove(ctx, d)
	return p, salt, err
}

func (s source) KeyEvents(ctx context.Context, of dsai.Digest) ([][]byte, error) {
	events, err := openType[dsai.KeyEvent](ctx, s.n.db, dsai.TypeKeyEvent)
	var out [][]byte
	for _, e := range events {
		if e.Subject.Of == of {
			out = append(out, e.Raw)
		}
	}
	return out, err
}

func (s source) Member(_ context.Context, id dsai.MemberID) ([]byte, error) {
	m := s.n.lib.member(id)
	if m == nil {
		return nil, store.ErrNotFound
	}
	return m.inc.Raw, nil
}

func (s source) PolicyDocument(ctx context.Context, d dsai.Digest) ([]byte, error) {
	return s.n.db.Meta(ctx, policyKey(d))
}

func (s source) Passages(ctx context.Context, version dsai.Digest) ([]receipt.PassageSource, error) {
	rows, err := s.n.db.PassagesOf(ctx, version)
	if err != nil {
		return nil, err
	}
	out := make([]receipt.PassageSource, len(rows))
	for i, r := range rows {
		out[i].Commitment = r.Commitment
		d := s.n.lib.document(r.Document)
		if r.Body == nil || d == nil || d.Secret == nil {
			continue
		}
		o := dsai.PassageOpening{Salt: passageSalt(d.Secret, version, r.Index)}
		if err := json.Unmarshal(r.Body, &o.Body); err != nil {
			return nil, err
		}
		out[i].Open = &o
	}
	return out, nil
}

func (s source) Revocations(ctx context.Context, consent dsai.Digest, used dsai.Time) ([][]byte, error) {
	ds, err := s.n.db.Revocations(ctx, consent)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for _, d := range ds {
		raw, err := s.n.db.Raw(ctx, d)
		if err != nil {
			return nil, err
		}
		known, err := s.n.acknowledged(ctx, d)
		if err != nil {
			return nil, err
		}
		r, err := vc.Open[dsai.Revocation](raw, dsai.TypeRevocation)
		if err != nil {
			return nil, err
		}
		// Its date is its signer's claim, and would make this use look like misuse.
		if r.Subject.Effective <= used && used < known {
			continue
		}
		out = append(out, raw)
	}
	return out, nil
}

// acknowledged is when a revocation took effect here.
func (n *Node) acknowledged(ctx context.Context, revocation dsai.Digest) (dsai.Time, error) {
	raw, err := n.withdrawalOf(ctx, revocation)
	if err != nil || raw == nil {
		return 0, err
	}
	w, err := vc.Open[dsai.WithdrawalReceipt](raw, dsai.TypeWithdrawalReceipt)
	return w.Subject.Effective, err
}

// Terms proves the document frequencies of a question. Statistics that were
// lost, or went with a document, leave the receipt without them.
func (s source) Terms(ctx context.Context, statistics dsai.Digest, question string) ([]dsai.TermProof, error) {
	raw, err := s.n.db.Raw(ctx, statistics)
	if err != nil {
		return nil, err
	}
	st, err := vc.Open[dsai.Statistics](raw, dsai.TypeStatistics)
	if err != nil {
		return nil, err
	}
	e, err := s.n.pins.files.Open(st.Subject.Root)
	if errors.Is(err, retrieve.ErrNoEpoch) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return e.Proofs(rank.Parse(retrieve.Lexicon{}, question))
}
