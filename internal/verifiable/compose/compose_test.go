// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package compose_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/verifiable/answer"
	"dsai.example/dsai/internal/verifiable/chat"
	"dsai.example/dsai/internal/verifiable/compose"
	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
	"dsai.example/dsai/internal/verifiable/token"
)

const question = "How much sugar?"

var passages = []dsai.PassageBody{{Title: "t", Text: "Six teaspoons of sugar.", Start: 0, End: 23}}

// bench is a tiny model, loaded twice: as the engine has it, and bare, for traces that no engine makes.
type bench struct {
	testing.TB
	model  *engine.Model
	format *chat.Format
	bare   *infer.Model
}

func newBench(t testing.TB) *bench {
	t.Helper()
	raw := infertest.Speaker(1).File()
	path := filepath.Join(t.TempDir(), "m.gguf")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := engine.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	format, err := chat.For(file.Template, file.Vocabulary)
	if err != nil {
		t.Fatal(err)
	}
	print, err := file.Fingerprint(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	header, err := gguf.Open(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	bare, err := infer.Load(header)
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(engine.Config{})
	t.Cleanup(e.Close)
	return &bench{TB: t, model: e.Add(file, print), format: format, bare: bare}
}

// ask answers, and returns what a receipt would say. What emit took is the answer if it fails.
func (b *bench) ask(s pipeline.Sampling, emit func(pipeline.Piece) error) (compose.Claim, error) {
	b.Helper()
	e := compose.New(compose.Config{ID: "tiny", Model: b.model, Format: b.format, NewSeed: func() int64 { return 7 }})
	ev := &pipeline.Evidence{
		Clearance: &pipeline.Clearance{Request: &pipeline.Request{Question: question, Sampling: s}},
		Passages:  []pipeline.Passage{{Body: passages[0], QuoteMax: -1}},
	}
	var text strings.Builder
	var quotes []dsai.Quote
	out, err := e.Answer(b.Context(), ev, func(p pipeline.Piece) error {
		if err := emit(p); err != nil {
			return err
		}
		text.WriteString(p.Text)
		if p.Quote != nil {
			quotes = append(quotes, *p.Quote)
		}
		return nil
	})
	if out == nil {
		b.Fatal(err)
	}
	return compose.Claim{Question: question, Passages: passages, Trace: out.Trace, Text: text.String(), Quotes: quotes,
		Sampling: out.Sampling, Seed: out.Seed, Tokens: out.Tokens, Ended: out.Ended}, err
}

func (b *bench) replay(c compose.Claim) error {
	return compose.Replay(b.Context(), b.model, b.format, c)
}

// run goes on from the question for n tokens, whatever they are, and ends there.
func (b *bench) run(s infer.Sampling, n int) *infer.Tracer {
	b.Helper()
	var feed, out []int32
	for _, id := range compose.Prompt(b.format, b.model.Vocabulary, question, passages) {
		feed = append(feed, int32(id))
	}
	tracer, w, q := infer.NewTracer(feed, s), b.bare.NewWorkspace(), b.bare.NewSequence()
	serial := func(n int, f func(int)) {
		for i := range n {
			f(i)
		}
	}
	for {
		items := make([]infer.Item, len(feed))
		for i, id := range feed {
			items[i] = infer.Item{Sequence: q, Token: id, Logits: i == len(feed)-1}
		}
		results, err := w.Step(items, serial)
		if err != nil {
			b.Fatal(err)
		}
		r := results[len(results)-1]
		next := s.Choose(r.Logits, out, len(out))
		tracer.Add(next, r)
		out, feed = append(out, next), []int32{next}
		if len(out) == n {
			tracer.End(r)
			return tracer
		}
	}
}

// claim is what a receipt would say of any trace, drawn with seed 9.
func (b *bench) claim(t infer.Trace, sampling string, stop []string, ended dsai.Ended) compose.Claim {
	b.Helper()
	text, _, _ := engine.Read(b.model.Vocabulary, ids(t), stop)
	c := compose.Claim{Question: question, Passages: passages, Trace: t.JSON(), Sampling: sampling, Seed: "2", Ended: ended,
		Tokens: dsai.Tokens{Prompt: t.Count, Completion: len(t.Tokens), Unit: "token"}}
	m := answer.NewMarker(passages)
	release := func(s string, q []dsai.Quote) error {
		c.Text += s
		c.Quotes = append(c.Quotes, q...)
		return nil
	}
	if err := errors.Join(m.Write(text, release), m.Close(release)); err != nil {
		b.Fatal(err)
	}
	return c
}

func ids(t infer.Trace) (out []token.ID) {
	for _, id := range t.Tokens {
		out = append(out, token.ID(id))
	}
	return out
}

func ptr[T any](v T) *T { return &v }

// What is said of the drawing is canonical JSON, which escapes less than encoding/json.
func TestSamplingIsCanonical(t *testing.T) {
	b := newBench(t)
	c, err := b.ask(pipeline.Sampling{MaxTokens: 3, Temperature: ptr(0.9), MinP: ptr(1e-7), Stop: []string{"<zz&>\u2028"}}, func(pipeline.Piece) error { return nil })
	want := "{\"max_tokens\":3,\"min_p\":1e-7,\"stop\":[\"<zz&>\u2028\"],\"temperature\":0.9}"
	if err != nil || c.Sampling != want {
		t.Errorf("sampling %s, %v, want %s", c.Sampling, err, want)
	}
	if err := b.replay(c); err != nil {
		t.Error(err)
	}
}

// A model that this machine can never hold says so, to whoever must ask for less.
func TestNoMemory(t *testing.T) {
	b := newBench(t)
	file, err := engine.OpenFile(b.model.Path)
	if err != nil {
		t.Fatal(err)
	}
	small := engine.New(engine.Config{Memory: 1 << 10})
	defer small.Close()
	e := compose.New(compose.Config{ID: "tiny", Model: small.Add(file, dsai.Digest{}), Format: b.format})
	ev := &pipeline.Evidence{
		Clearance: &pipeline.Clearance{Request: &pipeline.Request{Question: question}},
		Passages:  []pipeline.Passage{{Body: passages[0], QuoteMax: -1}},
	}
	if out, err := e.Answer(t.Context(), ev, func(pipeline.Piece) error { return nil }); out != nil || !errors.Is(err, pipeline.ErrMemory) {
		t.Errorf("Answer in 1 KiB of memory = %v, %v, want ErrMemory", out, err)
	}
}

// Who leaves while the prompt is made to fit waits for one attempt at most.
func TestLeaveWhileFitting(t *testing.T) {
	b := newBench(t)
	ctx, leave := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	leave(gone)
	e := compose.New(compose.Config{ID: "tiny", Model: b.model, Format: b.format})
	ev := &pipeline.Evidence{Clearance: &pipeline.Clearance{Request: &pipeline.Request{Question: question}}}
	for range 8 {
		ev.Passages = append(ev.Passages, pipeline.Passage{Body: dsai.PassageBody{Text: strings.Repeat("sugar ", 150), End: 900}, QuoteMax: -1})
	}
	if _, err := e.Answer(ctx, ev, func(pipeline.Piece) error { return nil }); !errors.Is(err, gone) || len(ev.Passages) != 8 {
		t.Errorf("Answer to nobody = %v with %d passages tried, want its cause and all 8", err, len(ev.Passages))
	}
}
