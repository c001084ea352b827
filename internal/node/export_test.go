// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/view"
)

// Proof retrieves and answers once and returns what then proves an answer like
// it: clear, open, issue and append.
func (n *Node) Proof(ctx context.Context, question string) (func() error, error) {
	ask := func() *pipeline.Request {
		r := &pipeline.Request{ID: dsai.Digest(newSalt()), Question: pipeline.Text(question), Requester: n.Console()}
		r.Requester.Pseudonym = n.pseudonym(r.Requester.Subject.Requester, n.clock.now())
		return r
	}
	c, err := gate{n}.Clear(ctx, ask())
	if err != nil {
		return nil, err
	}
	ev, err := retriever{n}.Retrieve(ctx, c)
	if err != nil {
		return nil, err
	}
	plan, err := placer{n}.Place(ctx, ev)
	if err != nil {
		return nil, err
	}
	out, err := runner{n}.Run(ctx, plan, func(pipeline.Piece) error { return nil })
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx) // as Pipeline.Do records
	return func() error {
		r := ask()
		c, err := gate{n}.Clear(ctx, r)
		if err != nil {
			return err
		}
		e, p, o := *ev, *plan, *out
		e.Clearance, p.Evidence, o.Plan = c, &e, &p
		if err := n.recorder.Open(ctx, &p); err != nil {
			return err
		}
		rec, err := n.issuer.Issue(ctx, &o)
		if err != nil {
			return err
		}
		return n.recorder.Append(ctx, rec)
	}, nil
}

// BundleFor and ReceiptsFor are what the API gives to whoever asks there.
func (n *Node) BundleFor(ctx context.Context, who *pipeline.Requester, ref string) ([]byte, error) {
	return door{n}.Bundle(ctx, who, ref, nil)
}

// ReceiptsFor lists receipts as the API does.
func (n *Node) ReceiptsFor(ctx context.Context, who *pipeline.Requester) ([]view.Receipt, error) {
	return door{n}.Receipts(ctx, who, view.Page{})
}
