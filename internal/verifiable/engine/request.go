// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/token"
)

// A Request asks a model to go on from a prompt.
type Request struct {
	Prompt   []token.ID // all of it, with Begin where the model wants it
	Sampling infer.Sampling
	// MaxTokens ends the answer. 0: what is left of the model's context.
	MaxTokens int
	// Stop ends the answer before any of these texts; none of them is emitted. Each token is compared with
	// all of them: how many there may be, and how long, is the caller's to limit.
	Stop []string
	// Logprobs asks for the log-likelihood of each token, and of so many of the likeliest beside it.
	// Negative: of none.
	Logprobs int

	// Partition says who may profit from what the model remembers of this prompt: requests with the
	// same partition, and nobody else. Zero: it is forgotten at once.
	Partition dsai.Digest
	// Consents are what the passages in the prompt are there under, as ids of the caller's choice. Purge
	// takes the same ids.
	Consents []dsai.Digest
	// Wait is how long the request may wait for its turn once the model is loaded. 0: as configured.
	Wait time.Duration
}

// A Piece is a part of an answer: whole characters, and the tokens that are complete with it.
type Piece struct {
	Text     string
	Tokens   int       // may be 0, and 1 or more without Text
	Logprobs []Logprob // one for each of Tokens, if asked for
}

// Logprob is the log-likelihood of a token before temperature and penalties.
type Logprob struct {
	Likelihood
	Top []Likelihood // the likeliest, best first
}

// Likelihood is a token, its bytes as far as they are text, and the natural logarithm of its likelihood.
type Likelihood struct {
	Token   token.ID
	Bytes   []byte
	Logprob float64
}

// Finish says how an answer ended.
type Finish string

// Ways to end.
const (
	Stopped   Finish = "stop"      // the model ended its turn, or a stop text came
	Length    Finish = "length"    // MaxTokens, or the context, was reached
	Cancelled Finish = "cancelled" // the caller went away, or emit failed, or the engine broke
)

// A Result is what came of a request: exactly what left through emit.
type Result struct {
	Text   string
	Finish Finish
	// Output holds each token that left, the one that ended the turn and those of a stop text included.
	Output []token.ID
	// Trace is what a receipt commits to. It is as confidential as prompt and answer.
	Trace infer.Trace

	PromptTokens int
	Reused       int           // of the prompt's tokens, those that were remembered
	Waited       time.Duration // until its turn
	FirstToken   time.Duration // from its turn to its first token
	Took         time.Duration // from its turn to its end
}
