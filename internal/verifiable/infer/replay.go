// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import (
	"fmt"
)

// A Divergence says where an answer that was made again differs from its trace.
type Divergence struct {
	Position  int    // of the output; its length: what follows the last token
	What      string // "token", "state" or "digest"
	Want, Got int32  // tokens, if What is "token"
}

func (d *Divergence) Error() string {
	switch d.What {
	case "token":
		return fmt.Sprintf("the answer made again differs at token %d: it is %d, the trace has %d", d.Position, d.Got, d.Want)
	case "state":
		return fmt.Sprintf("the answer made again differs at token %d: the same token, from another state of the model", d.Position)
	}
	return fmt.Sprintf("the answer made again has the same %d tokens, and another digest at its end", d.Position)
}

// replayAtOnce is how many tokens Replay gives to the model at once. It cannot show in the result; of
// each token of the output it takes the memory of a token's logits.
const replayAtOnce = 64

// replayBytes bounds that memory: of a model with large items fewer are given at once.
const replayBytes = 256 << 20

// ReplayBytes returns how much memory Replay computes in at most, beside the sequence.
func (c *Config) ReplayBytes(threads int) int64 {
	n := c.replayItems()
	return c.WorkspaceBytes(n, n, threads)
}

// replayItems is how many tokens are given at once.
func (c *Config) replayItems() int {
	return c.ItemsWithin(replayBytes, replayAtOnce, replayAtOnce, 1)
}

// Replay makes the answer of a trace again: it gives prompt and output to the model many tokens at
// once, chooses each token again, and compares. A *Divergence names the first difference.
func Replay(m *Model, prompt []int32, t Trace, parallel Parallel) error {
	r := &replay{t: t, tracer: NewTracer(prompt, t.Sampling)}
	switch {
	case t.Profile != Profile:
		return fmt.Errorf("%w: numeric profile %.40q, want %q", ErrTrace, t.Profile, Profile)
	case len(prompt) != t.Count || t.Count == 0 || r.tracer.head.Prompt != t.Prompt:
		return fmt.Errorf("%w with this prompt: it has %d tokens, the trace %d, or they differ", ErrTrace, len(prompt), t.Count)
	case len(t.Steps) != len(t.Tokens):
		return fmt.Errorf("%w: %d digests for %d tokens", ErrTrace, len(t.Steps), len(t.Tokens))
	}
	for i, token := range t.Tokens {
		if token < 0 || int(token) >= m.Vocabulary {
			return fmt.Errorf("%w of this model: token %d is %d of %d", ErrTrace, i, token, m.Vocabulary)
		}
	}
	if err := t.Sampling.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrTrace, err)
	}
	if err := r.run(m, prompt, parallel); err != nil {
		return err
	}
	if r.tracer.Trace(len(t.Tokens)).Digest != t.Digest {
		return &Divergence{Position: len(t.Tokens), What: "digest"}
	}
	return nil
}

type replay struct {
	t      Trace
	tracer *Tracer
}

func (r *replay) run(m *Model, prompt []int32, parallel Parallel) error {
	if len(r.t.Tokens) == 0 {
		return nil
	}
	w, s := m.NewWorkspace(), m.NewSequence()
	all := append(append([]int32(nil), prompt...), r.t.Tokens[:len(r.t.Tokens)-1]...)
	most := m.replayItems()
	items := make([]Item, 0, most)
	for at := 0; at < len(all); at += len(items) {
		items = items[:0]
		for i := at; i < min(at+most, len(all)); i++ {
			items = append(items, Item{Sequence: s, Token: all[i], Logits: i >= len(prompt)-1})
		}
		results, err := w.Step(items, parallel)
		if err != nil {
			return fmt.Errorf("replay: %w", err)
		}
		for _, result := range results {
			if result.Logits == nil {
				continue
			}
			if err := r.compare(result); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare chooses the next token again.
func (r *replay) compare(result Result) error {
	before := r.tracer.tokens
	at := len(before)
	want := r.t.Tokens[at]
	if got := r.t.Sampling.Choose(result.Logits, before, at); got != want {
		return &Divergence{Position: at, What: "token", Want: want, Got: got}
	}
	r.tracer.Add(want, result)
	link := r.tracer.links[at+1]
	if [8]byte(link[:8]) != r.t.Steps[at] {
		return &Divergence{Position: at, What: "state"}
	}
	if r.t.Whole && at == len(r.t.Tokens)-1 {
		r.tracer.End(result)
	}
	return nil
}
