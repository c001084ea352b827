// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package compose answers with a language model that this node runs from a GGUF file: the passages as
// fenced data in the form that the file asks for, the answer read back sentence by sentence. Prompt,
// marks and support check are those of package answer, as for servers; what is new is that anybody
// with the same file can make the answer again, which Replay does.
//
// It never lets a prompt overflow: passages that do not fit are left out, and the receipt names those
// that were used. It loads and serves no model itself; package engine does. Only node imports it.
package compose

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/gowebpki/jcs"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/verifiable/answer"
	"dsai.example/dsai/internal/verifiable/chat"
	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/token"
)

// Version is the Engine of every ModelRef of this package: it changes whenever the same file, question
// and passages would give another prompt or another reading of the answer.
const Version = "infer/1 " + answer.Version

// LeftOut is the reason of passages that did not fit into the model's context.
const LeftOut = "context"

// Config joins a model with how it is asked.
type Config struct {
	ID          string // model id that this node offers
	Fingerprint dsai.Digest
	Model       *engine.Model
	Format      *chat.Format
	NewSeed     func() int64 // for requests that draw by chance and name no seed
}

// Engine is one model. It is safe for concurrent use.
type Engine struct{ cfg Config }

// New returns an engine. It loads nothing.
func New(c Config) *Engine { return &Engine{c} }

// Model implements pipeline.Engine.
func (e *Engine) Model() dsai.ModelRef { return Ref(e.cfg.ID, e.cfg.Fingerprint) }

// Ref is what receipts say of a model file.
func Ref(id string, fingerprint dsai.Digest) dsai.ModelRef {
	return dsai.ModelRef{ID: id, Class: dsai.EngineInfer, Fingerprint: fingerprint, Engine: Version, Profile: infer.Profile}
}

// Assurance implements pipeline.Engine: whoever has the file can make the answer again.
func (e *Engine) Assurance() dsai.Assurance { return dsai.Replayable }

// Answer implements pipeline.Engine. Beside an error the Output holds what had come until then; it is
// nil when nothing was run, as with a *pipeline.BusyError.
func (e *Engine) Answer(ctx context.Context, ev *pipeline.Evidence, emit func(pipeline.Piece) error) (*pipeline.Output, error) {
	if len(ev.Passages) == 0 {
		return nil, &dsai.Refusal{Code: dsai.CodeNoEvidence, Reason: "no passage that may be used for this purpose was found", Detail: dsai.RefusalDetail{Excluded: ev.Excluded}}
	}
	ask := ev.Clearance.Request
	set, seed := e.settings(ask.Sampling)
	prompt, err := e.fit(ctx, ev, &set)
	if err != nil {
		return nil, err
	}
	sampling, err := set.infer(seed)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", pipeline.ErrRequest, err)
	}
	r := engine.Request{
		Prompt: prompt, Sampling: sampling, MaxTokens: set.MaxTokens, Stop: set.Stop, Logprobs: ask.Sampling.Logprobs - 1,
		Partition: ask.Requester.Digest,
	}
	for _, p := range ev.Passages {
		if !slices.Contains(r.Consents, p.Use.Consent) {
			r.Consents = append(r.Consents, p.Use.Consent)
		}
	}
	said, marker := pipeline.NewSentences(ev, emit), answer.NewMarker(bodies(ev))
	res, err := e.generate(ctx, r, func(p engine.Piece) error {
		said.Logprobs = append(said.Logprobs, logprobs(p)...)
		return marker.Write(p.Text, said.Release)
	})
	if res == nil {
		return nil, refused(err)
	}
	if err == nil {
		err = marker.Close(said.Release)
	}
	if err == nil && len(said.Logprobs) > 0 { // of what ended the answer
		err = said.Release("", nil)
	}
	return output(ask, set, seed, res, said), err
}

// generate ends the answer after the piece that take failed on, not before it: some of that piece may
// have been handed on, and what was handed on must follow from the trace.
func (e *Engine) generate(ctx context.Context, r engine.Request, take func(engine.Piece) error) (*engine.Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var failed error
	res, err := e.cfg.Model.Generate(ctx, r, func(p engine.Piece) error {
		if failed == nil {
			if failed = take(p); failed != nil {
				cancel(failed)
			}
			return nil
		}
		return failed
	})
	if err == nil {
		err = failed
	}
	return res, err
}

func bodies(ev *pipeline.Evidence) []dsai.PassageBody {
	out := make([]dsai.PassageBody, len(ev.Passages))
	for i, p := range ev.Passages {
		out[i] = p.Body
	}
	return out
}

// refused translates why nothing was run: a caller may wait it out, must ask for less, or ask another model.
func refused(err error) error {
	if b, ok := errors.AsType[*engine.BusyError](err); ok {
		return &pipeline.BusyError{RetryAfter: b.RetryAfter, Cause: err}
	}
	if _, ok := errors.AsType[*engine.MemoryError](err); ok {
		return fmt.Errorf("%w: %w", pipeline.ErrMemory, err)
	}
	if errors.Is(err, engine.ErrRemoved) {
		return fmt.Errorf("%w: %w", pipeline.ErrNoModel, err)
	}
	if errors.Is(err, engine.ErrRequest) {
		return fmt.Errorf("%w: %w", pipeline.ErrRequest, err)
	}
	return err
}

func output(ask *pipeline.Request, set settings, seed int64, res *engine.Result, said *pipeline.Sentences) *pipeline.Output {
	out := &pipeline.Output{
		Text: pipeline.Text(said.Text()), Quotes: said.Quotes, Trace: res.Trace.JSON(), Ended: dsai.EndedComplete,
		Tokens:   tokens(res.PromptTokens, len(res.Output)),
		Sampling: set.canonical(),
	}
	if set.Temperature == 0 { // the most likely token needs no drawing
		out.NoEffect = slices.DeleteFunc(ask.Sampling.Set(), func(name string) bool { return !slices.Contains(ofDrawing, name) })
	}
	if set.Temperature > 0 || ask.Sampling.Seed != nil {
		out.Seed = strconv.FormatInt(seed, 10)
	}
	if res.Finish == engine.Length {
		out.Ended = dsai.EndedStopped
	}
	return out
}

// ofDrawing are the fields that say how a token is drawn.
var ofDrawing = []string{"min_p", "seed", "top_k", "top_p"}

// tokens counts those of the prompt and those of the answer, what ended it included.
func tokens(prompt, completion int) dsai.Tokens {
	return dsai.Tokens{Prompt: prompt, Completion: completion, Unit: "token"}
}

func logprobs(p engine.Piece) (out []pipeline.Logprob) {
	for _, l := range p.Logprobs {
		one := pipeline.Logprob{Token: l.Bytes, Logprob: l.Logprob}
		for _, t := range l.Top {
			one.Top = append(one.Top, pipeline.Logprob{Token: t.Bytes, Logprob: t.Logprob})
		}
		out = append(out, one)
	}
	return out
}

// most is how many tokens an answer has when the request does not say.
const most = 512

// fit makes the prompt. Passages that do not leave room for the answer go, the last first, and the
// answer gets what is left.
func (e *Engine) fit(ctx context.Context, ev *pipeline.Evidence, set *settings) ([]token.ID, error) {
	room := e.cfg.Model.Context
	want := set.MaxTokens
	if want == 0 {
		want = most
	}
	want = min(want, max(room/4, 1))
	for {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		prompt := Prompt(e.cfg.Format, e.cfg.Model.Vocabulary, string(ev.Clearance.Request.Question), bodies(ev))
		if left := room - len(prompt); left >= want {
			if set.MaxTokens == 0 {
				set.MaxTokens = most
			}
			set.MaxTokens = min(set.MaxTokens, left)
			return prompt, nil
		}
		last := len(ev.Passages) - 1
		if last == 0 {
			return nil, &dsai.Refusal{Code: dsai.CodeNoEvidence, Rule: ev.Clearance.Subject.Rule,
				Reason: "question and passages do not fit into what this model reads at once", Detail: dsai.RefusalDetail{Excluded: ev.Excluded}}
		}
		ev.Passages = ev.Passages[:last:last]
		leaveOut(&ev.Excluded)
	}
}

func leaveOut(x *dsai.Excluded) {
	i, found := slices.BinarySearchFunc(x.Counts, LeftOut, func(c dsai.ExcludedCount, reason string) int {
		switch {
		case c.Reason < reason:
			return -1
		case c.Reason > reason:
			return 1
		}
		return 0
	})
	if found {
		x.Counts[i].Count++
		return
	}
	x.Counts = slices.Insert(slices.Clone(x.Counts), i, dsai.ExcludedCount{Reason: LeftOut, Count: 1})
}

// Prompt returns the tokens with which a question and passages are put to a model.
func Prompt(f *chat.Format, v *token.Vocabulary, question string, passages []dsai.PassageBody) []token.ID {
	system, user := answer.Prompt(question, passages)
	return f.Tokens(v, system, user)
}

// settings are how an answer is drawn: their canonical JSON is what the receipt carries, beside the
// seed.
type settings struct {
	Frequency   float64  `json:"frequency_penalty,omitempty"`
	MaxTokens   int      `json:"max_tokens"`
	MinP        float64  `json:"min_p,omitempty"`
	Presence    float64  `json:"presence_penalty,omitempty"`
	Stop        []string `json:"stop,omitempty"`
	Temperature float64  `json:"temperature"`
	TopK        int      `json:"top_k,omitempty"`
	TopP        float64  `json:"top_p,omitempty"`
}

// settings takes the most likely token each time unless the request says otherwise: answers from
// evidence gain nothing by chance.
func (e *Engine) settings(s pipeline.Sampling) (set settings, seed int64) {
	set = settings{MaxTokens: s.MaxTokens, Stop: s.Stop}
	for _, f := range []struct {
		from *float64
		to   *float64
	}{{s.Frequency, &set.Frequency}, {s.MinP, &set.MinP}, {s.Presence, &set.Presence}, {s.Temperature, &set.Temperature}, {s.TopP, &set.TopP}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if s.TopK != nil {
		set.TopK = *s.TopK
	}
	switch {
	case s.Seed != nil:
		seed = *s.Seed
	case set.Temperature > 0:
		seed = e.cfg.NewSeed()
	}
	return set, seed
}

func (s settings) infer(seed int64) (infer.Sampling, error) {
	out := infer.Sampling{
		Seed: uint64(seed), Temperature: float32(s.Temperature), TopK: s.TopK, TopP: float32(s.TopP), MinP: float32(s.MinP),
		Presence: float32(s.Presence), Frequency: float32(s.Frequency),
	}
	return out, out.Check()
}

// canonical is JSON as RFC 8785 has it. Package vc's is narrower: it takes whole numbers only.
func (s settings) canonical() string {
	b, err := json.Marshal(s)
	if err == nil {
		b, err = jcs.Transform(b)
	}
	if err != nil {
		panic("compose: encode finite numbers and strings: " + err.Error())
	}
	return string(b)
}
