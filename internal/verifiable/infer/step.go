// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import (
	"fmt"
	"math"

	"dsai.example/dsai/internal/verifiable/tensor"
)

// A Sequence is what a model remembers of the tokens it was given: keys and values of each layer,
// rounded to 16 bits. It is a pure function of model and tokens.
type Sequence struct {
	layers []memory
	length int
}

// memory holds, position after position, the heads of keys and of values.
type memory struct{ keys, values []tensor.Half }

// NewSequence returns an empty sequence.
func (m *Model) NewSequence() *Sequence { return &Sequence{layers: make([]memory, m.Layers)} }

// Len returns how many tokens the sequence has been given.
func (s *Sequence) Len() int { return s.length }

// Truncate forgets all but the first n tokens.
func (s *Sequence) Truncate(n int) {
	if n >= s.length {
		return
	}
	for i := range s.layers {
		each := len(s.layers[i].keys) / s.length
		s.layers[i].keys = s.layers[i].keys[:n*each]
		s.layers[i].values = s.layers[i].values[:n*each]
	}
	s.length = n
}

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

// rowsAtOnce is how many rows of a matrix a call of Parallel computes. It cannot show in the result.
const rowsAtOnce = 64

// Step gives each item's token to its sequence. The results are those of giving them one by one: no
// sum reaches across items. After an error the sequences hold nothing of use.
func (m *Model) Step(items []Item, parallel Parallel) ([]Result, error) {
	w, err := m.begin(items, parallel)
	if err != nil {
		return nil, err
	}
	for i := range m.layers {
		if err := w.attend(&m.layers[i], i); err != nil {
			return nil, fmt.Errorf("layer %d: %w", i, err)
		}
		if err := w.forward(&m.layers[i]); err != nil {
			return nil, fmt.Errorf("layer %d: %w", i, err)
		}
	}
	return w.finish()
}

// work is a step under way: per item its hidden state and the buffers of a layer.
type work struct {
	m        *Model
	items    []Item
	parallel Parallel
	at       []int // position of each item

	hidden           [][]float32
	width            []*tensor.Activation // input of query, key, value, gate and up
	query, key, vals [][]float32
	heads            []*tensor.Activation // input of out
	gate             []*tensor.Activation // input of down
	up               [][]float32
}

func (m *Model) begin(items []Item, parallel Parallel) (*work, error) {
	w := &work{m: m, items: items, parallel: parallel}
	lengths := map[*Sequence]int{}
	for _, it := range items {
		if it.Token < 0 || int(it.Token) >= m.Vocabulary {
			return nil, fmt.Errorf("token %d is not in the vocabulary of %d", it.Token, m.Vocabulary)
		}
		position := it.Sequence.length + lengths[it.Sequence]
		if position >= m.Context {
			return nil, fmt.Errorf("token %d is beyond the context of %d", position, m.Context)
		}
		lengths[it.Sequence]++
		w.at = append(w.at, position)
		hidden := make([]float32, m.Width)
		m.embedding.Row(hidden, int(it.Token))
		w.hidden = append(w.hidden, hidden)
		w.width = append(w.width, tensor.NewActivation(m.Width))
		w.heads = append(w.heads, tensor.NewActivation(m.Heads*m.Head))
		w.gate = append(w.gate, tensor.NewActivation(m.Inner))
		w.query = append(w.query, make([]float32, m.Heads*m.Head))
		w.key = append(w.key, make([]float32, m.KeyHeads*m.Head))
		w.vals = append(w.vals, make([]float32, m.KeyHeads*m.Head))
		w.up = append(w.up, make([]float32, m.Inner))
	}
	for s, n := range lengths { //arch:ordered each sequence for itself
		s.length += n
	}
	return w, nil
}

// attend adds what the attention of a layer finds to the hidden states.
func (w *work) attend(l *layer, index int) error {
	if err := w.normalize(l.attentionNorm, l.query, l.key, l.value); err != nil {
		return err
	}
	w.multiply(l.query, w.width, w.query)
	w.multiply(l.key, w.width, w.key)
	w.multiply(l.value, w.width, w.vals)
	w.each(func(i int) { w.place(l, i) })
	for i := range w.items { // Halfs saturate: what is no number must not get so far
		if !tensor.Finite(w.key[i]) || !tensor.Finite(w.vals[i]) {
			return tensor.ErrNotFinite
		}
	}
	for i, it := range w.items { // in order: a sequence grows by its items
		it.Sequence.layers[index].append(w.key[i], w.vals[i])
	}
	w.parallel(len(w.items)*w.m.Heads, func(n int) { w.head(n/w.m.Heads, n%w.m.Heads, index) })
	return w.project(l.out, w.heads)
}

// place finishes query and key of an item: bias, norm, position.
func (w *work) place(l *layer, i int) {
	if l.queryBias != nil {
		tensor.Add(w.query[i], l.queryBias)
		tensor.Add(w.key[i], l.keyBias)
		tensor.Add(w.vals[i], l.valueB)
	}
	if l.queryNorm != nil {
		w.normalizeHeads(w.query[i], l.queryNorm)
		w.normalizeHeads(w.key[i], l.keyNorm)
	}
	w.m.Rotary.apply(w.query[i], w.m.Head, w.at[i], w.m.arch.split)
	w.m.Rotary.apply(w.key[i], w.m.Head, w.at[i], w.m.arch.split)
}

func (w *work) normalizeHeads(x, weight []float32) {
	for h := 0; h < len(x); h += w.m.Head {
		tensor.Normalize(x[h:h+w.m.Head], x[h:h+w.m.Head], weight, w.m.Epsilon)
	}
}

// append rounds an item's keys and values into memory.
func (m *memory) append(keys, values []float32) {
	for _, v := range keys {
		m.keys = append(m.keys, tensor.ToHalf(v))
	}
	for _, v := range values {
		m.values = append(m.values, tensor.ToHalf(v))
	}
}

// head computes one head of an item: the values of all positions up to its own, weighed by how well
// their keys fit the query.
func (w *work) head(i, h, index int) {
	m := w.m
	mem := &w.items[i].Sequence.layers[index]
	query := w.query[i][h*m.Head:][:m.Head]
	shared := h / (m.Heads / m.KeyHeads) * m.Head
	stride := m.KeyHeads * m.Head
	scale := float32(1 / math.Sqrt(float64(m.Head)))
	scores := make([]float32, w.at[i]+1)
	for t := range scores {
		scores[t] = float32(tensor.DotHalf(query, mem.keys[t*stride+shared:][:m.Head]) * scale)
	}
	sum := tensor.Weigh(scores)
	out := w.heads[i].Floats[h*m.Head:][:m.Head]
	clear(out)
	for t, f := range scores {
		tensor.AddScaledHalf(out, f, mem.values[t*stride+shared:][:m.Head])
	}
	for j := range out {
		out[j] /= sum
	}
}

// forward adds what the feed-forward step of a layer makes to the hidden states.
func (w *work) forward(l *layer) error {
	if err := w.normalize(l.forwardNorm, l.gate, l.up); err != nil {
		return err
	}
	gates := make([][]float32, len(w.items))
	for i := range gates {
		gates[i] = w.gate[i].Floats
	}
	w.multiply(l.gate, w.width, gates)
	w.multiply(l.up, w.width, w.up)
	w.each(func(i int) { tensor.Gate(gates[i], w.up[i]) })
	return w.project(l.down, w.gate)
}

// normalize makes the hidden states the input of the given matrices.
func (w *work) normalize(weight []float32, into ...*tensor.Matrix) error {
	w.each(func(i int) { tensor.Normalize(w.width[i].Floats, w.hidden[i], weight, w.m.Epsilon) })
	return w.quantize(w.width, into...)
}

// quantize makes the forms of the activations that the matrices take.
func (w *work) quantize(a []*tensor.Activation, into ...*tensor.Matrix) error {
	forms := make([]tensor.Form, len(into))
	for i, m := range into {
		forms[i] = m.Form()
	}
	errs := make([]error, len(a))
	w.each(func(i int) { errs[i] = a[i].Quantize(forms...) })
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// project multiplies the activations with a matrix and adds the products to the hidden states.
func (w *work) project(m *tensor.Matrix, a []*tensor.Activation) error {
	if err := w.quantize(a, m); err != nil {
		return err
	}
	out := make([][]float32, len(a))
	for i := range out {
		out[i] = make([]float32, m.Rows)
	}
	w.multiply(m, a, out)
	w.each(func(i int) { tensor.Add(w.hidden[i], out[i]) })
	return nil
}

func (w *work) multiply(m *tensor.Matrix, a []*tensor.Activation, dst [][]float32) {
	chunks := (m.Rows + rowsAtOnce - 1) / rowsAtOnce
	w.parallel(chunks, func(c int) {
		from, to := c*rowsAtOnce, min((c+1)*rowsAtOnce, m.Rows)
		m.Multiply(dst, a, from, to)
	})
}

func (w *work) each(f func(i int)) { w.parallel(len(w.items), f) }

// finish makes the logits that are wanted.
func (w *work) finish() ([]Result, error) {
	results := make([]Result, len(w.items))
	var a []*tensor.Activation
	var dst [][]float32
	w.each(func(i int) { tensor.Normalize(w.width[i].Floats, w.hidden[i], w.m.norm, w.m.Epsilon) })
	if err := w.quantize(w.width, w.m.output); err != nil {
		return nil, fmt.Errorf("output: %w", err)
	}
	for i, it := range w.items {
		results[i].Hidden = w.width[i].Floats
		if it.Logits {
			results[i].Logits = make([]float32, w.m.Vocabulary)
			a, dst = append(a, w.width[i]), append(dst, results[i].Logits)
		}
	}
	w.multiply(w.m.output, a, dst)
	for _, logits := range dst {
		if !tensor.Finite(logits) {
			return nil, fmt.Errorf("output: %w", tensor.ErrNotFinite)
		}
	}
	return results, nil
}
