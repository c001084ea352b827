// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"errors"
	"math"
)

// Blocks of activations: as long as the blocks of the weights that they meet.
const (
	smallBlock = 32  // Q8_0, Q4_0
	largeBlock = 256 // Q4_K, Q5_K, Q6_K
)

// ErrNotFinite says that a number of the computation overflowed, or that the weights hold none. The
// request fails: the payload of a NaN differs between CPUs, so it must not reach what is signed.
var ErrNotFinite = errors.New("the computation has left the range of numbers")

// An Activation is the input of matrix products, in each form that they take it in.
type Activation struct {
	Floats []float32

	small, large quantized
}

// quantized is a vector in blocks of bytes, each with a factor: x[i] is about bytes[i] * scales[block].
type quantized struct {
	block  int
	bytes  []int8
	scales []float32
}

// NewActivation holds vectors of n numbers. Blocks that n does not fill are left out: no matrix of
// that many columns has them.
func NewActivation(n int) *Activation {
	return &Activation{Floats: make([]float32, n), small: newQuantized(n, smallBlock), large: newQuantized(n, largeBlock)}
}

func newQuantized(n, block int) quantized {
	if n%block != 0 {
		return quantized{block: block}
	}
	return quantized{block, make([]int8, n), make([]float32, n/block)}
}

// Quantize makes the byte forms of Floats that the matrices need.
func (a *Activation) Quantize(forms ...Form) error {
	if !Finite(a.Floats) {
		return ErrNotFinite
	}
	for _, f := range forms {
		switch f {
		case Small:
			a.small.from(a.Floats)
		case Large:
			a.large.from(a.Floats)
		}
	}
	return nil
}

// A Form is how a matrix takes its activations.
type Form int

// The forms: as they are, in blocks of 32 bytes, in blocks of 256.
const (
	Whole Form = iota
	Small
	Large
)

// from rounds x, whose numbers are finite, block by block: scale = amax/127, byte = round(x * (127/amax)),
// ties to even (spec/numerics.md#activations). A block whose 127/amax overflows counts as zeros.
func (q *quantized) from(x []float32) {
	for b := range q.scales {
		in, out := x[b*q.block:][:q.block], q.bytes[b*q.block:][:q.block]
		var most float32
		for _, v := range in {
			most = max(most, float32(math.Abs(float64(v))))
		}
		factor := float32(127 / most)
		if most == 0 || math.IsInf(float64(factor), 0) {
			q.scales[b] = 0
			clear(out)
			continue
		}
		q.scales[b] = most / 127
		for i, v := range in {
			r := math.RoundToEven(float64(float32(v * factor)))
			out[i] = int8(max(-127, min(127, r)))
		}
	}
}
