// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package pipeline is the one path that a request takes: clear, retrieve,
// place, run, issue, append. Each stage accepts only what the stage before it
// returns, so the order is in the types. It knows no storage, transport or
// engine; node joins the seams. It imports the root vocabulary alone.
package pipeline

import (
	"context"
	"errors"
	"sync"

	"dsai.example/dsai"
)

// Gate clears a request, or refuses it with a *dsai.Refusal.
type Gate interface {
	Clear(ctx context.Context, r *Request) (*Clearance, error)
}

// Retriever finds the passages whose consents permit this use now. It checks
// the clearance's signature. Thin or no evidence is left to the engine to judge.
type Retriever interface {
	Retrieve(ctx context.Context, c *Clearance) (*Evidence, error)
}

// Placer chooses where to run, and says why.
type Placer interface {
	Place(ctx context.Context, e *Evidence) (*Plan, error)
}

// Runner runs a plan. It hands each piece of the answer to emit only while
// every consent that the piece rests on still holds; an error from emit means
// that the client went away. It returns an Output however the stream ended; beside
// an error that is no refusal, one that says "crashed" with what had left.
type Runner interface {
	Run(ctx context.Context, p *Plan, emit func(Piece) error) (*Output, error)
}

// Issuer signs what happened.
type Issuer interface {
	Issue(ctx context.Context, o *Output) (*Receipt, error)
	Refuse(ctx context.Context, r *Request, no *dsai.Refusal) (*Receipt, error)
}

// Log makes work durable. Open returns after the plan is on disk, before any
// byte leaves; whatever was opened and never appended becomes a receipt with
// ended "crashed" at the next start. Append returns after the receipt is on disk,
// with all that its log entry takes; the entry reaches the log soon after.
type Log interface {
	Open(ctx context.Context, p *Plan) error
	Append(ctx context.Context, r *Receipt) error
}

// Pipeline joins the six seams.
type Pipeline struct {
	// Signing is held from the signature of a receipt until it is stored: a
	// receipt names the log that it goes to, which must not close in between.
	Signing sync.Locker

	Gate      Gate
	Retriever Retriever
	Placer    Placer
	Runner    Runner
	Issuer    Issuer
	Log       Log
}

// Do carries one request from clear to append. A refusal is an outcome: it is
// receipted and returned as a *dsai.Refusal beside its receipt. So is any other
// error once the work was opened. The answer has not ended until Do returns:
// callers send their last byte after it.
func (p *Pipeline) Do(ctx context.Context, r *Request, emit func(Piece) error) (*Receipt, error) {
	plan, err := p.plan(ctx, r)
	if err != nil {
		return p.refused(ctx, r, err)
	}
	// From here on the work is recorded even when the client goes away.
	durable := context.WithoutCancel(ctx)
	if err := p.Log.Open(durable, plan); err != nil {
		return nil, err
	}
	out, failure := p.Runner.Run(ctx, plan, emit)
	if _, ok := errors.AsType[*dsai.Refusal](failure); ok {
		return p.refused(ctx, r, failure)
	}
	if failure != nil && out == nil {
		out = &Output{Plan: plan, Ended: dsai.EndedCrashed}
	}
	p.Signing.Lock()
	defer p.Signing.Unlock()
	rec, err := p.Issuer.Issue(durable, out)
	if err != nil {
		return nil, errors.Join(failure, err)
	}
	return rec, errors.Join(failure, p.Log.Append(durable, rec))
}

func (p *Pipeline) plan(ctx context.Context, r *Request) (*Plan, error) {
	c, err := p.Gate.Clear(ctx, r)
	if err != nil {
		return nil, err
	}
	e, err := p.Retriever.Retrieve(ctx, c)
	if err != nil {
		return nil, err
	}
	return p.Placer.Place(ctx, e)
}

func (p *Pipeline) refused(ctx context.Context, r *Request, err error) (*Receipt, error) {
	no, ok := errors.AsType[*dsai.Refusal](err)
	if !ok {
		return nil, err
	}
	durable := context.WithoutCancel(ctx)
	p.Signing.Lock()
	defer p.Signing.Unlock()
	rec, err := p.Issuer.Refuse(durable, r, no)
	if err != nil {
		return nil, err
	}
	if err := p.Log.Append(durable, rec); err != nil {
		return nil, err
	}
	return rec, no
}
