// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package extract

import (
	"cmp"
	"slices"
)

// choose picks the sentences that the answer quotes, best first.
func choose(read []reading, asks bool) []sentence {
	var all []sentence
	for i := range read {
		weigh(&read[i], asks)
		for _, s := range read[i].sentences {
			s.passage = i
			// Half of the score is the sentence's own, half is its passage's rank.
			s.score = s.score * (read[0].score + read[i].score) / (2 * read[0].score)
			if s.score > 0 && s.kind != headline && len(s.terms) > 1 {
				all = append(all, s)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b sentence) int { return cmp.Compare(b.score, a.score) })
	var out []sentence
	var sources []int
	for _, s := range all {
		if len(out) == maxSentences || 3*s.score < all[0].score {
			break
		}
		known := slices.Contains(sources, s.passage)
		if !known && len(sources) == maxSources || slices.ContainsFunc(out, s.repeats) {
			continue
		}
		if !known {
			sources = append(sources, s.passage)
		}
		s.coverage = read[s.passage].cover(&s)
		out = append(out, s)
	}
	return out
}

// weigh scores the sentences of a passage: the summed weight of the question's
// words that it holds, and half of those that its headings, its table's columns
// or the sentence before it hold, which it need not repeat. A long sentence and a
// question count less; one that tells what is asked for more.
func weigh(r *reading, asks bool) {
	for i := range r.sentences {
		s := &r.sentences[i]
		slices.Sort(s.terms)
		s.terms = slices.Compact(s.terms)
		var own, context int64
		for w, weight := range r.weights {
			switch {
			case s.held[w] > 0:
				own += weight * int64(s.held[w]) / exact
			case r.above[w] > 0 || i > 0 && r.sentences[i-1].held[w] > 0:
				context += weight / 2
			}
		}
		if own == 0 {
			continue
		}
		s.score = own + context
		s.score = s.score * 40 / int64(40+max(0, len(s.terms)-12))
		if asks && len(s.untold) == 0 {
			s.score = s.score * 3 / 2
		}
		if s.question {
			s.score /= 2
		}
	}
}

// repeats reports whether at least four of five terms of the shorter sentence
// stand in the other.
func (s sentence) repeats(t sentence) bool {
	same := 0
	for _, term := range s.terms {
		if _, ok := slices.BinarySearch(t.terms, term); ok {
			same++
		}
	}
	return 5*same >= 4*min(len(s.terms), len(t.terms))
}
