// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package compose

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/answer"
	"dsai.example/dsai/internal/verifiable/chat"
	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/token"
)

// ErrDiffers reports an answer that is not what its tokens give.
var ErrDiffers = errors.New("the answer made again differs")

// Claim is what a receipt and its openings say of an answer.
type Claim struct {
	Question string
	Passages []dsai.PassageBody
	Limits   []Limit // of each passage; nil: nothing limits what is quoted
	Trace    []byte
	Text     string
	Quotes   []dsai.Quote
	Sampling string
	Seed     string
	Tokens   dsai.Tokens
	Ended    dsai.Ended
}

// Replay makes an answer again with the model, and reports where it differs: an *infer.Divergence in
// what was computed, ErrDiffers in what was made of it.
func Replay(ctx context.Context, m *engine.Model, f *chat.Format, c Claim) error {
	t, err := infer.ParseTrace(c.Trace)
	if err != nil {
		return err
	}
	set, err := c.settings(t)
	if err != nil {
		return err
	}
	prompt := Prompt(f, m.Vocabulary, c.Question, c.Passages)
	if len(prompt)+set.MaxTokens > m.Context {
		return fmt.Errorf("%w: %d tokens after a prompt of %d do not fit into the model's context of %d", ErrDiffers, set.MaxTokens, len(prompt), m.Context)
	}
	if err := m.Replay(ctx, prompt, t); err != nil {
		return err
	}
	if claimed := tokens(len(prompt), len(t.Tokens)); c.Tokens != claimed {
		return fmt.Errorf("%w: it has %d tokens after a prompt of %d, the receipt counts %d %ss after %d", ErrDiffers,
			claimed.Completion, claimed.Prompt, c.Tokens.Completion, c.Tokens.Unit, c.Tokens.Prompt)
	}
	text, err := c.read(m.Vocabulary, t, set)
	if err != nil {
		return err
	}
	return c.compare(text, t.Whole)
}

// settings reads what the receipt says of the drawing, and checks that the trace says the same.
func (c Claim) settings(t infer.Trace) (set settings, err error) {
	if err := json.Unmarshal([]byte(c.Sampling), &set); err != nil || set.canonical() != c.Sampling {
		return set, fmt.Errorf("%w: the receipt's sampling is not the canonical text of one", ErrDiffers)
	}
	seed := int64(0)
	if c.Seed != "" {
		if seed, err = strconv.ParseInt(c.Seed, 10, 64); err != nil || strconv.FormatInt(seed, 10) != c.Seed {
			return set, fmt.Errorf("%w: the receipt's seed is not the canonical text of one", ErrDiffers)
		}
	}
	s, err := set.infer(seed)
	switch {
	case err != nil:
		return set, fmt.Errorf("%w: sampling: %w", ErrDiffers, err)
	case set.Temperature > 0 && c.Seed == "":
		return set, fmt.Errorf("%w: it was drawn by chance, and the receipt names no seed", ErrDiffers)
	case s.Seed != t.Sampling.Seed:
		return set, fmt.Errorf("%w: the receipt names seed %.40q, the trace has %d", ErrDiffers, c.Seed, t.Sampling.Seed)
	case s != t.Sampling:
		return set, fmt.Errorf("%w: the receipt names another sampling than the trace", ErrDiffers)
	case set.MaxTokens < 1 || len(t.Tokens) > set.MaxTokens:
		return set, fmt.Errorf("%w: it has %d tokens, at most %d were asked for", ErrDiffers, len(t.Tokens), set.MaxTokens)
	}
	return set, nil
}

// read returns the text of a trace's tokens. It refuses a trace that goes on beyond the end of the
// answer, and one that did not end as the receipt says.
func (c Claim) read(v *token.Vocabulary, t infer.Trace, set settings) (string, error) {
	output := make([]token.ID, len(t.Tokens))
	for i, id := range t.Tokens {
		output[i] = token.ID(id)
	}
	text, read, ended := engine.Read(v, output, set.Stop)
	if read < len(output) {
		return "", fmt.Errorf("%w: it ends after %d tokens, and its trace goes on to %d", ErrDiffers, read, len(output))
	}
	full := len(output) == set.MaxTokens
	if whole := ended || full; whole != t.Whole {
		return "", fmt.Errorf("%w: whether it came to its end (%t) is not what its trace says (%t)", ErrDiffers, whole, t.Whole)
	}
	truly := false
	switch c.Ended {
	case dsai.EndedComplete:
		truly = ended
	case dsai.EndedStopped:
		truly = full && !ended
	case dsai.EndedCancelled, dsai.EndedRevoked: // even after the last token: some of the text may not have left
		truly = true
	}
	if !truly {
		return "", fmt.Errorf("%w: it did not end %s", ErrDiffers, c.Ended)
	}
	return text, nil
}

// compare reads the text as an answer and compares it with the one that was given. What was cut short
// is the first of the pieces in which the answer is handed on: a sentence with its first citation, and
// each further citation.
func (c Claim) compare(text string, whole bool) error {
	var b strings.Builder
	var quotes []dsai.Quote
	short := c.Ended != dsai.EndedComplete && c.Ended != dsai.EndedStopped
	at := func() bool { return b.Len() == len(c.Text) && len(quotes) == len(c.Quotes) }
	met := short && at() // after one of the pieces, or before the first
	release := func(s string, q []dsai.Quote) error {
		b.WriteString(s)
		for i := range max(1, len(q)) {
			quotes = append(quotes, q[min(i, len(q)):min(i+1, len(q))]...)
			met = met || short && at()
		}
		return nil
	}
	m := answer.NewMarker(c.Passages)
	err := m.Write(text, release)
	if err == nil && whole { // the last sentence is known to be one
		err = m.Close(release)
	}
	switch {
	case err != nil:
		return err
	case !strings.HasPrefix(b.String(), c.Text):
		return fmt.Errorf("%w: its tokens give another text", ErrDiffers)
	case len(quotes) < len(c.Quotes):
		return fmt.Errorf("%w: its text has fewer quotes", ErrDiffers)
	case !met && !at():
		return fmt.Errorf("%w: its text ends where neither its tokens nor one of their sentences do", ErrDiffers)
	}
	return c.compareQuotes(quotes[:len(c.Quotes)])
}
