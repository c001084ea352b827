// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer_test

import (
	"math"

	"dsai.example/dsai/internal/verifiable/gguf"
)

// readTurns follows the papers: RoPE (arXiv 2104.09864), whose pair i turns by base^(-2i/d) a token; position
// interpolation (2306.15595), which divides that by the factor; Llama 3.1, whose file has a divisor for each
// pair; and YaRN (2309.00071).
func (r *reference) readTurns(f *gguf.File, dims, original int) {
	number := func(key string, otherwise float64) float64 {
		if v, err := f.Float(r.arch + "." + key); err == nil {
			return v
		}
		return otherwise
	}
	base, factor := number("rope.freq_base", 10000), number("rope.scaling.factor", number("rope.scale_linear", 1))
	for i := range dims / 2 {
		r.turns = append(r.turns, 1/math.Pow(base, 2*float64(i)/float64(dims)))
	}
	r.magnitude = 1
	switch kind, _ := f.Text(r.arch + ".rope.scaling.type"); kind {
	case "linear", "": // before files said which, it was this
		for i := range r.turns {
			r.turns[i] /= factor
		}
	case "yarn":
		keep := yarnKeep(dims, base, float64(original), number("rope.scaling.yarn_beta_fast", 32), number("rope.scaling.yarn_beta_slow", 1))
		for i, turn := range r.turns {
			r.turns[i] = (1-keep[i])*turn/factor + keep[i]*turn
		}
		r.magnitude = number("rope.scaling.attn_factor", 1) * (0.1*math.Log(factor) + 1)
	}
	for i, divisor := range r.w["rope_freqs.weight"] {
		r.turns[i] /= divisor
	}
}

// yarnKeep returns how much of its own speed each pair keeps. Those that go round at least beta_fast times
// within the original context keep all of it, those that go round at most beta_slow times none. Between the
// two the paper's formula is straight in the rotations, but its authors' program, and all who followed it,
// are straight in the number of the pair, from the last whole one on this side to the first on that. The
// bounds are found here by trying, where others take logarithms.
func yarnKeep(dims int, base, original, fast, slow float64) []float64 {
	rotations := func(pair int) float64 {
		return original / (2 * math.Pi * math.Pow(base, 2*float64(pair)/float64(dims)))
	}
	low, high := 0, dims-1
	for pair := range dims {
		if rotations(pair) >= fast {
			low = pair
		}
	}
	for pair := dims - 1; pair >= 0 && rotations(pair) <= slow; pair-- {
		high = pair
	}
	out := make([]float64, dims/2)
	for pair := range out {
		switch {
		case pair <= low:
			out[pair] = 1
		case pair < high:
			out[pair] = float64(high-pair) / float64(high-low)
		}
	}
	return out
}

// rotate turns each head. Llama's files have their pairs side by side, the others half a turned part apart.
func (r *reference) rotate(x []float64, position int) {
	for h := 0; h < len(x); h += r.d {
		for i, turn := range r.turns {
			a, b := h+2*i, h+2*i+1
			if r.arch != "llama" {
				a, b = h+i, h+i+len(r.turns)
			}
			sin, cos := math.Sincos(float64(position) * turn)
			z := complex(x[a], x[b]) * complex(r.magnitude*cos, r.magnitude*sin)
			x[a], x[b] = real(z), imag(z)
		}
	}
}
