// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package extract

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/rank"
)

// ErrUnproven reports an answer that comes out another way, where a word of the
// question stands in a passage and its document frequency is not disclosed. Whoever
// hands a bundle on may leave that out: so it says nothing about the answer.
var ErrUnproven = errors.New("the document frequency of a word of the question is not proven here")

// Sampling is what receipts say of how an answer was drawn: nothing was.
const Sampling = "none"

// Claim is what a receipt and its openings say of an answer.
type Claim struct {
	Answer
	Engine         string // Version, or SearchVersion
	Seed, Sampling string
	Tokens         dsai.Tokens
	Ended          dsai.Ended
}

// Tokens counts the words (UAX #29) of a question and of the whole answer.
func Tokens(lex rank.Lexicon, question, text string) dsai.Tokens {
	count := func(s string) int { return len(lex.Analyze(rank.Plain, s)) }
	return dsai.Tokens{Prompt: count(question), Completion: count(text), Unit: "word"}
}

// Replay answers again from what a bundle discloses and compares everything that
// the engine decides with the claim. It returns nil when all of it is the same, an
// error wrapping ErrUnproven when that cannot be told, and says otherwise what
// differs first.
func Replay(lex rank.Lexicon, in Input, c Claim) error {
	err := c.replay(lex, in)
	if err != nil {
		return fmt.Errorf("replay answer: %w", err)
	}
	return nil
}

func (c Claim) replay(lex rank.Lexicon, in Input) error {
	switch {
	case c.Sampling != Sampling:
		return fmt.Errorf("sampling is %q, the receipt says %.80q", Sampling, c.Sampling)
	case c.Seed != "":
		return fmt.Errorf("seed: nothing is drawn, the receipt says %.40q", c.Seed)
	}
	run := Run
	if c.Engine == SearchVersion {
		run = List
	}
	got, err := run(lex, in)
	if err == nil {
		err = got.Trace.compare(c.Trace)
	}
	if err != nil {
		if term, found := unproven(lex, in); found {
			return fmt.Errorf("%w: %.40q", ErrUnproven, term)
		}
		return err
	}
	// What follows from the trace needs no frequency.
	if want := Tokens(lex, in.Question, got.Text); c.Tokens != want {
		return fmt.Errorf("tokens are %d and %d in %q, the receipt says %d and %d in %.20q",
			want.Prompt, want.Completion, want.Unit, c.Tokens.Prompt, c.Tokens.Completion, c.Tokens.Unit)
	}
	return c.compare(got)
}

// compare compares the trace with a claimed one.
func (t Trace) compare(c Trace) error {
	for _, f := range []struct {
		name string
		same bool
	}{
		{"engine", t.Engine == c.Engine},
		{"threshold", t.Threshold == c.Threshold},
		{"passages", slices.Equal(t.Passages, c.Passages)},
		{"sentences", slices.Equal(t.Sentences, c.Sentences)},
		{"coverage", t.Coverage == c.Coverage},
	} {
		if !f.same {
			return fmt.Errorf("trace differs in %q", f.name)
		}
	}
	return nil
}

// compare compares what was shown: all of it, or of an answer that was cut short
// the first lines, which are handed on one by one with a quote each.
func (c Claim) compare(got *Answer) error {
	text, quotes := got.Text, got.Quotes
	switch c.Ended {
	case dsai.EndedComplete:
	case dsai.EndedCancelled, dsai.EndedRevoked:
		if n := len(c.Quotes); n < len(quotes) {
			quotes = quotes[:n]
			text = strings.Join(strings.SplitAfter(text, "\n")[:n], "")
		}
	default:
		return fmt.Errorf("it ended by itself, the receipt says %q", c.Ended)
	}
	if !slices.Equal(quotes, c.Quotes) {
		return fmt.Errorf("quotes differ: %v, claimed %v", quotes, c.Quotes)
	}
	if text != c.Text {
		return errors.New("text differs")
	}
	return nil
}

// unproven returns a term of the question that stands in a passage, and in none by
// the statistics as they are disclosed.
func unproven(lex rank.Lexicon, in Input) (term string, found bool) {
	q := rank.Parse(lex, in.Question)
	for _, p := range in.Passages {
		field := lex.Field(p.Body.Language)
		counts := rank.Count(lex, field, rank.Text(p.Body))
		for i := range q.Words {
			if t, ok := q.Words[i].Term(field); ok && counts.TF[t.Term] > 0 && in.DF(field, t.Term) == 0 {
				return t.Term, true
			}
		}
	}
	return "", false
}
