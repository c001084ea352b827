// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package extract

import (
	"fmt"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/rank"
)

// SearchVersion names the rules of List, as Version does those of Run.
const SearchVersion = "search/1"

// List is what a search shows: every passage, in the order of the ranking, each by
// the sentence that fits the question best. Whoever searches judges for
// themselves, so nothing is refused for want of coverage, and Floor has no effect.
// Its errors are ErrOrder, and a *dsai.Refusal when there are no passages.
func List(lex rank.Lexicon, in Input) (*Answer, error) {
	x, read, err := readAll(lex, in)
	if err != nil {
		return nil, err
	}
	if len(read) == 0 {
		return nil, refuse(x, read, nil)
	}
	var best []sentence
	for i := range read {
		best = append(best, read[i].best(i, in.Passages[i].Body.Text, len(x.asks) > 0))
	}
	return answerWith(SearchVersion, in, read, best, 0), nil
}

// best returns the sentence that fits the question best, the first of equals. The
// words may stand in title and headings alone: then it is the first one that is no
// headline, or all of a text in which nothing else can be quoted.
func (r *reading) best(passage int, text string, asks bool) sentence {
	weigh(r, asks)
	best := sentence{unit: unit{end: len(text)}, held: make(shares, len(r.held))}
	found := false
	for _, s := range r.sentences {
		if s.kind != headline && (!found || s.score > best.score) {
			best, found = s, true
		}
	}
	best.passage = passage
	best.coverage = r.cover(&best)
	return best
}

// readAll reads the passages of an input, in the order of their ranking.
func readAll(lex rank.Lexicon, in Input) (*reader, []reading, error) {
	x := newReader(lex, in)
	read := make([]reading, len(in.Passages))
	for i, p := range in.Passages {
		read[i] = x.read(p)
		if read[i].score == 0 || i > 0 && rank.Compare(read[i-1].candidate(), read[i].candidate()) >= 0 {
			return nil, nil, fmt.Errorf("extract answer: %w: passage %d", ErrOrder, i+1)
		}
	}
	return x, read, nil
}

// answerWith is the answer that quotes these sentences.
func answerWith(version string, in Input, read []reading, chosen []sentence, need int) *Answer {
	most := slices.MaxFunc(chosen, func(a, b sentence) int { return a.coverage - b.coverage })
	a := &Answer{Trace: Trace{Engine: version, Coverage: most.coverage, Threshold: need, Passages: []TracePassage{}, Sentences: []TraceSentence{}}}
	for _, r := range read {
		a.Trace.Passages = append(a.Trace.Passages, TracePassage{Commitment: r.commitment, Score: r.score})
	}
	for _, s := range chosen {
		b := in.Passages[s.passage].Body
		quote := dsai.Quote{N: s.passage + 1, Start: b.Start + s.start, End: b.Start + s.end}
		a.Quotes = append(a.Quotes, quote)
		a.Trace.Sentences = append(a.Trace.Sentences, TraceSentence{Coverage: s.coverage, End: quote.End, N: quote.N, Score: s.score, Start: quote.Start})
	}
	a.Text = render(in.Passages, chosen)
	return a
}
