// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/policy"
	"dsai.example/dsai/internal/verifiable/chat"
	"dsai.example/dsai/internal/verifiable/compose"
	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/extract"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/rank"
	"dsai.example/dsai/internal/verifiable/retrieve"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/verify"
)

// Replayer re-executes answers of the engines that this program has. It needs
// no node: everything comes from the bundle, and from the model's file.
type Replayer struct {
	// Models are the paths of model files by their fingerprints.
	Models map[dsai.Digest]string
	// Model is used instead of them, if it has the fingerprint; "" for none.
	Model string
}

// unable is why an answer cannot be made again here. It says nothing about the
// answer.
type unable struct{ error }

// Is implements errors.Is.
func (unable) Is(target error) bool { return target == verify.ErrMissing }

func (u unable) Unwrap() error { return u.error }

// Replay implements verify.Replayer.
func (p Replayer) Replay(r verify.Replay) error {
	m, o := r.Receipt.Model, r.Openings
	var again func(verify.Replay, []dsai.Quote) error
	switch {
	case m.Class == dsai.EngineInfer && m.Engine == compose.Version && m.Profile == infer.Profile:
		again = p.replayModel
	case m.Class == dsai.EngineExtract && (m.Engine == extract.Version || m.Engine == extract.SearchVersion):
		again = replayQuotes
	default:
		return unable{fmt.Errorf("%s was made by engine %.40q with profile %.40q, which this program does not have", m.ID, m.Engine, m.Profile)}
	}
	if o.Prompt == nil || o.Response == nil || o.Quotes == nil || o.Trace == nil || len(o.Passages) != len(r.Receipt.Used) {
		return fmt.Errorf("replay answer: %w", verify.ErrWithheld)
	}
	if !begins(r) {
		return fmt.Errorf("replay answer: it ended %s: %w", r.Receipt.Ended, verify.ErrWithheld)
	}
	if len(r.Receipt.Evidence) > 0 {
		return fmt.Errorf("replay answer: evidence: engine %s gives none, the receipt names %.40q", m.Engine, r.Receipt.Evidence[0].Type)
	}
	quotes, err := vc.DecodeStrict[[]dsai.Quote]([]byte(o.Quotes.Text))
	if err != nil {
		return fmt.Errorf("replay answer: quotes: %w", err)
	}
	return again(r, quotes)
}

// begins reports whether there is something to make again: not when node or engine
// broke, nor when the answer was cut short before it began.
func begins(r verify.Replay) bool {
	switch r.Receipt.Ended {
	case dsai.EndedCrashed, dsai.EndedDegraded:
		return false
	case dsai.EndedCancelled, dsai.EndedRevoked:
		return r.Openings.Response.Text != "" || r.Openings.Trace.Text != ""
	}
	return true
}

// replayModel makes an answer of a model file again.
func (p Replayer) replayModel(r verify.Replay, quotes []dsai.Quote) error {
	c := compose.Claim{
		Question: r.Openings.Prompt.Text, Trace: []byte(r.Openings.Trace.Text), Text: r.Openings.Response.Text, Quotes: quotes,
		Sampling: r.Receipt.Sampling, Seed: r.Receipt.Seed, Tokens: r.Receipt.Tokens, Ended: r.Receipt.Ended,
	}
	for i, passage := range r.Openings.Passages {
		c.Passages = append(c.Passages, passage.Body)
		c.Limits = append(c.Limits, compose.Limit{Document: r.Receipt.Used[i].Document, Most: r.QuoteMax[i]})
	}
	file, err := p.find(r.Receipt.Model.Fingerprint)
	if err != nil {
		return unable{err}
	}
	format, err := chat.For(file.Template, file.Vocabulary)
	if err != nil {
		return unable{errors.Join(err, file.Close())}
	}
	e := newEngine(nil)
	defer e.Close()
	err = compose.Replay(context.Background(), e.Add(file, r.Receipt.Model.Fingerprint), format, c)
	_, diverges := errors.AsType[*infer.Divergence](err)
	if err == nil || diverges || errors.Is(err, compose.ErrDiffers) || errors.Is(err, infer.ErrTrace) {
		return err
	}
	return unable{fmt.Errorf("cannot replay: %w", err)} // such as for want of memory
}

// find opens the model file with a fingerprint. The engine compares it with what
// it loads.
func (p Replayer) find(want dsai.Digest) (*engine.File, error) {
	missing := fmt.Errorf("cannot replay: needs model %s: %w", want, verify.ErrMissing)
	if p.Model == "" {
		if path, ok := p.Models[want]; ok {
			return engine.OpenFile(path)
		}
		return nil, missing
	}
	f, err := engine.OpenFile(p.Model)
	if err != nil {
		return nil, err
	}
	got, err := f.Fingerprint(context.Background(), nil)
	if err == nil && got != want {
		err = fmt.Errorf("%w; %s is %s", missing, p.Model, got)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// replayQuotes makes an answer of dsai-extract-1, or a list of what a search found,
// again.
func replayQuotes(r verify.Replay, quotes []dsai.Quote) error {
	rec, o := r.Receipt, r.Openings
	if r.Statistics == nil || o.Terms == nil {
		return fmt.Errorf("replay answer: %w", verify.ErrWithheld)
	}
	if err := sameEngine(rec, *r.Statistics); err != nil {
		return fmt.Errorf("replay answer: %w", err)
	}
	in := extract.Input{Question: o.Prompt.Text, Fields: r.Statistics.Fields, DF: extract.Terms(o.Terms)}
	for i, p := range o.Passages {
		in.Passages = append(in.Passages, extract.Passage{Body: p.Body, Commitment: rec.Used[i].Commitment})
	}
	// The threshold is not the claim's to choose: it is the engine's own, or what
	// the policy in force asks for beyond it.
	p, err := policy.ParseJSON(r.Policy)
	if err != nil {
		return fmt.Errorf("replay answer: %w", err)
	}
	in.Floor = int(p.Parameters().EvidenceFloor)
	trace, err := vc.DecodeStrict[extract.Trace]([]byte(o.Trace.Text))
	if err != nil {
		return fmt.Errorf("replay answer: trace: %w", err)
	}
	err = extract.Replay(retrieve.Lexicon{}, in, extract.Claim{
		Answer: extract.Answer{Text: o.Response.Text, Quotes: quotes, Trace: trace},
		Engine: rec.Model.Engine, Seed: rec.Seed, Sampling: rec.Sampling, Tokens: rec.Tokens, Ended: rec.Ended,
	})
	if errors.Is(err, extract.ErrUnproven) {
		return fmt.Errorf("%w: %w", err, verify.ErrWithheld)
	}
	return err
}

// sameEngine checks what a receipt says of the quoting engine, and of the ranking
// that it was given passages by, beside its version.
func sameEngine(r dsai.InferenceReceipt, s dsai.Statistics) error {
	want := quotingModel
	operations := []dsai.Operation{dsai.OpRetrieve, dsai.OpInfer}
	if r.Model.Engine == extract.SearchVersion {
		// A search has no threshold: what an answer rests on is not listed so.
		want, operations = listing{}.Model(), operations[:1]
	}
	switch {
	case r.Model != want:
		return fmt.Errorf("model: engine %s is %s with profile %q and fingerprint %s, the receipt says %.40s with %.40q and %s",
			want.Engine, want.ID, want.Profile, want.Fingerprint.Short(), r.Model.ID, r.Model.Profile, r.Model.Fingerprint.Short())
	case !slices.Equal(r.Operations, operations):
		return fmt.Errorf("operations of engine %s are %q, the receipt says %q", want.Engine, operations, r.Operations)
	case s.Ranking != rank.ID:
		return fmt.Errorf("statistics: engine %s answers by ranking %q, the receipt names those of %.40q", want.Engine, rank.ID, s.Ranking)
	}
	return nil
}
