// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"dsai.example/dsai"
)

// Text is a prompt, a passage or an answer. It never reaches a log: its log
// value is its length.
type Text string

// LogValue implements slog.LogValuer.
func (t Text) LogValue() slog.Value { return slog.IntValue(len(t)) }

// Request is one question.
type Request struct {
	ID        dsai.Digest // random; the client sees it as Dsai-Request
	Question  Text
	Purpose   string // IRI; "" = the undertaking's default
	Requester Requester
	Model     string // model id; "" = the node's default
	Passages  int    // most passages to use; 0 = the node's default
	Search    bool   // passages only, no engine beyond ranking
	Sampling  Sampling
	Received  dsai.Time

	// Set by the gate: the policy that judged the request, and the adoption that
	// put it in force. A refusal names it too, though another was adopted since.
	Policy, Adopted dsai.Digest
}

// Requester is who asks, as the undertaking behind the key says.
type Requester struct {
	Raw       []byte // the signed Undertaking
	Digest    dsai.Digest
	Subject   dsai.Undertaking
	From      dsai.Time
	Until     dsai.Time
	Pseudonym dsai.Digest
	// Entitled requesters learn why they were refused: the operator at the
	// node's own socket, and members asking about their own data.
	Entitled bool
}

// Sampling carries the OpenAI sampling fields. Engines that do not sample
// ignore them and say so.
type Sampling struct {
	Temperature *float64
	TopP        *float64
	Seed        *int64
	Stop        []string
	MaxTokens   int // 0 = engine default
	TopK        *int
	MinP        *float64
	Presence    *float64
	Frequency   *float64
	Logprobs    int // 0 = none, else one more than the likeliest asked for
}

// Set names the sampling fields that a request set, sorted, as OpenAI names them.
func (s Sampling) Set() []string {
	var out []string
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"frequency_penalty", s.Frequency != nil}, {"logprobs", s.Logprobs > 0}, {"max_tokens", s.MaxTokens != 0},
		{"min_p", s.MinP != nil}, {"presence_penalty", s.Presence != nil}, {"seed", s.Seed != nil}, {"stop", len(s.Stop) > 0},
		{"temperature", s.Temperature != nil}, {"top_k", s.TopK != nil}, {"top_p", s.TopP != nil},
	} {
		if f.set {
			out = append(out, f.name)
		}
	}
	return out
}

// Clearance is a request that may go on.
type Clearance struct {
	Request *Request
	Raw     []byte // the signed dsai.Clearance credential
	Subject dsai.Clearance
	Until   dsai.Time
	Policy  dsai.Digest // policy document in force
	Adopted dsai.Digest // PolicyAdoption that put it in force
	Model   dsai.ModelRef
	// Operations are what is done with the passages: consents must grant all of
	// them, and the receipt names them.
	Operations []dsai.Operation
}

// Evidence is a clearance with the passages that may be used for it.
type Evidence struct {
	Clearance  *Clearance
	Passages   []Passage // ranked, best first
	Terms      []Term    // of the question, as ranked
	Excluded   dsai.Excluded
	Withheld   []dsai.DocumentID // that the question came to as well, and that may not be used
	Statistics dsai.Digest       // Statistics credential
	Ranking    Ranking           // what that credential pins
	Generation uint64            // of the consents consulted; see Runner
}

// Ranking is pinned statistics. Evidence carries those that ranked its passages,
// because others may be pinned before an engine ranks what is in them.
type Ranking interface {
	Statistics() dsai.Statistics
	DF(field, term string) int // passages of a field that hold a term
}

// Passage is one permitted passage with its text.
type Passage struct {
	Use         dsai.Use
	Salt        dsai.Salt
	Body        dsai.PassageBody
	Score       int64
	Contributor dsai.MemberID
	Name        string // contributor's display name
	QuoteMax    int    // code points of its document that this answer may quote; -1 = no limit
}

// Term is one query term as ranked.
type Term struct {
	Field string
	Term  string
	Typed string // as the user typed it
	DF    int
	IDF   int64
}

// Plan says which engine answers, where and why.
type Plan struct {
	Evidence *Evidence
	Engine   Engine
	Reasons  []string
	Started  dsai.Time
}

// Engine turns a question and permitted passages into an answer. Answer calls
// emit in order from one goroutine and stops at its first error. When the
// passages do not answer the question it returns a *dsai.Refusal with
// dsai.CodeNoEvidence before the first emit.
type Engine interface {
	Model() dsai.ModelRef
	Assurance() dsai.Assurance
	Answer(ctx context.Context, e *Evidence, emit func(Piece) error) (*Output, error)
}

// Piece is a piece of an answer on its way to the client.
type Piece struct {
	Text  string
	Quote *dsai.Quote // set when the piece is or ends a cited span
	// Logprobs are those of the tokens that the engine made since the piece before,
	// when the request asks for them: their text, not the piece's.
	Logprobs []Logprob
}

// Logprob is a token with the natural logarithm of its likelihood.
type Logprob struct {
	Token   []byte
	Logprob float64
	Top     []Logprob // the likeliest in its place, best first
}

// A BusyError says that an engine takes no more work now. Nothing was run.
type BusyError struct {
	RetryAfter time.Duration // at least a second
	Cause      error
}

func (e *BusyError) Error() string { return e.Cause.Error() }

// Unwrap implements the interface of package errors.
func (e *BusyError) Unwrap() error { return e.Cause }

// ErrMemory says that a model, or a request to it, needs more memory than an engine may ever have. Nothing
// was run.
var ErrMemory = errors.New("not enough memory")

// ErrNoModel says that there is no such model, or not any more. Nothing was run.
var ErrNoModel = errors.New("no such model")

// ErrRequest says that an engine cannot run the request as it is. Nothing was run.
var ErrRequest = errors.New("the model does not take the request")

// Output is what came of a plan.
type Output struct {
	Plan     *Plan
	Text     Text
	Quotes   []dsai.Quote // N counts Evidence.Passages from 1
	Trace    []byte       // canonical JSON of the engine's decisions
	Tokens   dsai.Tokens
	Seed     string
	Sampling string   // "none", or parameters in canonical text
	NoEffect []string // sampling fields that the engine ignored
	Ended    dsai.Ended
}

// Receipt is a signed outcome on its way to the log, and back to the caller.
type Receipt struct {
	Request  *Request
	Output   *Output // nil for a refusal
	Refusal  *dsai.Refusal
	Raw      []byte // the signed InferenceReceipt or RefusalReceipt
	Digest   dsai.Digest
	Body     dsai.Digest // digest of the whole credential, for the leaf
	Kind     dsai.LeafKind
	Salt     dsai.Salt
	Openings dsai.Openings // all of them; redaction removes some later
}
