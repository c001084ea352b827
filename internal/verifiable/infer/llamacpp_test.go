// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer_test

import (
	"math"
	"testing"

	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
)

// floats makes llama.cpp keep keys and values in 32 bits.
var floats = []string{"-ctk", "f32", "-ctv", "f32"}

// The reference against llama.cpp, so that one misreading cannot sit in both the engine and its reference:
// TestVariants holds the engine to the reference on the same files. All numbers of 32 bits: what is left
// are roundings, of which those of llama.cpp's angles grow with the position. A misreading is far beyond.
func TestVariantsBesideLlamaCpp(t *testing.T) {
	for _, v := range variants() {
		t.Run(v.name, func(t *testing.T) {
			llamaCpp(t, "")
			if v.never != "" {
				t.Skip("SKIPPED: llama.cpp c392e5094 of 2025-02-20: " + v.never)
			}
			file := v.shape.File()
			ref := newReference(t, open(t, file))
			server := startLlama(t, file, v.shape.Vocabulary, append(append(v.flags, "-c", "1024"), floats...)...)
			most, sum, n := 0.0, 0.0, 0
			tokens := infertest.Tokens(7, v.tokens, v.shape.Vocabulary)
			for i, token := range tokens {
				want := logSoftmax(ref.step(int(token), i))
				if i > 3 && (i+1)%20 != 0 {
					continue
				}
				got := server.logarithms(t, tokens[:i+1])
				for j := range want {
					most = max(most, math.Abs(want[j]-got[j]))
				}
				sum, n = sum+between(want, got), n+1
			}
			mean := sum / float64(n)
			t.Logf("%d positions up to %d: mean divergence %.2g nats, largest difference of a logarithm %.2g", n, len(tokens), mean, most)
			if limit := 1e-6 * float64(max(200, 5*len(tokens))); !(mean <= 1e-8 && most <= limit) {
				t.Errorf("mean divergence %.3g, largest difference %.3g, want at most 1e-8 and %.2g", mean, most, limit)
			}
		})
	}
}

// Every type of weights, each bit of the blocks random, beside llama.cpp: on the same file the engine is as
// near to the reference as llama.cpp is, give or take what 64 positions allow, and llama.cpp reads the same weights as the reference.
func TestTypesBesideLlamaCpp(t *testing.T) {
	for _, kind := range types {
		t.Run(kind.String(), func(t *testing.T) {
			llamaCpp(t, "")
			s := infertest.Small("llama", kind)
			s.Vocabulary, s.Extra = 320, infertest.Words(320)
			file := s.File()
			f := open(t, file)
			d := measure(t, newReferences(t, f), load(t, f), startLlama(t, file, s.Vocabulary, "-c", "1024"), [][]int32{infertest.Tokens(7, 64, s.Vocabulary)})
			t.Logf("mean divergence: ours %.3g, llama.cpp %.3g, between them %.3g nats", d.ours[0], d.theirs[0], d.between)
			limit := 2e-2
			if kind == gguf.F32 || kind == gguf.F16 {
				limit = 1e-4
			}
			if !(d.theirs[0] <= limit && d.ours[0] <= 1.5*d.theirs[0]) {
				t.Errorf("mean divergence: llama.cpp %.3g, want at most %.2g; ours %.3g, want at most 1.5 times that", d.theirs[0], limit, d.ours[0])
			}
		})
	}
}

// newReferences is references on the weights of these files, as makers, for each sequence begins anew.
func newReferences(t *testing.T, files ...*gguf.File) []func() *reference {
	var out []func() *reference
	for _, f := range files {
		first := newReference(t, f)
		out = append(out, func() *reference {
			r := *first
			r.keys, r.values = make([][][]float64, r.layers), make([][][]float64, r.layers)
			return &r
		})
	}
	return out
}

// distances are mean divergences: from each reference to the engine and to llama.cpp, and between these.
type distances struct {
	ours, theirs []float64
	between      float64
	positions    int
}

// measure gives the sequences to all and compares what they say at each position.
func measure(t *testing.T, references []func() *reference, m *infer.Model, server *llamaServer, sequences [][]int32) distances {
	t.Helper()
	d := distances{ours: make([]float64, len(references)), theirs: make([]float64, len(references))}
	for _, tokens := range sequences {
		refs := make([]*reference, len(references))
		for i, begin := range references {
			refs[i] = begin()
		}
		for i, row := range logits(t, m, tokens, 32, threads(2)) {
			ours, theirs := logSoftmax(wide(row)), server.logarithms(t, tokens[:i+1])
			for j, ref := range refs {
				want := logSoftmax(ref.step(int(tokens[i]), i))
				d.ours[j] += between(want, ours)
				d.theirs[j] += between(want, theirs)
			}
			d.between += between(theirs, ours)
			d.positions++
		}
	}
	n := float64(d.positions)
	for j := range references {
		d.ours[j] /= n
		d.theirs[j] /= n
	}
	d.between /= n
	return d
}
