// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/verifiable/compose"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
	"dsai.example/dsai/internal/view"
	"dsai.example/dsai/verify"
)

const sips = "How much sugar and salt for one litre of clean water?"

// speaker adds a tiny model whose weights come from a seed.
func speaker(t testing.TB, n *node.Node, context int) (path string) {
	t.Helper()
	s := infertest.Speaker(1)
	s.Context = context
	path = filepath.Join(t.TempDir(), "m.gguf")
	if err := os.WriteFile(path, s.File(), 0o600); err != nil {
		t.Fatal(err)
	}
	call[view.Model](t, n, "model.add", node.ModelArgs{Name: "tiny", Path: path})
	return path
}

func askModel(t testing.TB, n *node.Node, s pipeline.Sampling, emit func(pipeline.Piece) error) *pipeline.Receipt {
	t.Helper()
	rec, err := n.Ask(t.Context(), &pipeline.Request{Question: sips, Requester: n.Console(), Model: "tiny", Sampling: s}, emit)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// keeper replays, and keeps what it was given.
type keeper struct {
	node.Replayer
	in verify.Replay
}

func (k *keeper) Replay(r verify.Replay) error {
	k.in = r
	return k.Replayer.Replay(r)
}

func replay(t testing.TB, n *node.Node, model string) (*verify.Result, *keeper) {
	t.Helper()
	raw := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: "last"})
	k := &keeper{Replayer: node.Replayer{Model: model}}
	res, err := verify.Bundle(raw, verify.Options{Trust: n.Trust(), Replayer: k})
	if err != nil || !res.OK || !res.Replayed {
		t.Fatalf("verify = %+v, %v, want ok and replayed", res, err)
	}
	return res, k
}

func ptr[T any](v T) *T { return &v }

// Everything that decides an answer is in its receipt, and a change of any of it is found.
func TestModelAnswerIsMadeAgain(t *testing.T) {
	n, _ := home(t)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{write(t, "oral.md", rehydration)}})
	path := speaker(t, n, 8192)
	logprobs := 0
	s := pipeline.Sampling{Temperature: ptr(0.9), TopP: ptr(0.95), TopK: ptr(40), MinP: ptr(0.01), Presence: ptr(0.5), Frequency: ptr(0.1),
		Seed: ptr(int64(-7)), MaxTokens: 40, Stop: []string{"nothing says this"}, Logprobs: 3}
	rec := askModel(t, n, s, func(p pipeline.Piece) error {
		logprobs += len(p.Logprobs)
		for _, l := range p.Logprobs {
			if l.Logprob > 0 || len(l.Top) != 2 || l.Top[0].Logprob < l.Top[1].Logprob {
				t.Errorf("likelihood %+v, want two of the likeliest, best first", l)
			}
		}
		return nil
	})
	o := rec.Output
	if o.Tokens.Unit != "token" || o.Tokens.Completion < 1 || o.Tokens.Completion > 40 || logprobs != o.Tokens.Completion || o.Seed != "-7" || len(o.NoEffect) != 0 {
		t.Errorf("answer has tokens %+v, %d likelihoods, seed %q, no effect of %v", o.Tokens, logprobs, o.Seed, o.NoEffect)
	}
	_, k := replay(t, n, path)
	for _, tt := range []struct {
		name   string
		change func(*verify.Replay)
		want   func(error) bool
	}{
		{"response", func(r *verify.Replay) { r.Openings.Response = opening(r.Openings.Response.Text + "x") }, differs},
		{"quotes", func(r *verify.Replay) { r.Openings.Quotes = opening(`[{"end":2,"n":1,"start":1}]`) }, differs},
		{"seed", func(r *verify.Replay) { r.Receipt.Seed = "8" }, differs},
		{"sampling", func(r *verify.Replay) { r.Receipt.Sampling = strings.Replace(r.Receipt.Sampling, "0.9", "0.8", 1) }, differs},
		{"end", func(r *verify.Replay) { r.Receipt.Ended = other(r.Receipt.Ended) }, differs},
		{"question", func(r *verify.Replay) { r.Openings.Prompt = opening("another") }, diverges},
		{"passage", func(r *verify.Replay) { r.Openings.Passages[0].Body.Text += "x" }, diverges},
		{"token", func(r *verify.Replay) {
			tr, err := infer.ParseTrace([]byte(r.Openings.Trace.Text))
			if err != nil {
				t.Fatal(err)
			}
			tr.Tokens[3] ^= 1
			r.Openings.Trace = opening(string(tr.JSON()))
		}, diverges},
		{"no trace", func(r *verify.Replay) { r.Openings.Trace = nil }, func(err error) bool { return errors.Is(err, verify.ErrWithheld) }},
		{"another model", func(r *verify.Replay) { r.Receipt.Model.Fingerprint[0] ^= 1 }, func(err error) bool { return errors.Is(err, verify.ErrMissing) }},
	} {
		in := k.in
		in.Openings.Passages = append(in.Openings.Passages[:0:0], in.Openings.Passages...)
		tt.change(&in)
		if err := k.Replayer.Replay(in); !tt.want(err) {
			t.Errorf("replay with another %s: %v", tt.name, err)
		}
	}
}

func opening(text string) *dsai.Opening { return &dsai.Opening{Text: text} }

func differs(err error) bool { return errors.Is(err, compose.ErrDiffers) }

func diverges(err error) bool {
	_, ok := errors.AsType[*infer.Divergence](err)
	return ok || errors.Is(err, infer.ErrTrace) // of another prompt
}

func other(e dsai.Ended) dsai.Ended {
	if e == dsai.EndedComplete {
		return dsai.EndedStopped
	}
	return dsai.EndedComplete
}

// A withdrawal stops an answer under way; what had left can still be made again.
func TestWithdrawalStopsModel(t *testing.T) {
	n, _ := home(t)
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{write(t, "oral.md", rehydration)}})
	path := speaker(t, n, 8192)
	begun, done := make(chan struct{}), make(chan error, 1)
	go func() {
		<-begun
		done <- n.Methods().Call(t.Context(), "consent.revoke", node.RevokeArgs{Ref: "oral.md"}, nil, nil)
	}()
	first := true
	rec := askModel(t, n, pipeline.Sampling{MaxTokens: 6000, Temperature: ptr(1.5), Seed: ptr(int64(1))}, func(pipeline.Piece) error {
		if first {
			first = false
			close(begun)
		}
		return nil
	})
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if rec.Output.Ended != dsai.EndedRevoked || rec.Output.Tokens.Completion >= 6000 || rec.Output.Tokens.Completion == 0 {
		t.Errorf("answer ended %s after %d tokens, want %s before 6000", rec.Output.Ended, rec.Output.Tokens.Completion, dsai.EndedRevoked)
	}
	raw, err := n.Bundle(t.Context(), rec.Digest)
	if err != nil {
		t.Fatal(err)
	}
	res, err := verify.Bundle(raw, verify.Options{Trust: n.Trust(), Replayer: node.Replayer{Model: path}})
	if err != nil || !res.Replayed {
		t.Errorf("verify = %+v, %v, want it replayed", res, err)
	}
}

// Passages that do not fit are left out, counted, and not named as used.
func TestPassagesFitContext(t *testing.T) {
	n, _ := home(t)
	var paths []string
	for _, name := range []string{"a.md", "b.md", "c.md", "d.md"} {
		paths = append(paths, write(t, name, strings.Replace(rehydration, "Oral", name, 1)))
	}
	call[node.Contributed](t, n, "add", node.Contribution{Paths: paths})
	path := speaker(t, n, 2600)
	rec := askModel(t, n, pipeline.Sampling{}, func(pipeline.Piece) error { return nil })
	e := rec.Output.Plan.Evidence
	if len(e.Passages) == 0 || len(e.Passages) >= 4 || len(e.Excluded.Counts) != 1 || e.Excluded.Counts[0].Reason != compose.LeftOut {
		t.Errorf("%d passages used, excluded %+v", len(e.Passages), e.Excluded.Counts)
	}
	if rec.Output.Tokens.Prompt+rec.Output.Tokens.Completion > 2600 {
		t.Errorf("tokens %+v overflow the context", rec.Output.Tokens)
	}
	replay(t, n, path)
}

// TestComposedAnswersKeepWithinQuotation gives a model, which may repeat all it
// was given, no passage that may not be quoted whole, and charges it whole.
func TestComposedAnswersKeepWithinQuotation(t *testing.T) {
	for _, tt := range []struct{ limit, answers int }{{10, 0}, {300, 1}} { // the passage has some 190
		n, _ := home(t)
		doc, _ := lend(t, n, node.Contribution{QuoteMax: tt.limit}, rehydration)
		path := speaker(t, n, 8192)
		answers := 0
		for range 3 {
			r := &pipeline.Request{Question: sips, Requester: n.Console(), Model: "tiny", Sampling: pipeline.Sampling{MaxTokens: 40}}
			if _, err := n.Ask(t.Context(), r, ignore); err != nil {
				continue
			}
			answers++
			if res, _ := replay(t, n, path); !res.OK {
				t.Errorf("verify = %+v, want ok", res)
			}
		}
		used, err := n.Quoted(t.Context(), doc.ID)
		if err != nil || answers != tt.answers || used > tt.limit || (used > 100) != (answers > 0) {
			t.Errorf("at most %d: %d answers, %d charged, %v, want %d answers", tt.limit, answers, used, err, tt.answers)
		}
	}
}

// TestCancelledBeforeItBegan: of an answer that ended before its first token
// there is nothing to make again, which is no fault of its receipt.
func TestCancelledBeforeItBegan(t *testing.T) {
	n, _ := home(t)
	lend(t, n, node.Contribution{}, rehydration)
	path := speaker(t, n, 8192)
	askModel(t, n, pipeline.Sampling{MaxTokens: 8}, ignore)
	_, k := replay(t, n, path)
	for _, how := range []dsai.Ended{dsai.EndedCancelled, dsai.EndedRevoked, dsai.EndedComplete} {
		in := k.in
		in.Receipt.Ended, in.Receipt.Tokens = how, dsai.Tokens{}
		in.Openings.Trace, in.Openings.Response, in.Openings.Quotes = &dsai.Opening{}, &dsai.Opening{}, &dsai.Opening{Text: "[]"}
		if err := k.Replayer.Replay(in); errors.Is(err, verify.ErrWithheld) != (how != dsai.EndedComplete) || err == nil {
			t.Errorf("%s without a token: %v", how, err)
		}
	}
}

// TestGreedyAnswersDrawNothing: without a temperature a seed changes nothing,
// and the answer says so.
func TestGreedyAnswersDrawNothing(t *testing.T) {
	n, _ := home(t)
	lend(t, n, node.Contribution{}, rehydration)
	speaker(t, n, 8192)
	s := pipeline.Sampling{MaxTokens: 8, Seed: ptr(int64(7)), TopP: ptr(0.5), Presence: ptr(1.0)}
	if got := askModel(t, n, s, ignore).Output.NoEffect; !slices.Equal(got, []string{"seed", "top_p"}) {
		t.Errorf("no effect = %q, want seed and top_p", got)
	}
	s.Temperature = ptr(1.0)
	if got := askModel(t, n, s, ignore).Output.NoEffect; len(got) != 0 {
		t.Errorf("no effect = %q at a temperature, want none", got)
	}
}
