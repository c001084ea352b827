// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import (
	"fmt"
	"math"

	"dsai.example/dsai/internal/verifiable/tensor"
)

// Rotary is the rotary position embedding (arXiv 2104.09864): pair i of a head turns by
// position * Turns[i] radians, and is scaled by Magnitude.
type Rotary struct {
	Turns     []float64 // one per pair; the pairs beyond them stay as they are
	Magnitude float64
}

func (r *reader) rotary(c Config) (Rotary, error) {
	dims := r.intOr(c.Head, "rope.dimension_count", 2, c.Head)
	base := r.floatOr(10000, "rope.freq_base")
	if r.err != nil {
		return Rotary{}, r.err
	}
	if dims%2 != 0 || !(base > 1 && base < 1e12) {
		return Rotary{}, fmt.Errorf("rotary embedding of %d numbers with base %v", dims, base)
	}
	out := Rotary{Turns: make([]float64, dims/2), Magnitude: 1}
	for i := range out.Turns {
		out.Turns[i] = tensor.Pow(base, -float64(2*i)/float64(dims))
	}
	err := r.stretch(&out, base, dims, c.Context)
	return out, err
}

// scaling is how the turns are stretched. Before files named the type, it was linear.
func (r *reader) scaling() (kind, factor string) {
	kind, factor = "none", "rope.scaling.factor"
	if !r.has(factor) && r.has("rope.scale_linear") {
		factor = "rope.scale_linear"
	}
	if r.has("rope.scaling.type") {
		v, err := r.f.Text(r.prefix + "rope.scaling.type")
		r.keep(err)
		kind = v
	} else if r.floatOr(0, factor) != 0 {
		kind = "linear"
	}
	return kind, factor
}

// mostTurned is the largest angle, in radians, that a position may turn a pair by. Beyond 2^63 quarter
// turns what a conversion to an integer gives differs between CPUs; models turn by a radian a token.
const mostTurned = 1 << 30

// check refuses turns that leave the range in which their sines are defined.
func (r *Rotary) check(context int) error {
	for i, turn := range r.Turns {
		if !(math.Abs(float64(turn*float64(context))) <= mostTurned) {
			return fmt.Errorf("rotary embedding: pair %d turns by %v a token, too much for a context of %d", i, turn, context)
		}
	}
	return nil
}

// stretch makes the model reach beyond the context that it was first trained for.
func (r *reader) stretch(out *Rotary, base float64, dims, context int) error {
	kind, key := r.scaling()
	if r.err != nil || kind == "none" {
		return r.err
	}
	factor := r.float(key)
	if r.err == nil && !(factor > 0 && factor < 1e6) {
		r.err = fmt.Errorf("rotary embedding stretched by %v", factor)
	}
	if r.err != nil {
		return r.err
	}
	switch kind {
	case "linear":
		for i := range out.Turns {
			out.Turns[i] /= factor
		}
		return nil
	case "yarn":
		return r.yarn(out, factor, base, dims, context)
	}
	return fmt.Errorf("rotary embedding is stretched by %.40q, which dsai does not know", kind)
}

// yarn stretches slow turns and leaves fast ones (arXiv 2309.00071, as ggml computes it).
func (r *reader) yarn(out *Rotary, factor, base float64, dims, context int) error {
	original := r.intOr(context, "rope.scaling.original_context_length", 1, maxContext)
	fast := r.floatOr(32, "rope.scaling.yarn_beta_fast")
	slow := r.floatOr(1, "rope.scaling.yarn_beta_slow")
	attention := r.floatOr(1, "rope.scaling.attn_factor")
	if r.err != nil {
		return r.err
	}
	if !(fast > 0 && slow > 0 && fast < 1e6 && slow < 1e6 && attention > 0 && attention < 1e6) {
		return fmt.Errorf("rotary embedding stretched with betas %v and %v, attention %v", fast, slow, attention)
	}
	at := func(beta float64) float64 { // the pair that turns beta times within the original context
		turns := float64(original) / float64(beta*(2*math.Pi))
		return float64(float64(dims)*tensor.Log(turns)) / float64(2*tensor.Log(base))
	}
	low := max(0, math.Floor(at(fast)))
	high := min(float64(dims-1), math.Ceil(at(slow)))
	for i, turn := range out.Turns {
		ramp := (float64(i) - low) / max(0.001, high-low)
		keep := 1 - max(0, min(1, ramp))
		out.Turns[i] = float64(turn/factor*(1-keep)) + float64(turn*keep)
	}
	out.Magnitude = float64(attention * (1 + float64(0.1*tensor.Log(factor))))
	return nil
}

// turns are the sines and cosines of a position, as tensor.TurnPairs and TurnHalves take them.
type turns struct{ sin, cos []float32 }

func (r *Rotary) newTurns(split bool) turns {
	n := len(r.Turns)
	if !split {
		n *= 2
	}
	return turns{make([]float32, n), make([]float32, n)}
}

// turn makes t that of a position.
func (r *Rotary) turn(t *turns, position int, split bool) {
	for i, turn := range r.Turns {
		s64, c64 := tensor.SinCos(float64(float64(position) * turn))
		s, c := float32(float64(s64*r.Magnitude)), float32(float64(c64*r.Magnitude))
		if split {
			t.sin[i], t.cos[i] = s, c
			continue
		}
		t.sin[2*i], t.sin[2*i+1], t.cos[2*i], t.cos[2*i+1] = s, s, c, c
	}
}

// apply turns a head.
func (t *turns) apply(head []float32, split bool) {
	if split {
		tensor.TurnHalves(head, t.sin, t.cos)
		return
	}
	tensor.TurnPairs(head, t.sin, t.cos)
}
