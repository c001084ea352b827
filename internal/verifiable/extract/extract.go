// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package extract is the engine dsai-extract-1: it answers a question by quoting
// the best sentences of the passages it is given, word for word and with their
// place, or refuses and names the words for which it has no evidence.
//
// It quotes and never composes: it has no weights, joins no facts, and cannot
// tell whether a passage is true. It is a function of question, passages and
// statistics, so anybody who holds them can replay an answer byte for byte: see
// Replay. Engines, auditors and benchmarks may import it.
package extract

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/verifiable/rank"
)

const (
	// ModelID is the name under which requests ask for this engine.
	ModelID = "dsai-extract-1"
	// Version names these rules; a change of any golden needs a new one.
	Version = "extract/1"
	// Threshold is the coverage, in basis points, that a quoted sentence must reach,
	// or the engine refuses. It was fixed on the questions of bench/qa marked "tune";
	// docs/BENCHMARKS.md has the curve, and what it lets through of the others.
	Threshold = 6000
)

// Limits on an answer.
const (
	maxSources   = 4 // passages quoted
	maxSentences = 5 // sentences quoted
)

// ErrOrder reports passages that are not in the order of the ranking, or that
// no word of the question occurs in: no honest retrieval hands these over.
var ErrOrder = errors.New("passages are not in the order of the ranking")

// Input is what an answer is a function of.
type Input struct {
	Question string
	Passages []Passage // all that the engine is given, in the order of the ranking
	// Fields and DF are the statistics that ranked the passages.
	Fields []dsai.FieldStats
	DF     func(field, term string) int
	// Threshold is the coverage asked for, in basis points; 0 means the engine's
	// own. A policy may ask for more; receipts show what was in force.
	Threshold int
}

// Passage is one passage with its commitment, by which the ranking breaks ties.
type Passage struct {
	Body       dsai.PassageBody
	Commitment dsai.Digest
}

// Answer quotes passages.
type Answer struct {
	Text   string       // what is shown; see render
	Quotes []dsai.Quote // the sentences, best first; N counts Input.Passages from 1
	Trace  Trace
}

// Run answers, or returns a *dsai.Refusal with code no_evidence. Any other error
// is ErrOrder.
func Run(lex rank.Lexicon, in Input) (*Answer, error) {
	x := newReader(lex, in)
	read := make([]reading, len(in.Passages))
	for i, p := range in.Passages {
		read[i] = x.read(p)
		if read[i].score == 0 || i > 0 && rank.Compare(read[i-1].candidate(), read[i].candidate()) >= 0 {
			return nil, fmt.Errorf("extract answer: %w: passage %d", ErrOrder, i+1)
		}
	}
	need := in.Threshold
	if need == 0 {
		need = Threshold
	}
	chosen := choose(in.Question, read)
	if len(chosen) == 0 {
		return nil, refuse(x.query, read, 0)
	}
	best := slices.MaxFunc(chosen, func(a, b sentence) int { return a.coverage - b.coverage })
	if best.coverage < need {
		return nil, refuse(x.query, read, best.passage)
	}
	a := &Answer{Trace: Trace{Engine: Version, Coverage: best.coverage, Threshold: need, Passages: []TracePassage{}, Sentences: []TraceSentence{}}}
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
	return a, nil
}

// refuse names the words that no passage holds or, when each is held by some,
// those that the best passage lacks.
func refuse(q rank.Query, read []reading, best int) *dsai.Refusal {
	var missing, lacking []string
	for i, w := range q.Words {
		if !slices.ContainsFunc(read, func(r reading) bool { return r.held[i] > 0 }) {
			missing = append(missing, w.Text)
		} else if read[best].held[i] == 0 {
			lacking = append(lacking, w.Text)
		}
	}
	if len(missing) == 0 {
		missing = lacking
	}
	reason := "no passage answers the question"
	if len(missing) > 0 {
		reason = "no passage covers: " + strings.Join(missing, ", ")
	}
	return &dsai.Refusal{Code: dsai.CodeNoEvidence, Reason: reason, Detail: dsai.RefusalDetail{Reason: reason, Missing: missing}}
}

// render returns the answer as text: a line for each sentence with the number of
// its passage, an empty line, and a line for each passage quoted with its title,
// headings and page.
func render(passages []Passage, chosen []sentence) string {
	var b strings.Builder
	var cited []int
	for _, s := range chosen {
		b.WriteString(Inert(passages[s.passage].Body.Text[s.start:s.end]) + " " + mark(s.passage) + "\n")
		if !slices.Contains(cited, s.passage) {
			cited = append(cited, s.passage)
		}
	}
	slices.Sort(cited)
	for _, i := range cited {
		p := passages[i].Body
		b.WriteString("\n" + mark(i) + " " + Inert(p.Title))
		for _, h := range p.Heading {
			b.WriteString(" > " + Inert(h))
		}
		if p.Page > 0 {
			b.WriteString(", p. " + strconv.Itoa(p.Page))
		}
	}
	return b.String()
}

func mark(passage int) string { return "[" + strconv.Itoa(passage+1) + "]" }

// Inert returns text on one line that no terminal obeys and that no Markdown
// renderer turns into an image, a link or HTML: white space is folded, control
// characters and direction overrides go, and a space parts what would be syntax.
// Quotes keep the exact span. The result is part of an answer that is made again
// to the byte, so it changes only with the engine's id; what chat clients are
// sent is escaped further, by api/openai.
func Inert(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if inert.Acts(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Join(strings.Fields(s), " ")
	var b strings.Builder
	for i, r := range s {
		b.WriteRune(r)
		rest := s[i+1:]
		if len(rest) == 0 {
			break
		}
		c := rest[0]
		html := c == '/' || c == '!' || c == '?' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if r == ']' && (c == '(' || c == '[' || c == ':') || r == '!' && c == '[' || r == '<' && html {
			b.WriteByte(' ')
		}
	}
	return b.String()
}
