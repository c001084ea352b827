// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"errors"
	"math"
)

// Blocks of activations: as long as the blocks of the weights that they meet.
const (
	smallNumbers = 32  // Q8_0, Q5_0, Q4_0
	largeNumbers = 256 // Q4_K, Q5_K, Q6_K
)

// ErrNotFinite says that a number of the computation overflowed, or that the weights hold none. The
// request fails: the payload of a NaN differs between CPUs, so it must not reach what is signed.
var ErrNotFinite = errors.New("the computation has left the range of numbers")

// An Activation is the input of matrix products, in each form that they take it in. It may be filled
// and quantized again for every token.
type Activation struct {
	Floats []float32

	small []smallBlock
	large []largeBlock
}

// A smallBlock stands for 32 numbers: x[i] is about q[i] * scale. Assembly reads it.
type smallBlock struct {
	q     [smallNumbers]int8
	scale float32
	sum   int32 // of q
}

// A largeBlock stands for 256 numbers. Assembly reads it.
type largeBlock struct {
	q      [largeNumbers]int8
	sums16 [16]int16 // of 16 q each
	sums32 [8]int16  // of 32 q each
	scale  float32
}

// NewActivation holds vectors of n numbers. Blocks that n does not fill are left out: no matrix of
// that many columns has them.
func NewActivation(n int) *Activation {
	a := &Activation{Floats: make([]float32, n)}
	if n%smallNumbers == 0 {
		a.small = make([]smallBlock, n/smallNumbers)
	}
	if n%largeNumbers == 0 {
		a.large = make([]largeBlock, n/largeNumbers)
	}
	return a
}

// ActivationBytes returns how much memory an activation of n numbers takes, but for what it is rounded up to.
func ActivationBytes(n int) int64 {
	size := int64(n) * 4
	if n%smallNumbers == 0 {
		size += int64(n/smallNumbers) * (smallNumbers + 8)
	}
	if n%largeNumbers == 0 {
		size += int64(n/largeNumbers) * (largeNumbers + 16*2 + 8*2 + 4)
	}
	return size
}

// Quantize makes the byte forms of Floats that the matrices need. After an error they are of no use.
func (a *Activation) Quantize(forms ...Form) error {
	if !Finite(a.Floats) {
		return ErrNotFinite
	}
	var done [Large + 1]bool
	k := current()
	for _, f := range forms {
		if !done[f] {
			done[f] = true
			a.quantize(k, f)
		}
	}
	return nil
}

func (a *Activation) quantize(k kernel, f Form) {
	switch {
	case f == Whole || fastQuantize(k, a, f):
	case f == Small:
		a.quantizeSmall()
	case f == Large:
		a.quantizeLarge()
	}
}

// A Form is how a matrix takes its activations.
type Form int

// The forms: as they are, in blocks of 32 bytes, in blocks of 256.
const (
	Whole Form = iota
	Small
	Large
)

func (a *Activation) quantizeSmall() {
	for i := range a.small {
		b := &a.small[i]
		b.scale = quantize(b.q[:], a.Floats[i*smallNumbers:])
		b.sum = 0
		for _, v := range b.q {
			b.sum += int32(v)
		}
	}
}

func (a *Activation) quantizeLarge() {
	for i := range a.large {
		b := &a.large[i]
		b.scale = quantize(b.q[:], a.Floats[i*largeNumbers:])
		b.sums16, b.sums32 = [16]int16{}, [8]int16{}
		for j, v := range b.q {
			b.sums16[j/16] += int16(v)
			b.sums32[j/32] += int16(v)
		}
	}
}

// quantize rounds as many of x, whose numbers are finite, as q holds: scale = amax/127, byte =
// round(x * (127/amax)), ties to even (spec/numerics.md#activations). If 127/amax overflows, all
// counts as zeros.
func quantize(q []int8, x []float32) (scale float32) {
	x = x[:len(q)]
	var most float32
	for _, v := range x {
		most = max(most, float32(math.Abs(float64(v))))
	}
	factor := float32(127 / most)
	if most == 0 || math.IsInf(float64(factor), 0) {
		clear(q)
		return 0
	}
	for i, v := range x {
		r := math.RoundToEven(float64(float32(v * factor)))
		q[i] = int8(max(-127, min(127, r)))
	}
	return most / 127
}
