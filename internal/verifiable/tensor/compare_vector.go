// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"fmt"
	"math"
	"slices"
)

// An operation of vector.go as it is compared: a and b are its input, out takes what it computes; all
// are of one length. What depends on heads takes a vector for one.
type operation struct {
	name string
	run  func(k kernel, out, a, b []float32)
}

var operations = []operation{
	{"Sum", func(k kernel, out, a, _ []float32) { out[0] = k.sum(a) }},
	{"Dot", func(k kernel, out, a, b []float32) { out[0] = k.dot(a, b) }},
	{"Scores", func(k kernel, out, a, b []float32) { k.scores(out[:positions], a, heads(a, b), b[0]) }},
	{"Mix", func(k kernel, out, a, b []float32) { k.mix(out, a[:positions], heads(a, b)) }},
	{"Add", func(k kernel, out, a, b []float32) { copy(out, a); k.add(out, b) }},
	{"Divide", func(k kernel, out, a, b []float32) { copy(out, a); k.divide(out, b[0]) }},
	{"Widen", func(k kernel, out, a, _ []float32) { k.widen(out, halfsOf(a)) }},
	{"Narrow", func(k kernel, out, a, _ []float32) { k.compareNarrow(out, a) }},
	{"Normalize", func(k kernel, out, a, b []float32) { k.normalize(out, a, b, 1e-5) }},
	{"Weigh", func(k kernel, out, a, _ []float32) { k.compareWeigh(out, a) }},
	{"Gate", func(k kernel, out, a, b []float32) { copy(out, a); k.gate(out, b) }},
	{"TurnPairs", func(k kernel, out, a, b []float32) { copy(out, a); k.turnPairs(out, twice(b), twice(a)) }},
	{"TurnHalves", func(k kernel, out, a, b []float32) {
		copy(out, a)
		k.turnHalves(out, b[:len(b)/2], a[:len(a)/2])
	}},
	{"Finite", func(k kernel, out, a, _ []float32) {
		if k.finite(a) {
			out[0] = 1
		}
	}},
}

// positions is how many keys and values are compared: more than one register takes, and no multiple.
const positions = 5

// heads are keys, or values, of as many positions.
func heads(a, b []float32) []float32 { return slices.Concat(b, a, b, b, a) }

// halfsOf takes the upper halves of the bits for Halfs, which hold numbers alone.
func halfsOf(a []float32) []Half {
	out := make([]Half, len(a))
	for i, v := range a {
		if h := Half(math.Float32bits(v) >> 16); h.Finite() {
			out[i] = h
		}
	}
	return out
}

// twice makes neighbours equal, as they are in the tables of TurnPairs, of an even length.
func twice(x []float32) []float32 {
	out := slices.Clone(x[:len(x)&^1])
	for i := range out {
		out[i] = x[i&^1]
	}
	return out
}

func (k kernel) compareNarrow(out, a []float32) {
	h := make([]Half, len(a))
	k.narrow(h, a)
	for i, v := range h {
		out[i] = float32(v)
	}
}

// compareWeigh leaves out what stands beside a sum that is no number: all of it fails then.
func (k kernel) compareWeigh(out, a []float32) {
	copy(out, a)
	if sum := k.weigh(out); sum != sum {
		clear(out)
		out[0] = sum
	} else {
		out[len(out)-1] = sum
	}
}

// Lengths of vectors to compare: less than a register, exactly some, and with a rest; heads that the
// assembly takes, among them one that fills its widest loop and goes on.
var compareLengths = [...]int{5, 16, 24, 48, 112, 139}

// compareOperations gives every operation numbers of all kinds.
func compareOperations(k kernel) error {
	s := stream(2)
	for _, n := range compareLengths {
		for kind := range kinds {
			a, b := s.numbers(n, kind), s.numbers(n, kind)
			for _, op := range operations {
				want, got := make([]float32, n), make([]float32, n)
				op.run(portable, want, a, b)
				op.run(k, got, a, b)
				if !slices.EqualFunc(want, got, sameBits) {
					return fmt.Errorf("%s: %w", op.name, errDiffers)
				}
			}
		}
	}
	return nil
}

const kinds = 5

// numbers are near to 1, or of the width that exponentials have before they overflow and vanish, or any,
// or subnormal and next to it, or some of them infinite.
func (s *stream) numbers(n, kind int) []float32 {
	x := make([]float32, n)
	for i := range x {
		bits := uint32(s.next() >> 32)
		unit := float32(float32(int32(bits)) / (1 << 31))
		switch kind {
		case 0:
			x[i] = float32(unit * 4)
		case 1:
			x[i] = float32(unit * 150)
		case 2:
			x[i] = math.Float32frombits(bits)
			if !isNumber(x[i]) {
				x[i] = math.Float32frombits(bits ^ 1<<30)
			}
		case 3:
			x[i] = math.Float32frombits(bits & 0x80ffffff)
		default:
			x[i] = unit
			if bits%16 == 0 {
				x[i] = float32(math.Inf(int(bits/16%2*2) - 1))
			}
		}
	}
	return x
}
