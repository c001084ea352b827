// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer_test

import (
	"bytes"
	"errors"
	"testing"

	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
)

// answer makes n tokens, one at a time, with their trace.
func answer(t testing.TB, m *infer.Model, prompt []int32, s infer.Sampling, n int) *infer.Tracer {
	t.Helper()
	tracer, sequence, w := infer.NewTracer(prompt, s), m.NewSequence(), m.NewWorkspace()
	var out []int32
	next := prompt
	for i := range n {
		var items []infer.Item
		for j, token := range next {
			items = append(items, infer.Item{Sequence: sequence, Token: token, Logits: j == len(next)-1})
		}
		results, err := w.Step(items, infer.Serial)
		if err != nil {
			t.Fatal(err)
		}
		last := results[len(results)-1]
		token := s.Choose(last.Logits, out, i)
		tracer.Add(token, last)
		out, next = append(out, token), []int32{token}
		if i == n-1 {
			tracer.End(last)
		}
	}
	return tracer
}

var sampled = infer.Sampling{Seed: 5, Temperature: 0.8, TopK: 30, TopP: 0.9, Presence: 0.25}

func TestReplay(t *testing.T) {
	m := load(t, open(t, infertest.Small("llama", gguf.Q8_0).File()))
	prompt := infertest.Tokens(1, 20, m.Vocabulary)
	tracer := answer(t, m, prompt, sampled, 70)
	for _, n := range []int{70, 69, 40, 1, 0} { // whole, and cut off
		trace := tracer.Trace(n)
		if trace.Whole != (n == 70) {
			t.Errorf("the trace of %d of 70 tokens is whole: %v", n, trace.Whole)
		}
		if err := infer.Replay(m, prompt, trace, threads(2)); err != nil {
			t.Errorf("Replay of %d tokens = %v", n, err)
		}
	}
}

// A trace that says anything else than what happened is found, where it says so.
func TestReplayDiverges(t *testing.T) {
	m := load(t, open(t, infertest.Small("llama", gguf.Q8_0).File()))
	other := infertest.Small("llama", gguf.Q8_0)
	other.Seed = 2
	prompt := infertest.Tokens(1, 20, m.Vocabulary)
	tracer := answer(t, m, prompt, sampled, 40)
	for _, tt := range []struct {
		name  string
		spoil func(*infer.Trace)
		at    int
		what  string
	}{
		{"token", func(t *infer.Trace) { t.Tokens[13] = (t.Tokens[13] + 1) % 160 }, 13, "token"},
		{"last token", func(t *infer.Trace) { t.Tokens[39] = (t.Tokens[39] + 1) % 160 }, 39, "token"},
		{"state", func(t *infer.Trace) { t.Steps[7][3]++ }, 7, "state"},
		{"logits", func(t *infer.Trace) { t.Steps[31][0]++ }, 31, "state"},
		{"end", func(t *infer.Trace) { t.Digest[9]++ }, 40, "digest"},
		{"cut off, said to be whole", func(t *infer.Trace) { *t = tracer.Trace(20); t.Whole = true }, 20, "digest"},
		{"whole, said to be cut off", func(t *infer.Trace) { t.Whole = false }, 40, "digest"},
		{"another seed", func(t *infer.Trace) { t.Sampling.Seed++ }, -1, ""},
	} {
		trace := tracer.Trace(40)
		trace.Tokens = append([]int32(nil), trace.Tokens...)
		tt.spoil(&trace)
		err := infer.Replay(m, prompt, trace, infer.Serial)
		var d *infer.Divergence
		if !errors.As(err, &d) || tt.at >= 0 && (d.Position != tt.at || d.What != tt.what) {
			t.Errorf("%s: Replay = %v, want another %s at %d", tt.name, err, tt.what, tt.at)
		}
	}
	var d *infer.Divergence
	if err := infer.Replay(load(t, open(t, other.File())), prompt, tracer.Trace(40), infer.Serial); !errors.As(err, &d) || d.Position > 1 {
		t.Errorf("Replay with another model = %v, want a divergence at the start", err)
	}
	strange := tracer.Trace(40)
	strange.Tokens = append([]int32{-1}, strange.Tokens[1:]...)
	if err := infer.Replay(m, prompt, strange, infer.Serial); !errors.Is(err, infer.ErrTrace) {
		t.Errorf("Replay of a token that there is not = %v, want ErrTrace", err)
	}
	if err := infer.Replay(m, prompt[1:], tracer.Trace(40), infer.Serial); !errors.Is(err, infer.ErrTrace) {
		t.Errorf("Replay with another prompt = %v, want ErrTrace", err)
	}
}

const goldenTrace = `{"count":20,"digest":"b3695d6f3e4bcd772a3bf5320fbdcbdf897ed2f479e4f4a89410d5d09e9ddf77","profile":"w8a8-r1","prompt":"fbd4ca1bae0cd1489efe019143a33ed1a9f9ce44e99a676e1df6821423f85e5c","sampling":{"frequency":"0","minP":"0","presence":"0.25","seed":"5","temperature":"0.8","topK":30,"topP":"0.9"},"steps":"49b621d6d3d33e5c302b21d630f437714d3cb73fa0a2bb35","tokens":[134,144,150],"whole":true}`

// Golden, since receipts commit to it: the same on every machine.
func TestTraceGolden(t *testing.T) {
	m := load(t, open(t, infertest.Small("llama", gguf.Q8_0).File()))
	got := answer(t, m, infertest.Tokens(1, 20, m.Vocabulary), sampled, 3).Trace(3).JSON()
	if string(got) != goldenTrace {
		t.Errorf("trace = %s, want %s", got, goldenTrace)
	}
	trace, err := infer.ParseTrace(got)
	if err != nil || !bytes.Equal(trace.JSON(), got) {
		t.Errorf("ParseTrace of it = %+v, %v", trace, err)
	}
}

func FuzzParseTrace(f *testing.F) {
	whole := []byte(goldenTrace)
	f.Add(whole)
	f.Add(bytes.Replace(whole, []byte(`"seed":"5"`), []byte(`"seed":"05"`), 1))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		trace, err := infer.ParseTrace(b)
		if err != nil {
			return
		}
		if !bytes.Equal(trace.JSON(), b) {
			t.Errorf("ParseTrace takes %q, which is not canonical", b)
		}
	})
}

// What a trace costs beside what it is a trace of: a step of a model of 135 million parameters takes
// about 6 ms.
func BenchmarkTrace(b *testing.B) {
	hidden, logits := make([]float32, 576), make([]float32, 128<<10)
	tracer := infer.NewTracer([]int32{1}, infer.Sampling{})
	for b.Loop() {
		tracer.Add(7, infer.Result{Hidden: hidden, Logits: logits})
	}
}

func TestLikelihoods(t *testing.T) {
	logits := []float32{1, 3, 2, 3}
	got, top := infer.Likelihoods(logits, 2, 3)
	// ln(e^(2-3) / (e^-2 + 1 + e^-1 + 1))
	if want := -1 - 0.9176; got.Token != 2 || got.Log < want-1e-3 || got.Log > want+1e-3 {
		t.Errorf("likelihood = %+v, want %.4f", got, want)
	}
	if len(top) != 3 || top[0].Token != 1 || top[1].Token != 3 || top[2].Token != 2 || top[0].Log != top[1].Log {
		t.Errorf("the three likeliest = %+v", top)
	}
	if _, top := infer.Likelihoods(logits, 0, 0); len(top) != 0 {
		t.Errorf("none of the likeliest = %+v", top)
	}
	if _, top := infer.Likelihoods(logits, 0, 9); len(top) != 4 {
		t.Errorf("nine of four = %+v", top)
	}
}
