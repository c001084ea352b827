// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package compose

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
	Trace    []byte
	Text     string
	Quotes   []dsai.Quote
	Sampling string
	Seed     string
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
	if err := m.Replay(ctx, Prompt(f, m.Vocabulary, c.Question, c.Passages), t); err != nil {
		return err
	}
	output := make([]token.ID, len(t.Tokens))
	for i, id := range t.Tokens {
		output[i] = token.ID(id)
	}
	text, stopped := engine.Read(m.Vocabulary, output, set.Stop)
	return c.compare(text, stopped, len(t.Tokens) == set.MaxTokens)
}

// settings reads what the receipt says of the drawing, and checks that the trace says the same.
func (c Claim) settings(t infer.Trace) (set settings, err error) {
	if err := json.Unmarshal([]byte(c.Sampling), &set); err != nil || set.canonical() != c.Sampling {
		return set, fmt.Errorf("%w: the receipt's sampling cannot be read", ErrDiffers)
	}
	seed := int64(0)
	if c.Seed != "" {
		if seed, err = strconv.ParseInt(c.Seed, 10, 64); err != nil {
			return set, fmt.Errorf("%w: the receipt's seed cannot be read", ErrDiffers)
		}
	}
	s, err := set.infer(seed)
	if err == nil && s != t.Sampling {
		err = fmt.Errorf("%w: the receipt names another sampling than the trace", ErrDiffers)
	}
	if err == nil && len(t.Tokens) > set.MaxTokens {
		err = fmt.Errorf("%w: it has %d tokens, at most %d were asked for", ErrDiffers, len(t.Tokens), set.MaxTokens)
	}
	return set, err
}

// compare reads the text as an answer and compares it with the one that was given.
func (c Claim) compare(text string, stopped, full bool) error {
	var b strings.Builder
	var quotes []dsai.Quote
	m := answer.NewMarker(c.Passages)
	release := func(s string, q []dsai.Quote) error {
		b.WriteString(s)
		quotes = append(quotes, q...)
		return nil
	}
	if err := errors.Join(m.Write(text, release), m.Close(release)); err != nil {
		return err
	}
	whole := c.Ended == dsai.EndedComplete || c.Ended == dsai.EndedStopped
	switch {
	case whole && b.String() != c.Text, !strings.HasPrefix(b.String(), c.Text):
		return fmt.Errorf("%w: its tokens read otherwise", ErrDiffers)
	case c.Ended == dsai.EndedComplete && !stopped, c.Ended == dsai.EndedStopped && !full:
		return fmt.Errorf("%w: it did not end %s", ErrDiffers, c.Ended)
	case whole && len(quotes) != len(c.Quotes), len(quotes) < len(c.Quotes), !slices.EqualFunc(quotes[:len(c.Quotes)], c.Quotes, within):
		return fmt.Errorf("%w: it cites otherwise", ErrDiffers)
	}
	return nil
}

// within reports a citation that is the same, or was cut to nothing by a limit on quotation.
func within(made, claimed dsai.Quote) bool {
	return made == claimed || made.N == claimed.N && made.Start == claimed.Start && claimed.Start == claimed.End
}
