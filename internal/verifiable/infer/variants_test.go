// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer_test

import (
	"math"
	"testing"

	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/gguf/gguftest"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
)

// A variant is one thing that a family of models does, on weights from a seed.
type variant struct {
	name   string
	shape  infertest.Shape
	tokens int      // how far to go: beyond the original context, where there is one
	flags  []string // what llama.cpp must be told because it does not read it from the file
	never  string   // why llama.cpp of 2025-02 cannot run it
}

// variants is every row of the architectures, with each way to turn and to stretch.
func variants() []variant {
	out := []variant{
		{name: "llama", shape: plain("llama")},
		{name: "llama, output tied", shape: tied(plain("llama"))},
		{name: "llama, as many heads of keys", shape: unshared(plain("llama"))},
		{name: "llama, base 500000", shape: based(plain("llama"), 500000)},
		{name: "llama, linear", shape: stretched(plain("llama"), "linear", 4, 64)},
		{name: "llama, a factor without a type", shape: with(plain("llama"), "rope.scaling.factor", float32(4))},
		{name: "llama, scale_linear", shape: with(plain("llama"), "rope.scale_linear", float32(4))},
		{name: "llama, a factor that type none turns off", shape: stretched(plain("llama"), "none", 4, 64)},
		{name: "llama, factors of Llama 3", shape: llama3(plain("llama"), 64)},
		{name: "llama, YaRN", shape: stretched(plain("llama"), "yarn", 4, 64)},
		{name: "llama, YaRN, original context 512", shape: stretched(plain("llama"), "yarn", 8, 512), tokens: 600},
		{name: "llama, YaRN, no original context", shape: with(with(plain("llama"), "rope.scaling.type", "yarn"), "rope.scaling.factor", float32(2))},
		{name: "llama, YaRN, attention factor", shape: with(stretched(plain("llama"), "yarn", 4, 64), "rope.scaling.attn_factor", float32(0.8))},
		{name: "llama, YaRN, betas 6 and 2", flags: []string{"--yarn-beta-fast", "6", "--yarn-beta-slow", "2"},
			shape: with(with(stretched(plain("llama"), "yarn", 4, 128), "rope.scaling.yarn_beta_fast", float32(6)), "rope.scaling.yarn_beta_slow", float32(2))},
		{name: "llama, YaRN and factors", shape: llama3(stretched(plain("llama"), "yarn", 4, 64), 64)},
		{name: "qwen2", shape: plain("qwen2")},
		{name: "qwen2, output tied", shape: tied(plain("qwen2"))},
		{name: "qwen2, linear", shape: stretched(plain("qwen2"), "linear", 4, 64)},
		{name: "qwen2, YaRN", shape: stretched(plain("qwen2"), "yarn", 4, 64)},
		{name: "qwen2, half of a head turns", shape: with(plain("qwen2"), "rope.dimension_count", uint32(16)), never: "it turns whole heads of qwen2"},
		{name: "qwen2, YaRN, half of a head turns", shape: with(stretched(plain("qwen2"), "yarn", 4, 64), "rope.dimension_count", uint32(16)), never: "it turns whole heads of qwen2"},
	}
	for _, v := range []variant{
		{name: "qwen3", shape: plain("qwen3")},
		{name: "qwen3, output tied", shape: tied(plain("qwen3"))},
		{name: "qwen3, linear", shape: stretched(plain("qwen3"), "linear", 4, 64)},
		{name: "qwen3, YaRN", shape: stretched(plain("qwen3"), "yarn", 4, 64)},
	} {
		v.never = "it does not know qwen3, which it learnt in 2025-04"
		out = append(out, v)
	}
	for i := range out {
		if out[i].tokens == 0 {
			out[i].tokens = 160
		}
	}
	return out
}

// plain is a small model of floats whose heads of queries share heads of keys.
func plain(architecture string) infertest.Shape {
	s := infertest.Shape{Architecture: architecture, Type: gguf.F32, Seed: 1, Layers: 2, Width: 64, Inner: 96, Heads: 2, KeyHeads: 1, Head: 32,
		Vocabulary: 320, Context: 1024, Extra: infertest.Words(320)}
	if architecture == "qwen3" {
		s.Heads = 4 // not Width / Head
	}
	return s
}

func tied(s infertest.Shape) infertest.Shape {
	s.Tied = true
	return s
}

func unshared(s infertest.Shape) infertest.Shape {
	s.KeyHeads = s.Heads
	return s
}

func based(s infertest.Shape, base float32) infertest.Shape {
	s.Base = base
	return s
}

// with adds a key of the architecture.
func with(s infertest.Shape, key string, value any) infertest.Shape {
	s.Extra = append(s.Extra[:len(s.Extra):len(s.Extra)], gguftest.Pair{Key: s.Architecture + "." + key, Value: value})
	return s
}

func stretched(s infertest.Shape, kind string, factor float32, original int) infertest.Shape {
	s = with(with(s, "rope.scaling.type", kind), "rope.scaling.factor", factor)
	return with(s, "rope.scaling.original_context_length", uint32(original))
}

// llama3 has the divisors that Meta's model.py of Llama 3.1 makes: none for wavelengths below a quarter of
// the original context, 8 for those beyond all of it, between them straight in context / wavelength.
func llama3(s infertest.Shape, original float64) infertest.Shape {
	for i := range s.Head / 2 {
		length := 2 * math.Pi * math.Pow(10000, 2*float64(i)/float64(s.Head))
		smooth := min(1, max(0, (original/length-1)/(4-1)))
		s.Turns = append(s.Turns, float32(1/((1-smooth)/8+smooth)))
	}
	return s
}

// Each thing that a family of models does, against the reference, at every position.
func TestVariants(t *testing.T) {
	for _, v := range variants() {
		t.Run(v.name, func(t *testing.T) {
			f := open(t, v.shape.File())
			m, ref := load(t, f), newReference(t, f)
			ref.halves = true
			if small() {
				v.tokens = min(v.tokens, 80)
			}
			tokens := infertest.Tokens(7, v.tokens, m.Vocabulary)
			sum, most := 0.0, 0.0
			for i, got := range logits(t, m, tokens, 32, infer.Serial) {
				d := divergence(ref.step(int(tokens[i]), i), got)
				sum, most = sum+d, max(most, d)
			}
			mean := sum / float64(len(tokens))
			t.Logf("divergence: mean %.3g, largest %.3g nats", mean, most)
			if !(mean <= 1e-6) { // what is left are keys that 32 bits put on the other side of a rounding to 16
				t.Errorf("mean divergence = %.3g nats, want at most 1e-6", mean)
			}
		})
	}
}
