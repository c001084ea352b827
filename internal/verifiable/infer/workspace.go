// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import (
	"sync"

	"dsai.example/dsai/internal/verifiable/tensor"
)

// How much of a product a call of Parallel computes. Neither can show in the result.
const (
	rowsAtOnce  = 64      // a multiple of tensor.RowGroup
	itemsAtOnce = 64      // so that their activations stay in the cache
	eachAtOnce  = 1 << 13 // numbers for which no other thread is woken
)

// A Workspace is the memory that steps compute in. It grows to the largest step and is used again: a
// step that is no larger allocates nothing but pages of sequences. It does one step at a time.
type Workspace struct {
	m        *Model
	parallel Parallel

	// The step under way: its items, their positions, and what a layer makes of them.
	items             []Item
	at                []int
	turns             []turns
	spans             []span
	results           []Result
	errs              []error
	hidden            [][]float32
	width             []*tensor.Activation // input of query, key, value, gate and up
	query, key, value [][]float32
	heads             []*tensor.Activation // input of out
	inner             []*tensor.Activation // input of down
	gated, up         [][]float32          // gated is the floats of inner
	sum               [][]float32          // products that hidden gains
	wanted            []*tensor.Activation // the items whose logits are wanted
	logits            [][]float32
	allLogits         [][]float32

	// What the calls of parallel that are under way work on.
	layer *layer
	index int
	norm  []float32
	forms []tensor.Form
	from  []*tensor.Activation
	by    *tensor.Matrix
	rowsN int
	count int // items

	mu   sync.Mutex
	free []*scratch // guarded by mu

	// The tasks, made once, because a function value is memory.
	doNormalize, doQuantize, doProject, doPlace, doAttend, doAdd, doGate, doLogits func(int)
}

// NewWorkspace returns an empty workspace.
func (m *Model) NewWorkspace() *Workspace {
	w := &Workspace{m: m}
	w.doNormalize, w.doQuantize, w.doProject, w.doPlace = w.normalize, w.quantize, w.project, w.place
	w.doAttend, w.doAdd, w.doGate, w.doLogits = w.attend, w.add, w.gate, w.output
	return w
}

// resize makes the buffers those of n items.
func (w *Workspace) resize(n int) {
	m := w.m
	for len(w.hidden) < n {
		w.hidden = append(w.hidden, make([]float32, m.Width))
		w.width = append(w.width, tensor.NewActivation(m.Width))
		w.heads = append(w.heads, tensor.NewActivation(m.Heads*m.Head))
		w.inner = append(w.inner, tensor.NewActivation(m.Inner))
		w.gated = append(w.gated, w.inner[len(w.inner)-1].Floats)
		w.query = append(w.query, make([]float32, m.Heads*m.Head))
		w.key = append(w.key, make([]float32, m.KeyHeads*m.Head))
		w.value = append(w.value, make([]float32, m.KeyHeads*m.Head))
		w.up = append(w.up, make([]float32, m.Inner))
		w.sum = append(w.sum, make([]float32, m.Width))
		w.turns = append(w.turns, m.Rotary.newTurns(m.arch.split))
	}
	w.at, w.errs, w.results = grown(w.at, n), grown(w.errs, n), grown(w.results, n)
	clear(w.errs)
	w.count = n
}

// grown returns a slice of n elements, s if it has room.
func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// logitsOf returns the buffer of the n-th logits of a step.
func (w *Workspace) logitsOf(n int) []float32 {
	if n == len(w.allLogits) {
		w.allLogits = append(w.allLogits, make([]float32, w.m.Vocabulary))
	}
	return w.allLogits[n]
}

func (w *Workspace) borrow() *scratch {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.free); n > 0 {
		s := w.free[n-1]
		w.free = w.free[:n-1]
		return s
	}
	return &scratch{tile: make([]float32, pageTokens*w.m.Head)}
}

func (w *Workspace) giveBack(s *scratch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.free = append(w.free, s)
}

// setForms says which forms of activations the matrices take.
func (w *Workspace) setForms(into ...*tensor.Matrix) {
	w.forms = w.forms[:0]
	for _, m := range into {
		if f := m.Form(); len(w.forms) == 0 || w.forms[len(w.forms)-1] != f {
			w.forms = append(w.forms, f)
		}
	}
}

// each does f for every item. What is too little to wake other threads for is done here.
func (w *Workspace) each(numbers int, f func(i int)) {
	if w.count == 1 || w.count*numbers < eachAtOnce {
		Serial(w.count, f)
		return
	}
	w.parallel(w.count, f)
}

// rows does f for the chunks of so many rows and all items.
func (w *Workspace) rows(rows int, f func(c int)) {
	w.rowsN = rows
	w.parallel((rows+rowsAtOnce-1)/rowsAtOnce*w.batches(), f)
}

func (w *Workspace) batches() int { return (w.count + itemsAtOnce - 1) / itemsAtOnce }

// chunk returns the rows and items of chunk c. The items of the same rows follow each other, so that
// the weights stay in the cache.
func (w *Workspace) chunk(c int) (from, to, first, last int) {
	row, batch := c/w.batches(), c%w.batches()
	from, first = row*rowsAtOnce, batch*itemsAtOnce
	return from, min(from+rowsAtOnce, w.rowsN), first, min(first+itemsAtOnce, w.count)
}

// keep notes an item's error. Items are written by one task at a time.
func (w *Workspace) keep(i int, err error) {
	if err != nil {
		w.errs[i] = err
	}
}

func (w *Workspace) failed() error {
	for _, err := range w.errs {
		if err != nil {
			return err
		}
	}
	return nil
}
