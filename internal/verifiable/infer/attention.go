// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import (
	"math"

	"dsai.example/dsai/internal/verifiable/tensor"
)

// spanNumbers bounds the scores that a task of the attention holds at once, so that they stay in the
// cache. It cannot show in a result.
const spanNumbers = 1 << 15

// A span is items next to each other, of one sequence, whose attention is computed together.
type span struct{ first, last int }

// cut cuts the items into spans.
func (w *Workspace) cut() {
	w.spans = w.spans[:0]
	group := w.m.Heads / w.m.KeyHeads
	for i, it := range w.items {
		if n := len(w.spans); n > 0 {
			s := &w.spans[n-1]
			if w.items[s.first].Sequence == it.Sequence && (i+1-s.first)*group*(w.at[i]+1) <= spanNumbers {
				s.last = i + 1
				continue
			}
		}
		w.spans = append(w.spans, span{i, i + 1})
	}
}

// attendAll computes the attention of all spans.
func (w *Workspace) attendAll() {
	numbers := 0
	for i := range w.items {
		numbers += (w.at[i] + 1) * w.m.Heads * w.m.Head
	}
	if tasks := len(w.spans) * w.m.KeyHeads; numbers < eachAtOnce {
		Serial(tasks, w.doAttend)
	} else {
		w.parallel(tasks, w.doAttend)
	}
}

// scratch is what a task of the attention computes with.
type scratch struct {
	tile   []float32 // a page of keys, or of values, of one head
	scores []float32 // per item and head, of each position
	sums   []float32
}

// attend computes the heads of a span that share a head of keys: per item and head the values of all
// positions up to its own, weighed by how well their keys fit the query.
func (w *Workspace) attend(task int) {
	s := w.borrow()
	defer w.giveBack(s)
	a := attention{Workspace: w, scratch: s, span: w.spans[task/w.m.KeyHeads], shared: task % w.m.KeyHeads}
	a.group = w.m.Heads / w.m.KeyHeads
	a.positions = w.at[a.last-1] + 1
	a.scores = grown(a.scores, (a.last-a.first)*a.group*a.positions)
	a.sums = grown(a.sums, (a.last-a.first)*a.group)
	a.match()
	a.weigh()
	a.mix()
}

// attention is a task under way.
type attention struct {
	*Workspace
	*scratch
	span
	shared    int // head of keys
	group     int // heads that share it
	positions int // of the last item
}

// head returns of an item, counted from the first of the span, and a head of the group: its scores,
// up to its own position, and where it is among the item's heads.
func (a *attention) head(i, g int) (scores []float32, at int) {
	return a.scores[(i*a.group+g)*a.positions:][:a.at[a.first+i]+1], (a.shared*a.group + g) * a.m.Head
}

// match scores all positions. Each page is widened once for all heads.
func (a *attention) match() {
	scale := float32(1 / math.Sqrt(float64(a.m.Head)))
	for start := 0; start < a.positions; start += pageTokens {
		p := a.items[a.first].Sequence.pages[start/pageTokens]
		n := min(pageTokens, a.positions-start) * a.m.Head
		tensor.Widen(a.tile, p.keys(a.m, a.index, a.shared)[:n])
		for i := range a.last - a.first {
			for g := range a.group {
				scores, at := a.head(i, g)
				if start < len(scores) {
					scores = scores[start:min(start+pageTokens, len(scores))]
					tensor.Scores(scores, a.query[a.first+i][at:][:a.m.Head], a.tile, scale)
				}
			}
		}
	}
}

func (a *attention) weigh() {
	for i := range a.last - a.first {
		for g := range a.group {
			scores, _ := a.head(i, g)
			a.sums[i*a.group+g] = tensor.Weigh(scores)
		}
	}
}

// mix adds up the values, page by page in order.
func (a *attention) mix() {
	for start := 0; start < a.positions; start += pageTokens {
		p := a.items[a.first].Sequence.pages[start/pageTokens]
		n := min(pageTokens, a.positions-start) * a.m.Head
		tensor.Widen(a.tile, p.values(a.m, a.index, a.shared)[:n])
		for i := range a.last - a.first {
			for g := range a.group {
				a.mixPage(i, g, start)
			}
		}
	}
}

func (a *attention) mixPage(i, g, start int) {
	scores, at := a.head(i, g)
	out := a.heads[a.first+i].Floats[at:][:a.m.Head]
	if start == 0 {
		clear(out)
	}
	if start >= len(scores) {
		return
	}
	end := min(start+pageTokens, len(scores))
	tensor.Mix(out, scores[start:end], a.tile)
	if end == len(scores) {
		tensor.Divide(out, a.sums[i*a.group+g])
	}
}
