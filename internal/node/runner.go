// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
)

// placer implements pipeline.Placer for a node on its own: everything runs
// here. The mesh replaces it.
type placer struct{ n *Node }

// Place implements pipeline.Placer.
func (p placer) Place(_ context.Context, e *pipeline.Evidence) (*pipeline.Plan, error) {
	eng, err := p.n.engineFor(e.Clearance.Request)
	if err != nil {
		return nil, err
	}
	return &pipeline.Plan{Evidence: e, Engine: eng, Reasons: []string{"this node is alone"}, Started: p.n.clock.now()}, nil
}

// runner implements pipeline.Runner: it lets nothing out that rests on a
// consent which no longer holds.
type runner struct{ n *Node }

var errClient = errors.New("client went away")

// Run implements pipeline.Runner.
func (r runner) Run(ctx context.Context, p *pipeline.Plan, emit func(pipeline.Piece) error) (*pipeline.Output, error) {
	e := p.Evidence
	if err := r.n.checkClearance(e.Clearance); err != nil {
		return nil, err
	}
	uses := make([]dsai.Use, len(e.Passages))
	for i, p := range e.Passages {
		uses[i] = p.Use
	}
	ctx, g, done := r.n.lib.watch(ctx, uses)
	defer done()
	if errors.Is(context.Cause(ctx), errRevoked) { // since the passages were found; the engine has not seen them
		return nil, &dsai.Refusal{Code: dsai.CodeConsentRevoked, Reason: "a consent was withdrawn before the answer began",
			Rule: e.Clearance.Subject.Rule, Considered: considered(e)}
	}

	var sent []byte
	var quotes []dsai.Quote
	m := &marks{class: p.Engine.Model().Class}
	out, err := p.Engine.Answer(ctx, e, func(piece pipeline.Piece) error {
		// A revocation is acknowledged after the last send has ended, so nothing
		// leaves after that.
		return g.send(ctx, func() error {
			if err := emit(m.shown(piece)); err != nil {
				return errors.Join(errClient, err)
			}
			sent = append(sent, piece.Text...)
			if piece.Quote != nil {
				quotes = append(quotes, *piece.Quote)
			}
			return nil
		})
	})
	if no, ok := errors.AsType[*dsai.Refusal](err); ok {
		no.Considered = considered(e)
	}
	cause := context.Cause(ctx)
	switch {
	case errors.Is(err, errRevoked) || errors.Is(cause, errRevoked):
		return r.cut(p, out, sent, quotes, dsai.EndedRevoked), nil
	case err != nil && (errors.Is(err, errClient) || errors.Is(err, context.Canceled) || cause != nil):
		return r.cut(p, out, sent, quotes, dsai.EndedCancelled), nil
	case err != nil:
		how := dsai.EndedCrashed
		if notRun(err) {
			how = dsai.EndedDegraded
		}
		return r.cut(p, out, sent, quotes, how), err
	}
	out.Plan = p
	return out, nil
}

// notRun reports whether an engine ran nothing: nothing broke, and nothing was made.
func notRun(err error) bool {
	_, busy := errors.AsType[*pipeline.BusyError](err)
	return busy || errors.Is(err, pipeline.ErrMemory) || errors.Is(err, pipeline.ErrNoModel) || errors.Is(err, pipeline.ErrRequest)
}

// cut is the output of an answer that did not come to its own end: what left
// the node, and no more.
func (r runner) cut(p *pipeline.Plan, out *pipeline.Output, sent []byte, quotes []dsai.Quote, how dsai.Ended) *pipeline.Output {
	if out == nil {
		out = &pipeline.Output{}
	}
	cut := *out
	cut.Plan, cut.Text, cut.Quotes, cut.Ended = p, pipeline.Text(sent), quotes, how
	return &cut
}
