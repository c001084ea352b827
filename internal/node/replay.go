// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"encoding/json"
	"fmt"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/policy"
	"dsai.example/dsai/internal/verifiable/extract"
	"dsai.example/dsai/internal/verifiable/retrieve"
	"dsai.example/dsai/verify"
)

// Replayer re-executes answers of the engines that this program has. It needs
// no node: everything comes from the bundle.
type Replayer struct{}

// Replay implements verify.Replayer.
func (Replayer) Replay(r verify.Replay) error {
	if r.Receipt.Model.ID != extract.ModelID || r.Receipt.Model.Engine != extract.Version {
		return fmt.Errorf("replay %s (%s): this program does not have that engine", r.Receipt.Model.ID, r.Receipt.Model.Engine)
	}
	o := r.Openings
	if r.Statistics == nil || o.Prompt == nil || o.Response == nil || o.Quotes == nil || o.Trace == nil ||
		o.Terms == nil || len(o.Passages) != len(r.Receipt.Used) {
		return fmt.Errorf("replay answer: %w", verify.ErrWithheld)
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
	if r.Receipt.Ended != dsai.EndedComplete {
		return fmt.Errorf("replay answer: it ended %s, before its own end: %w", r.Receipt.Ended, verify.ErrWithheld)
	}
	return extract.Replay(retrieve.Lexicon{}, in, claim)
}
