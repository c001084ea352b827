// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package compose_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/verifiable/compose"
	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/infer"
)

// An answer has no tokens beyond the one that ended it, however the receipt says that it ended.
func TestReplayRefusesTokensBeyondTheEnd(t *testing.T) {
	b := newBench(t)
	s := infer.Sampling{Temperature: 1.5, Seed: 2}
	runs := map[int]*infer.Tracer{}
	run := func(n int) *infer.Tracer {
		if runs[n] == nil {
			runs[n] = b.run(s, n)
		}
		return runs[n]
	}
	long := run(600).Trace(600)
	word := "" // what some token in the middle says
	for i := 20; word == ""; i++ {
		word = strings.ToValidUTF8(string(b.model.Vocabulary.Bytes(ids(long)[i])), "")
	}
	for _, stop := range [][]string{nil, {word}} {
		_, end, ended := engine.Read(b.model.Vocabulary, ids(long), stop)
		if !ended || end > 590 {
			t.Fatalf("no end in 600 tokens with stop %q: %d, choose another seed", stop, end)
		}
		sampling := func(most int) string {
			text, err := json.Marshal(map[string]any{"max_tokens": most, "stop": stop, "temperature": 1.5})
			if err != nil {
				t.Fatal(err)
			}
			return strings.Replace(string(text), `"stop":null,`, "", 1)
		}
		for _, tt := range []struct {
			tokens, most int
			ended        dsai.Ended
			ok           bool
		}{
			{end, end, dsai.EndedComplete, true},
			{end, 1000, dsai.EndedComplete, true},
			{end, end, dsai.EndedStopped, false},
			{end - 1, end - 1, dsai.EndedStopped, true},
			{end - 1, end - 1, dsai.EndedComplete, false},
			{end - 1, 1000, dsai.EndedStopped, false},
			{end + 1, end + 1, dsai.EndedComplete, false},
			{end + 1, end + 1, dsai.EndedStopped, false},
			{end + 5, 1000, dsai.EndedComplete, false},
			{end + 5, 1000, dsai.EndedCancelled, false},
			{end, 1 << 20, dsai.EndedComplete, false}, // more than the context has room for
		} {
			err := b.replay(b.claim(run(tt.tokens).Trace(tt.tokens), sampling(tt.most), stop, tt.ended))
			if tt.ok && err != nil || !tt.ok && !errors.Is(err, compose.ErrDiffers) {
				t.Errorf("%d tokens of at most %d, end after %d, stop %q, ended %s: %v, want ok %t", tt.tokens, tt.most, end, stop, tt.ended, err, tt.ok)
			}
		}
		for n, ok := range map[int]bool{end - 1: true, end: false, end + 3: false} { // a trace that was cut off holds no end
			c := b.claim(run(end+5).Trace(n), sampling(1000), stop, dsai.EndedCancelled)
			if c.Text, c.Quotes = "", nil; (b.replay(c) == nil) != ok {
				t.Errorf("cut off after %d tokens, end after %d, stop %q: %v, want ok %t", n, end, stop, b.replay(c), ok)
			}
		}
	}
}

// talk is an answer of several sentences.
var talk = pipeline.Sampling{MaxTokens: 600, Temperature: ptr(1.5), Seed: ptr(int64(1))}

func pieces(t *testing.T, b *bench) (whole compose.Claim, out []pipeline.Piece) {
	t.Helper()
	whole, err := b.ask(talk, func(p pipeline.Piece) error { out = append(out, p); return nil })
	if err != nil || len(out) < 3 {
		t.Fatalf("%d pieces, %v, want at least 3: choose another seed", len(out), err)
	}
	return whole, out
}

// Each member of a receipt that says how an answer was made is compared, in its one form.
func TestReplayComparesTheReceipt(t *testing.T) {
	b := newBench(t)
	whole, out := pieces(t, b)
	if err := b.replay(whole); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*compose.Claim){
		"prompt tokens":      func(c *compose.Claim) { c.Tokens.Prompt-- },
		"completion tokens":  func(c *compose.Claim) { c.Tokens.Completion = 1 << 40 },
		"unit":               func(c *compose.Claim) { c.Tokens.Unit = "word" },
		"seed with a sign":   func(c *compose.Claim) { c.Seed = "+1" },
		"seed with a zero":   func(c *compose.Claim) { c.Seed = "01" },
		"sampling spaced":    func(c *compose.Claim) { c.Sampling = strings.Replace(c.Sampling, ",", ", ", 1) },
		"sampling long":      func(c *compose.Claim) { c.Sampling = strings.Replace(c.Sampling, "1.5", "1.50", 1) },
		"cut, called whole":  func(c *compose.Claim) { c.Text, c.Quotes = out[0].Text, nil },
		"cut in a sentence":  func(c *compose.Claim) { c.Text, c.Quotes, c.Ended = c.Text[:5], nil, dsai.EndedCancelled },
		"withdrawn likewise": func(c *compose.Claim) { c.Text, c.Quotes, c.Ended = c.Text[:5], nil, dsai.EndedRevoked },
		"degraded":           func(c *compose.Claim) { c.Ended = dsai.EndedDegraded },
		"crashed":            func(c *compose.Claim) { c.Ended = dsai.EndedCrashed },
		"the other end":      func(c *compose.Claim) { c.Ended = other(c.Ended) },
	} {
		c := whole
		change(&c)
		if err := b.replay(c); !errors.Is(err, compose.ErrDiffers) {
			t.Errorf("%s: %v, want %v", name, err, compose.ErrDiffers)
		}
	}
}

func other(e dsai.Ended) dsai.Ended {
	if e == dsai.EndedComplete {
		return dsai.EndedStopped
	}
	return dsai.EndedComplete
}

// However early its reader leaves, and after whichever citation, an answer can be made again; cut
// anywhere else it cannot.
func TestReplayOfAnswersCutShort(t *testing.T) {
	b := newBench(t)
	_, all := pieces(t, b)
	errLeft := errors.New("left")
	for n := range all {
		left := n
		c, err := b.ask(talk, func(pipeline.Piece) error {
			if left--; left < 0 {
				return errLeft
			}
			return nil
		})
		if !errors.Is(err, errLeft) {
			t.Fatalf("after %d pieces: %v, want %v", n, err, errLeft)
		}
		for _, ended := range []dsai.Ended{dsai.EndedCancelled, dsai.EndedRevoked} {
			c.Ended = ended
			if err := b.replay(c); err != nil {
				t.Errorf("after %d pieces, ended %s: %v", n, ended, err)
			}
		}
		for _, ended := range []dsai.Ended{dsai.EndedComplete, dsai.EndedStopped, dsai.EndedDegraded} {
			c.Ended = ended
			if err := b.replay(c); !errors.Is(err, compose.ErrDiffers) {
				t.Errorf("after %d pieces, ended %s: %v, want %v", n, ended, err, compose.ErrDiffers)
			}
		}
		if c.Ended = dsai.EndedCancelled; len(c.Text) > 1 {
			c.Text = c.Text[:len(c.Text)-1]
			if err := b.replay(c); !errors.Is(err, compose.ErrDiffers) {
				t.Errorf("after %d pieces less a byte: %v, want %v", n, err, compose.ErrDiffers)
			}
		}
	}
}
