// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package extract

import (
	"slices"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/rank"
)

// reading is a passage as the question sees it.
type reading struct {
	commitment dsai.Digest
	score      int64
	weights    []int64 // of each word of the question, in this passage's field
	evidence   []int64 // the same for coverage; see the function evidence
	held       shares  // by the passage, title and headings included
	above      shares  // by title and headings
	sentences  []sentence
}

// shares say, for each word of the question, how well some text holds it: 0,
// alike or exact.
type shares []uint8

// sentence is a stretch of a passage that can be quoted.
type sentence struct {
	unit
	passage  int      // in Input.Passages
	held     shares   // by the sentence itself
	terms    []string // all its terms, sorted, each once
	untold   []string // what the question asks for and the sentence does not tell
	question bool     // asks one itself
	score    int64
	coverage int // basis points, of a chosen one
}

func (r *reading) candidate() rank.Candidate {
	return rank.Candidate{Score: r.score, Commitment: r.commitment}
}

// reader reads passages for one question.
type reader struct {
	lex    rank.Lexicon
	query  rank.Query
	fields []dsai.FieldStats
	kin    *kin
	asks   []ask
}

func newReader(lex rank.Lexicon, in Input) *reader {
	r := &reader{lex: lex, query: rank.Parse(lex, in.Question).Weigh(in.Fields, in.DF), fields: in.Fields}
	var words []string
	for _, w := range r.query.Words {
		words = append(words, w.Text)
	}
	r.kin = newKin(words)
	r.asks = asks(in.Question)
	return r
}

// read analyses a passage once, for its score and for its sentences.
func (x *reader) read(p Passage) reading {
	words := x.query.Words
	field := x.lex.Field(p.Body.Language)
	text := rank.Text(p.Body)
	body := len(text) - len(p.Body.Text)
	tokens := x.lex.Analyze(field, text)
	r := reading{commitment: p.Commitment, held: make(shares, len(words)), above: make(shares, len(words))}
	asked := map[string][]int{}
	for i := range words {
		r.weights = append(r.weights, words[i].IDF(field))
		r.evidence = append(r.evidence, evidence(words[i].Text, r.weights[i]))
		if t, ok := words[i].Term(field); ok {
			asked[t.Term] = append(asked[t.Term], i)
		}
	}
	for _, u := range units(p.Body.Text) {
		quote := p.Body.Text[u.start:u.end]
		r.sentences = append(r.sentences, sentence{unit: u, held: make(shares, len(words)), question: strings.HasSuffix(quote, "?")})
	}
	counts := rank.Counts{Field: field, Length: min(len(tokens), rank.MaxLength), TF: make(map[string]int, len(tokens))}
	at := 0 // sentence that the token may lie in
	for i, t := range tokens {
		if i < counts.Length {
			counts.TF[t.Term]++
		}
		in := r.above
		for at < len(r.sentences) && r.sentences[at].end <= t.Start-body {
			at++
		}
		if at < len(r.sentences) && r.sentences[at].start <= t.Start-body {
			s := &r.sentences[at]
			s.terms = append(s.terms, t.Term)
			if s.kind != headline {
				in = s.held
			}
		}
		for _, w := range asked[t.Term] {
			r.held[w], in[w] = exact, exact
		}
		for w, like := range x.kin.of(text[t.Start:t.End]) {
			if like {
				r.held[w], in[w] = max(r.held[w], alike), max(in[w], alike)
			}
		}
	}
	r.score = x.query.Score(x.fields, counts)
	x.tell(&r, p.Body)
	return r
}

// tell finds what sentences do not tell of what the question asks for.
func (x *reader) tell(r *reading, b dsai.PassageBody) {
	if len(x.asks) == 0 {
		return
	}
	above := fold(b.Title + " " + strings.Join(b.Heading, " "))
	for i := range r.sentences {
		s := &r.sentences[i]
		text := b.Text[s.start:s.end]
		if s.kind == headline {
			above = append(above, fold(text)...)
			continue
		}
		if !slices.ContainsFunc(s.held, func(h uint8) bool { return h > 0 }) {
			continue // never quoted
		}
		words := fold(text)
		for _, a := range x.asks {
			if !a.told(text, words, above, s.kind == row) {
				s.untold = append(s.untold, a.text)
			}
		}
	}
}

// evidence returns what a word counts for coverage: its weight in the ranking and
// 4 bits more, or half of that if it is common. Rarity alone is a poor measure of
// what a question cannot do without.
func evidence(word string, weight int64) int64 {
	weight += 4 * rank.One
	if common[strings.ToLower(word)] {
		weight /= 2
	}
	return weight
}

// passageShare of 4 is how much of the coverage the whole passage can give; the
// rest must come from the sentence, or from the title and headings above it.
const passageShare = 3

// untoldShare divides the coverage of a sentence that does not tell what is asked
// for: a price, a depth, a person.
const untoldShare = 2

// cover returns how much of the question a sentence of the passage and what
// stands around it hold, in basis points of the evidence of its words.
func (r *reading) cover(s *sentence) int {
	var have, all int64
	for w, weight := range r.evidence {
		have += weight * (passageShare*int64(r.held[w]) + (4-passageShare)*int64(max(s.held[w], r.above[w])))
		all += weight * 4 * exact
	}
	if all == 0 {
		return 0
	}
	if len(s.untold) > 0 {
		have /= untoldShare
	}
	return int(10000 * have / all)
}
