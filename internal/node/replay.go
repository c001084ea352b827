// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
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

// Replay implements verify.Replayer.
func (p Replayer) Replay(r verify.Replay) error {
	switch m := r.Receipt.Model; {
	case m.Class == dsai.EngineInfer && m.Engine == compose.Version && m.Profile == infer.Profile:
		return p.replayModel(r)
	case m == quotingModel:
		if !slices.Contains(r.Receipt.Operations, dsai.OpInfer) {
			return fmt.Errorf("replay answer: %s answered, and the receipt says that it only searched", m.Engine)
		}
		return replayQuotes(r, extract.Replay)
	case m == listing{}.Model():
		// A search has no threshold: what an answer rests on is not listed so.
		if slices.Contains(r.Receipt.Operations, dsai.OpInfer) {
			return fmt.Errorf("replay answer: %s only searches, and the receipt says that it answered", m.Engine)
		}
		return replayQuotes(r, extract.ReplayList)
	default:
		return fmt.Errorf("replay %s (%s, %s): this program does not have that engine", m.ID, m.Engine, m.Profile)
	}
}

// replayModel makes an answer of a model file again.
func (p Replayer) replayModel(r verify.Replay) error {
	o := r.Openings
	if o.Prompt == nil || o.Response == nil || o.Quotes == nil || o.Trace == nil || len(o.Passages) != len(r.Receipt.Used) {
		return fmt.Errorf("replay answer: %w", verify.ErrWithheld)
	}
	c := compose.Claim{Question: o.Prompt.Text, Trace: []byte(o.Trace.Text), Text: o.Response.Text,
		Sampling: r.Receipt.Sampling, Seed: r.Receipt.Seed, Tokens: r.Receipt.Tokens, Ended: r.Receipt.Ended}
	for i, passage := range o.Passages {
		c.Passages = append(c.Passages, passage.Body)
		c.Limits = append(c.Limits, compose.Limit{Document: r.Receipt.Used[i].Document, Most: r.QuoteMax[i]})
	}
	if err := json.Unmarshal([]byte(o.Quotes.Text), &c.Quotes); err != nil {
		return fmt.Errorf("replay answer: quotes: %w", err)
	}
	// Of an answer that ended before its first token there is nothing to make again.
	if c.Ended == dsai.EndedCrashed || c.Ended == dsai.EndedDegraded || c.Text == "" && len(c.Trace) == 0 && c.Ended != dsai.EndedComplete {
		return fmt.Errorf("replay answer: it ended %s: %w", c.Ended, verify.ErrWithheld)
	}
	file, err := p.find(r.Receipt.Model.Fingerprint)
	if err != nil {
		return err
	}
	format, err := chat.For(file.Template, file.Vocabulary)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	e := newEngine(nil)
	defer e.Close()
	return compose.Replay(context.Background(), e.Add(file, r.Receipt.Model.Fingerprint), format, c)
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
func replayQuotes(r verify.Replay, again func(rank.Lexicon, extract.Input, extract.Answer) error) error {
	o := r.Openings
	if r.Statistics == nil || o.Prompt == nil || o.Response == nil || o.Quotes == nil || o.Trace == nil ||
		o.Terms == nil || len(o.Passages) != len(r.Receipt.Used) {
		return fmt.Errorf("replay answer: %w", verify.ErrWithheld)
	}
	// It may have no trace then, when nothing of it was made.
	if r.Receipt.Ended != dsai.EndedComplete {
		return fmt.Errorf("replay answer: it ended %s, before its own end: %w", r.Receipt.Ended, verify.ErrWithheld)
	}
	in := extract.Input{Question: o.Prompt.Text, Fields: r.Statistics.Fields, DF: extract.Terms(o.Terms)}
	for i, p := range o.Passages {
		in.Passages = append(in.Passages, extract.Passage{Body: p.Body, Commitment: r.Receipt.Used[i].Commitment})
	}
	claim := extract.Answer{Text: o.Response.Text}
	if err := json.Unmarshal([]byte(o.Trace.Text), &claim.Trace); err != nil {
		return fmt.Errorf("replay answer: trace: %w", err)
	}
	// The threshold is not the claim's to choose: it is the engine's own, or what
	// the policy in force asks for beyond it.
	p, err := policy.ParseJSON(r.Policy)
	if err != nil {
		return fmt.Errorf("replay answer: %w", err)
	}
	in.Floor = int(p.Parameters().EvidenceFloor)
	if err := json.Unmarshal([]byte(o.Quotes.Text), &claim.Quotes); err != nil {
		return fmt.Errorf("replay answer: quotes: %w", err)
	}
	return again(retrieve.Lexicon{}, in, claim)
}
