// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package api is a node's HTTP door: the OpenAI-compatible endpoints, dsai's own
// under /dsai/v1, and the handlers it is handed for the log, the pages and the
// metrics. It authenticates, limits and translates. Those who implement its
// interfaces return the errors of package view.
//
// It never decides whether data may be used (the pipeline's gate does), never
// signs, never stores, and never logs a question, an answer or a secret. A
// session cookie of the pages is no API key, and an API key signs no consent:
// consents and revocations arrive signed by their members. Only node imports it.
package api

import (
	"context"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/view"
)

// Asker carries one question down the request path. A refusal is returned as a
// *dsai.Refusal beside its receipt. An error from emit ends the answer as
// cancelled. Ask returns when the receipt is durable: the last byte of an
// answer is sent after it. It is called from many goroutines.
type Asker interface {
	Ask(ctx context.Context, r *pipeline.Request, emit func(pipeline.Piece) error) (*pipeline.Receipt, error)
}

// Keys turns the secret of an API key into who asks and how much it may ask
// for, or returns view.ErrUnauthorized. Secrets are hashed at rest. It is called
// once for each request, so it must be fast.
type Keys interface {
	Authenticate(ctx context.Context, secret string) (*pipeline.Requester, Limits, error)
}

// Library lists what the node holds, as far as who may see it. Only Entitled
// requesters get as far as its lists, which are newest first; anybody may ask
// for the models.
type Library interface {
	Documents(ctx context.Context, who *pipeline.Requester, p view.Page) ([]view.Document, error)
	Consents(ctx context.Context, who *pipeline.Requester, p view.Page) ([]view.Consent, error)
	Uses(ctx context.Context, who *pipeline.Requester, f view.UseFilter, p view.Page) ([]view.Use, error)
	Models(ctx context.Context) ([]view.Model, error)
	Status(ctx context.Context) (*view.Status, error)
}

// Receipts gives out receipts to those they concern, else view.ErrNotFound. A ref
// is a digest, a unique prefix or short id of one, or "last". Redact holds names
// of verify.Redactions: the openings to leave out. Bundle returns the JSON of a
// dsai.Bundle.
type Receipts interface {
	Receipts(ctx context.Context, who *pipeline.Requester, p view.Page) ([]view.Receipt, error)
	Bundle(ctx context.Context, who *pipeline.Requester, ref string, redact []string) ([]byte, error)
}

// Credentials accepts what members signed on their own machines; the signature
// in the credential alone gives the right. A submission is durable when it
// returns, and submitting the same credential again returns the same outcome. A
// credential that does not hold is view.ErrInvalid.
type Credentials interface {
	// SubmitConsent takes a ConsentBundle, or a CollectionAddition to the
	// collection of one, and returns the digest of the consent.
	SubmitConsent(ctx context.Context, raw []byte) (dsai.Digest, error)
	// SubmitRevocation honours a revocation on sight and returns the signed
	// WithdrawalReceipt. When a member is shown to have signed it and it is not
	// honoured yet, it asks admit, whose error it returns, before it does more.
	SubmitRevocation(ctx context.Context, raw []byte, admit func(dsai.MemberID) error) ([]byte, error)
}

// Metrics observes what the API does. Route is a registered pattern and stage a
// fixed name, so label values are few.
type Metrics interface {
	// Request counts one finished request.
	Request(route string, status int, seconds float64)
	// Stage observes one stage of an answer: "queue", "first_piece" or "answer";
	// outcome is "ok", "busy", "refused" or "error".
	Stage(stage, outcome string, seconds float64)
}

// Limits bound what one API key may ask for. Zero fields mean Config.Limits.
type Limits struct {
	RequestsPerMinute int
	Burst             int // requests at once after a quiet minute
	TokensPerMinute   int // completion tokens, in the unit of the engine; charged after each answer
}
