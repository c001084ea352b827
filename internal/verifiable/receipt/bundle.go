// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package receipt

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/merkle"
	"dsai.example/dsai/internal/verifiable/vc"
)

// Source is what a bundle is assembled from. Methods that look for something
// which must be there return an error without it.
type Source interface {
	// Raw returns an artifact by its digest.
	Raw(ctx context.Context, d dsai.Digest) ([]byte, error)
	// Proof returns the C2SP tlog-proof of an artifact's leaf and the leaf's
	// salt. The proof is nil while the leaf waits.
	Proof(ctx context.Context, d dsai.Digest) (proof []byte, salt dsai.Salt, err error)
	// Charter and Node return the co-op's charter and this node's inception.
	Charter() []byte
	Node() []byte
	// KeyEvents returns the key events of a member or node, in order.
	KeyEvents(ctx context.Context, of dsai.Digest) ([][]byte, error)
	// Member returns a member's inception.
	Member(ctx context.Context, id dsai.MemberID) ([]byte, error)
	// PolicyDocument returns a policy document as JCS.
	PolicyDocument(ctx context.Context, d dsai.Digest) ([]byte, error)
	// Passages returns the commitments of a derivation in span order, and the
	// openings of those that can still be opened (nil where they cannot).
	Passages(ctx context.Context, version dsai.Digest) ([]PassageSource, error)
	// Revocations returns the Revocations of a consent, without those that are
	// dated before a use and that the node had only after it.
	Revocations(ctx context.Context, consent dsai.Digest, used dsai.Time) ([][]byte, error)
	// Terms returns the document frequencies of the words of a question, proven
	// under the Statistics of a receipt.
	Terms(ctx context.Context, statistics dsai.Digest, question string) ([]dsai.TermProof, error)
}

// PassageSource is one passage of a derivation.
type PassageSource struct {
	Commitment dsai.Digest
	Open       *dsai.PassageOpening // N is filled in by Assemble
}

// Assemble gathers everything that shows an outcome: raw is its receipt and
// openings what its commitments hide.
func Assemble(ctx context.Context, s Source, raw []byte, openings dsai.Openings) (*dsai.Bundle, error) {
	a := assembly{ctx: ctx, s: s, seen: map[dsai.Digest]bool{}, b: dsai.Bundle{
		Format: dsai.BundleFormat, Receipt: raw, Charter: s.Charter(), Node: s.Node(), Openings: &openings,
	}}
	var err error
	if r, e := vc.Open[dsai.InferenceReceipt](raw, dsai.TypeInferenceReceipt); e == nil {
		err = a.inference(r)
	} else if r, e := vc.Open[dsai.RefusalReceipt](raw, dsai.TypeRefusalReceipt); e == nil {
		err = a.refusal(r)
	} else {
		err = e
	}
	if err != nil {
		return nil, fmt.Errorf("assemble bundle: %w", err)
	}
	return a.finish()
}

// assembly collects one bundle. seen keeps each artifact single.
type assembly struct {
	ctx     context.Context
	s       Source
	b       dsai.Bundle
	seen    map[dsai.Digest]bool
	members []dsai.MemberID
	started dsai.Time
}

func (a *assembly) inference(r vc.Sealed[dsai.InferenceReceipt]) error {
	sub := r.Subject
	a.started = sub.Started
	if err := a.common(r.Digest, sub.Undertaking, sub.Policy, sub.Adoption, dsai.Digest(sub.Node.Digest)); err != nil {
		return err
	}
	for i, u := range sub.Used {
		if err := a.use(i, u); err != nil {
			return fmt.Errorf("passage %d: %w", i+1, err)
		}
	}
	if sub.Statistics.IsZero() {
		return nil
	}
	st, err := a.s.Raw(a.ctx, sub.Statistics)
	if err != nil {
		return err
	}
	a.b.Statistics = st
	if p := a.b.Openings.Prompt; p != nil {
		a.b.Openings.Terms, err = a.s.Terms(a.ctx, sub.Statistics, p.Text)
	}
	return err
}

func (a *assembly) refusal(r vc.Sealed[dsai.RefusalReceipt]) error {
	sub := r.Subject
	return a.common(r.Digest, sub.Undertaking, sub.Policy, sub.Adoption, dsai.Digest(sub.Node.Digest))
}

// common gathers what every outcome needs.
func (a *assembly) common(receipt, undertaking, policy, adoption, node dsai.Digest) error {
	proof, salt, err := a.s.Proof(a.ctx, receipt)
	if err != nil {
		return err
	}
	a.b.Proof, a.b.Salt = string(proof), salt
	if a.b.Policy, err = a.s.PolicyDocument(a.ctx, policy); err != nil {
		return err
	}
	if err := a.add(&a.b.Adoptions, adoption); err != nil {
		return err
	}
	if a.b.Undertaking, err = a.s.Raw(a.ctx, undertaking); err != nil {
		return err
	}
	u, err := vc.Open[dsai.Undertaking](a.b.Undertaking, dsai.TypeUndertaking)
	if err != nil {
		return err
	}
	c, err := vc.Open[dsai.Charter](a.b.Charter, dsai.TypeCharter)
	if err != nil {
		return err
	}
	if err := a.keyEvents(node); err != nil {
		return err
	}
	if err := a.member(c.Subject.Founder); err != nil {
		return err
	}
	return a.member(u.Subject.Member)
}

// use gathers what shows that one passage was there and permitted.
func (a *assembly) use(i int, u dsai.Use) error {
	if err := a.add(&a.b.Derivations, u.Derivation); err != nil {
		return err
	}
	if err := a.add(&a.b.StatusLists, u.Status); err != nil {
		return err
	}
	if u.Addition != nil {
		if err := a.add(&a.b.Additions, *u.Addition); err != nil {
			return err
		}
	}
	if err := a.consent(u.Consent); err != nil {
		return err
	}
	ps, err := a.s.Passages(a.ctx, u.Version)
	if err != nil {
		return err
	}
	if u.Passage >= len(ps) {
		// The document was forgotten: its hashes are gone with its text.
		a.b.Passages = append(a.b.Passages, dsai.PassageProof{Hashes: []dsai.Digest{}})
		return nil
	}
	leaves := make([][]byte, len(ps))
	for n, p := range ps {
		leaves[n] = dsai.PassageLeaf(u.Document, n, p.Commitment)
	}
	t, err := merkle.New(leaves)
	if err != nil {
		return err
	}
	h, err := t.Prove(u.Passage)
	if err != nil {
		return err
	}
	a.b.Passages = append(a.b.Passages, dsai.PassageProof{Hashes: h})
	if o := ps[u.Passage].Open; o != nil {
		open := *o
		open.N = i + 1
		a.b.Openings.Passages = append(a.b.Openings.Passages, open)
	}
	return nil
}

func (a *assembly) consent(d dsai.Digest) error {
	if a.seen[d] {
		return nil
	}
	if err := a.add(&a.b.Consents, d); err != nil {
		return err
	}
	raw := a.b.Consents[len(a.b.Consents)-1]
	c, err := vc.Open[dsai.ConsentBundle](raw, dsai.TypeConsentBundle)
	if err != nil {
		return err
	}
	for _, l := range c.Subject.Delegation {
		if err := a.add(&a.b.Delegations, l); err != nil {
			return err
		}
	}
	rs, err := a.s.Revocations(a.ctx, d, a.started)
	if err != nil {
		return err
	}
	for _, r := range rs {
		a.b.Revocations = append(a.b.Revocations, r)
	}
	return a.member(c.Subject.Member)
}

func (a *assembly) member(id dsai.MemberID) error {
	if slices.Contains(a.members, id) {
		return nil
	}
	a.members = append(a.members, id)
	raw, err := a.s.Member(a.ctx, id)
	if err != nil {
		return fmt.Errorf("member %s: %w", id, err)
	}
	a.b.Members = append(a.b.Members, raw)
	return a.keyEvents(id.Digest)
}

func (a *assembly) keyEvents(of dsai.Digest) error {
	es, err := a.s.KeyEvents(a.ctx, of)
	for _, e := range es {
		a.b.KeyEvents = append(a.b.KeyEvents, e)
	}
	return err
}

// add appends the artifact with digest d to list, once.
func (a *assembly) add(list *[]json.RawMessage, d dsai.Digest) error {
	if a.seen[d] {
		return nil
	}
	a.seen[d] = true
	raw, err := a.s.Raw(a.ctx, d)
	if err == nil {
		*list = append(*list, raw)
	}
	return err
}

// finish puts every list in the bundle's one order: by credential digest.
func (a *assembly) finish() (*dsai.Bundle, error) {
	for _, l := range []*[]json.RawMessage{
		&a.b.Members, &a.b.KeyEvents, &a.b.Adoptions, &a.b.Consents, &a.b.Delegations,
		&a.b.Additions, &a.b.Revocations, &a.b.StatusLists, &a.b.Derivations,
	} {
		if *l == nil {
			*l = []json.RawMessage{}
		}
		if err := sortByID(*l); err != nil {
			return nil, err
		}
	}
	if a.b.Passages == nil {
		a.b.Passages = []dsai.PassageProof{}
	}
	return &a.b, nil
}

func sortByID(list []json.RawMessage) error {
	ids := make(map[*byte]string, len(list))
	for _, raw := range list {
		var c struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(raw, &c); err != nil {
			return err
		}
		ids[&raw[0]] = c.ID
	}
	slices.SortFunc(list, func(x, y json.RawMessage) int {
		return cmp.Or(cmp.Compare(ids[&x[0]], ids[&y[0]]), bytes.Compare(x, y))
	})
	return nil
}
