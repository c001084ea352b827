// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package extract is the engine dsai-extract-1: it answers a question by quoting
// the best sentences of the passages it is given, word for word and with their
// place, or refuses and names the words for which it has no evidence.
//
// What it asks of a sentence before it answers is coverage: how much of the
// question's words the sentence and what stands around it hold. A sentence that
// does not tell what the question asks for, say a price, counts half: see aspect.
//
// Asked to search, it lists all that it is given instead: see List.
//
// It quotes and never composes: it has no weights, joins no facts, and cannot
// tell whether a passage is true. It is a function of question, passages and
// statistics, so anybody who holds them can replay an answer byte for byte: see
// Replay. Engines, auditors and benchmarks may import it.
package extract

import (
	"cmp"
	"errors"
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
	Version = "extract/2"
	// Threshold is the coverage, in basis points, that a sentence must reach for a
	// question of very many words. It was fixed on the questions of bench/qa that
	// are exposed; docs/BENCHMARKS.md has the curve.
	Threshold = 4400
)

// Need returns the coverage, in basis points, that a quoted sentence must reach,
// or the engine refuses, for a question of so many words: threshold, and a share
// of it more for each word. That is what it would be if the question had one more
// word, as good as the others, that nothing holds: two words of two that match
// are weaker evidence than five of six. One word alone must be there.
func Need(threshold, words int) int {
	return min(10000, threshold+threshold/max(1, words))
}

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
	// Floor is the coverage that a policy asks for, in basis points. It can ask for
	// more than the engine does, never for less; receipts show what was in force.
	Floor int
	// Any answers whatever the coverage, to measure what a threshold would do.
	Any bool
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
	x, read, err := readAll(lex, in)
	if err != nil {
		return nil, err
	}
	need := max(Need(Threshold, len(x.query.Words)), in.Floor)
	chosen := choose(read, len(x.asks) > 0)
	if len(chosen) == 0 {
		return nil, refuse(x, read, nil)
	}
	best := slices.MaxFunc(chosen, func(a, b sentence) int { return a.coverage - b.coverage })
	if best.coverage < need && !in.Any {
		return nil, refuse(x, read, &best)
	}
	return answerWith(Version, in, read, chosen, need), nil
}

// refuse names the words that no passage holds or, when each is held by some,
// those that the best passage lacks; and what the best sentence does not tell.
func refuse(x *reader, read []reading, best *sentence) *dsai.Refusal {
	var missing, lacking []string
	for i, w := range x.query.Words {
		if !slices.ContainsFunc(read, func(r reading) bool { return r.held[i] > 0 }) {
			missing = append(missing, w.Text)
		} else if best != nil && read[best.passage].held[i] == 0 {
			lacking = append(lacking, w.Text)
		}
	}
	var untold []string
	if best != nil {
		untold = best.untold
	}
	if len(missing) == 0 {
		missing = lacking
	}
	var reasons []string
	if len(missing) > 0 {
		reasons = append(reasons, "no passage covers: "+strings.Join(missing, ", "))
	}
	if len(untold) > 0 {
		reasons = append(reasons, "the sentence that fits best does not tell: "+strings.Join(untold, ", "))
	}
	reason := cmp.Or(strings.Join(reasons, "; "), "no passage answers the question")
	for _, u := range untold {
		if !slices.Contains(missing, u) {
			missing = append(missing, u)
		}
	}
	return &dsai.Refusal{Code: dsai.CodeNoEvidence, Reason: reason, Detail: dsai.RefusalDetail{Reason: reason, Missing: missing}}
}

// render returns the answer as text: a line for each sentence with the number of
// its passage. Which document that is stands in the quotes.
func render(passages []Passage, chosen []sentence) string {
	lines := make([]string, len(chosen))
	for i, s := range chosen {
		lines[i] = Inert(passages[s.passage].Body.Text[s.start:s.end]) + " " + mark(s.passage)
	}
	return strings.Join(lines, "\n")
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
