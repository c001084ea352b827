// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import (
	"fmt"

	"dsai.example/dsai/internal/verifiable/tensor"
)

// An Item is a token for a sequence. Items of one sequence follow each other in its order.
type Item struct {
	Sequence *Sequence
	Token    int32
	Logits   bool // whether the logits after this token are wanted
}

// A Result is what came of an Item.
type Result struct {
	Hidden []float32 // the last hidden state, normalized
	Logits []float32 // nil if they were not wanted
}

// Step is Workspace.Step with a workspace of its own, so that the results are the caller's.
func (m *Model) Step(items []Item, parallel Parallel) ([]Result, error) {
	return m.NewWorkspace().Step(items, parallel)
}

// Step gives each item's token to its sequence. The results are those of giving them one by one: no
// sum reaches across items. They are valid until the next step. After an error the sequences are as
// they were.
func (w *Workspace) Step(items []Item, parallel Parallel) ([]Result, error) {
	w.parallel = parallel
	if err := w.begin(items); err != nil {
		return nil, err
	}
	for i := range w.m.layers {
		w.layer, w.index = &w.m.layers[i], i
		if err := w.block(); err != nil {
			return nil, fmt.Errorf("layer %d: %w", i, err)
		}
	}
	if err := w.finish(); err != nil {
		return nil, fmt.Errorf("output: %w", err)
	}
	for i, it := range items {
		it.Sequence.length = w.at[i] + 1
	}
	return w.results, nil
}

// begin checks the items and makes room for them.
func (w *Workspace) begin(items []Item) error {
	for _, it := range items {
		it.Sequence.pending = 0
	}
	w.resize(len(items))
	for i, it := range items {
		if it.Token < 0 || int(it.Token) >= w.m.Vocabulary {
			return fmt.Errorf("token %d is not in the vocabulary of %d", it.Token, w.m.Vocabulary)
		}
		w.at[i] = it.Sequence.length + it.Sequence.pending
		if w.at[i] >= w.m.Context {
			return fmt.Errorf("token %d is beyond the context of %d", w.at[i], w.m.Context)
		}
		it.Sequence.pending++
	}
	w.items = items
	for i, it := range items {
		it.Sequence.reserve(it.Sequence.pending)
		it.Sequence.pending = 0 // reserved: once for each sequence
		w.m.embedding.Row(w.hidden[i], int(it.Token))
		w.m.Rotary.turn(&w.turns[i], w.at[i], w.m.arch.split)
	}
	w.cut()
	return nil
}

// block is a layer: what the attention finds is added to the hidden states, then what the
// feed-forward step makes of them.
func (w *Workspace) block() error {
	l := w.layer
	w.norm = l.attentionNorm
	w.setForms(l.query, l.key, l.value)
	w.each(w.m.Width, w.doNormalize)
	w.rows(l.query.Rows+2*l.key.Rows, w.doProject)
	w.each(w.m.Width, w.doPlace)
	if err := w.failed(); err != nil { // Halfs saturate: what is no number must not get so far
		return err
	}
	w.attendAll()

	w.from, w.by = w.heads, l.out
	w.setForms(l.out)
	w.each(w.m.Width, w.doQuantize)
	w.rows(l.out.Rows, w.doAdd)

	w.norm = l.forwardNorm
	w.setForms(l.gate, l.up)
	w.each(w.m.Width, w.doNormalize)
	w.rows(l.gate.Rows, w.doGate)

	w.from, w.by = w.inner, l.down
	w.setForms(l.down)
	w.each(w.m.Inner, w.doQuantize)
	w.rows(l.down.Rows, w.doAdd)
	return w.failed()
}

// normalize makes an item's hidden state the input of matrices.
func (w *Workspace) normalize(i int) {
	tensor.Normalize(w.width[i].Floats, w.hidden[i], w.norm, w.m.Epsilon)
	w.keep(i, w.width[i].Quantize(w.forms...))
}

func (w *Workspace) quantize(i int) { w.keep(i, w.from[i].Quantize(w.forms...)) }

// project multiplies a chunk of the rows of query, key and value, counted through.
func (w *Workspace) project(c int) {
	from, to, first, last := w.chunk(c)
	for _, p := range [...]struct {
		m   *tensor.Matrix
		dst [][]float32
	}{{w.layer.query, w.query}, {w.layer.key, w.key}, {w.layer.value, w.value}} {
		if from < p.m.Rows && to > 0 {
			p.m.Multiply(p.dst[first:last], w.width[first:last], max(from, 0), min(to, p.m.Rows))
		}
		from, to = from-p.m.Rows, to-p.m.Rows
	}
}

// place finishes query, key and value of an item: bias, norm, position. Then it remembers the latter.
func (w *Workspace) place(i int) {
	l, head := w.layer, w.m.Head
	query, key, value := w.query[i], w.key[i], w.value[i]
	if l.queryBias != nil {
		tensor.Add(query, l.queryBias)
		tensor.Add(key, l.keyBias)
		tensor.Add(value, l.valueB)
	}
	for h := 0; h < len(query); h += head {
		w.placeHead(query[h:h+head], l.queryNorm, i)
	}
	for h := 0; h < len(key); h += head {
		w.placeHead(key[h:h+head], l.keyNorm, i)
	}
	if !tensor.Finite(key) || !tensor.Finite(value) {
		w.keep(i, tensor.ErrNotFinite)
		return
	}
	p, slot := w.items[i].Sequence.pages[w.at[i]/pageTokens], w.at[i]%pageTokens*head
	for h := range w.m.KeyHeads {
		tensor.Narrow(p.keys(w.m, w.index, h)[slot:][:head], key[h*head:][:head])
		tensor.Narrow(p.values(w.m, w.index, h)[slot:][:head], value[h*head:][:head])
	}
}

func (w *Workspace) placeHead(x, norm []float32, i int) {
	if norm != nil {
		tensor.Normalize(x, x, norm, w.m.Epsilon)
	}
	w.turns[i].apply(x, w.m.arch.split)
}

// add adds a chunk of the products of w.by to the hidden states.
func (w *Workspace) add(c int) {
	from, to, first, last := w.chunk(c)
	w.by.Multiply(w.sum[first:last], w.from[first:last], from, to)
	for i := first; i < last; i++ {
		tensor.Add(w.hidden[i][from:to], w.sum[i][from:to])
	}
}

// gate computes a chunk of the rows within the feed-forward step.
func (w *Workspace) gate(c int) {
	from, to, first, last := w.chunk(c)
	w.layer.gate.Multiply(w.gated[first:last], w.width[first:last], from, to)
	w.layer.up.Multiply(w.up[first:last], w.width[first:last], from, to)
	for i := first; i < last; i++ {
		tensor.Gate(w.gated[i][from:to], w.up[i][from:to])
	}
}

// finish makes the logits that are wanted.
func (w *Workspace) finish() error {
	w.norm = w.m.norm
	w.setForms(w.m.output)
	w.each(w.m.Width, w.doNormalize)
	if err := w.failed(); err != nil {
		return err
	}
	w.wanted, w.logits = w.wanted[:0], w.logits[:0]
	for i, it := range w.items {
		w.results[i] = Result{Hidden: w.width[i].Floats}
		if it.Logits {
			w.results[i].Logits = w.logitsOf(len(w.wanted))
			w.wanted, w.logits = append(w.wanted, w.width[i]), append(w.logits, w.results[i].Logits)
		}
	}
	w.count = len(w.wanted)
	w.rows(w.m.Vocabulary, w.doLogits)
	for _, logits := range w.logits {
		if !tensor.Finite(logits) {
			return tensor.ErrNotFinite
		}
	}
	return nil
}

func (w *Workspace) output(c int) {
	from, to, first, last := w.chunk(c)
	w.m.output.Multiply(w.logits[first:last], w.wanted[first:last], from, to)
}
