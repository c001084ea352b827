// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import (
	"fmt"

	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/tensor"
)

// Model is a loaded model. It is immutable and safe for concurrent use.
type Model struct {
	Config

	embedding *tensor.Matrix
	layers    []layer
	norm      []float32
	output    *tensor.Matrix // the embedding, where the file has none of its own
}

type layer struct {
	attentionNorm              []float32
	query, key, value          *tensor.Matrix
	queryBias, keyBias, valueB []float32 // nil: none
	queryNorm, keyNorm         []float32 // nil: none
	out                        *tensor.Matrix
	forwardNorm                []float32
	gate, up, down             *tensor.Matrix
}

// Load reads a whole model into memory. A tensor that is missing, of another shape, or that the
// architecture does not have is an error that names it.
func Load(f *gguf.File) (*Model, error) {
	c, err := ReadConfig(f)
	if err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	l := &loader{f: f, used: map[string]bool{}}
	m := &Model{Config: c}
	m.embedding = l.matrix("token_embd.weight", c.Width, 0)
	if l.err == nil {
		m.Vocabulary = m.embedding.Rows
	}
	m.norm = l.vector("output_norm.weight", c.Width)
	m.output = m.embedding
	if l.has("output.weight") {
		m.output = l.matrix("output.weight", c.Width, m.Vocabulary)
	}
	if l.has("rope_freqs.weight") {
		l.slow(&m.Rotary)
	}
	if l.err == nil {
		l.err = m.Rotary.check(c.Context)
	}
	for i := range c.Layers {
		if l.err == nil {
			m.layers = append(m.layers, l.layer(fmt.Sprintf("blk.%d.", i), c))
		}
	}
	if err := l.done(); err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	return m, nil
}

// loader reads tensors by name. Its first error sticks.
type loader struct {
	f    *gguf.File
	used map[string]bool
	buf  []byte // that tensors are read into
	err  error
}

func (l *loader) layer(p string, c Config) layer {
	queries, keys := c.Heads*c.Head, c.KeyHeads*c.Head
	out := layer{
		attentionNorm: l.vector(p+"attn_norm.weight", c.Width),
		query:         l.matrix(p+"attn_q.weight", c.Width, queries),
		key:           l.matrix(p+"attn_k.weight", c.Width, keys),
		value:         l.matrix(p+"attn_v.weight", c.Width, keys),
		out:           l.matrix(p+"attn_output.weight", queries, c.Width),
		forwardNorm:   l.vector(p+"ffn_norm.weight", c.Width),
		gate:          l.matrix(p+"ffn_gate.weight", c.Width, c.Inner),
		up:            l.matrix(p+"ffn_up.weight", c.Width, c.Inner),
		down:          l.matrix(p+"ffn_down.weight", c.Inner, c.Width),
	}
	if c.arch.bias {
		out.queryBias = l.vector(p+"attn_q.bias", queries)
		out.keyBias = l.vector(p+"attn_k.bias", keys)
		out.valueB = l.vector(p+"attn_v.bias", keys)
	}
	if c.arch.headNorm {
		out.queryNorm = l.vector(p+"attn_q_norm.weight", c.Head)
		out.keyNorm = l.vector(p+"attn_k_norm.weight", c.Head)
	}
	return out
}

// slow divides the turns by the factors in the file, which is how Llama 3.1 reaches further.
func (l *loader) slow(r *Rotary) {
	for i, factor := range l.vector("rope_freqs.weight", len(r.Turns)) {
		if !(factor > 0) {
			l.err = fmt.Errorf("tensor \"rope_freqs.weight\": factor %v", factor)
			return
		}
		r.Turns[i] /= float64(factor)
	}
}

func (l *loader) has(name string) bool {
	_, ok := l.f.Tensor(name)
	return ok
}

// matrix reads a matrix of so many columns and rows; 0 rows are any.
func (l *loader) matrix(name string, columns, rows int) *tensor.Matrix {
	if l.err != nil {
		return nil
	}
	t, ok := l.f.Tensor(name)
	switch {
	case !ok:
		l.err = fmt.Errorf("tensor %q is missing", name)
	case len(t.Shape) > 2 || t.Columns() != columns || rows != 0 && t.Rows() != rows:
		l.err = fmt.Errorf("tensor %q has the shape %v, want [%d %d]", name, t.Shape, columns, rows)
	}
	if l.err != nil {
		return nil
	}
	l.used[name] = true
	m, err := tensor.Load(l.f, t, &l.buf)
	l.err = err
	return m
}

func (l *loader) vector(name string, numbers int) []float32 {
	m := l.matrix(name, numbers, 1)
	if l.err != nil {
		return nil
	}
	v := make([]float32, numbers)
	m.Row(v, 0)
	return v
}

// done reports the first error, or a tensor that nobody asked for: it would have meant something.
func (l *loader) done() error {
	if l.err != nil {
		return l.err
	}
	for _, t := range l.f.Tensors() {
		if !l.used[t.Name] {
			return fmt.Errorf("tensor %q is not one that this architecture has", t.Name)
		}
	}
	return nil
}
