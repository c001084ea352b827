// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"dsai.example/dsai/internal/verifiable/tensor"
)

// Inputs of the operations: from tame to what overflows, is subnormal, or is no number.
var inputs = map[string]func(r *rand.Rand) float32{
	"tame":      func(r *rand.Rand) float32 { return float32(r.NormFloat64()) },
	"wide":      func(r *rand.Rand) float32 { return float32(r.NormFloat64() * 60) },
	"any":       func(r *rand.Rand) float32 { return finite(r.Uint32()) },
	"subnormal": func(r *rand.Rand) float32 { return math.Float32frombits(r.Uint32() & 0x80ffffff) },
	"mixed": func(r *rand.Rand) float32 {
		return []float32{0, float32(math.Copysign(0, -1)), 1, -1, math.MaxFloat32, -math.MaxFloat32, 65504, 65520, -65519,
			math.SmallestNonzeroFloat32, 88.8, 88.81, -104, -104.1, 1e-6}[r.IntN(15)]
	},
	"infinite": func(r *rand.Rand) float32 {
		if r.IntN(20) == 0 {
			return float32(math.Inf(r.IntN(2)*2 - 1))
		}
		return float32(r.NormFloat64())
	},
}

func finite(bits uint32) float32 {
	if bits&0x7f800000 == 0x7f800000 {
		bits ^= 0x40000000
	}
	return math.Float32frombits(bits)
}

// operations write what they compute to out; a and b have len(out) numbers each.
var operations = map[string]func(out, a, b []float32){
	"Sum":       func(out, a, _ []float32) { clear(out); out[0] = tensor.Sum(a) },
	"Dot":       func(out, a, b []float32) { clear(out); out[0] = tensor.Dot(a, b) },
	"Add":       func(out, a, b []float32) { copy(out, a); tensor.Add(out, b) },
	"Divide":    func(out, a, b []float32) { copy(out, a); tensor.Divide(out, b[0]) },
	"Normalize": func(out, a, b []float32) { tensor.Normalize(out, a, b, 1e-5) },
	"Weigh": func(out, a, _ []float32) {
		copy(out, a)
		if sum := tensor.Weigh(out); math.IsNaN(float64(sum)) { // all of it fails then
			clear(out)
			out[0] = sum
		}
	},
	"Gate": func(out, a, b []float32) { copy(out, a); tensor.Gate(out, b) },
	"Finite": func(out, a, b []float32) {
		clear(out)
		if tensor.Finite(a) {
			out[0] = 1
		}
	},
	"Narrow": func(out, a, b []float32) {
		h := make([]tensor.Half, len(a))
		tensor.Narrow(h, a)
		for i, v := range h {
			out[i] = float32(v)
		}
	},
	"TurnPairs":  func(out, a, b []float32) { copy(out, a); tensor.TurnPairs(out, twice(b)[:len(b)&^1], twice(a)) },
	"TurnHalves": func(out, a, b []float32) { copy(out, a); tensor.TurnHalves(out, b[:len(b)/2], b[len(b)/2:]) },
	"Scores": func(out, a, b []float32) {
		clear(out)
		n := min(len(out), 7)
		tensor.Scores(out[:n], a, slices.Concat(b, a, b, b, a, a, b), 0.125)
	},
	"Mix": func(out, a, b []float32) {
		copy(out, b)
		tensor.Mix(out, a[:min(len(a), 7)], slices.Concat(b, a, b, b, a, a, b))
	},
}

// twice makes neighbours equal, as they are in the tables of TurnPairs.
func twice(x []float32) []float32 {
	out := slices.Clone(x)
	for i := range out {
		out[i] = x[i&^1]
	}
	return out
}

// plainly runs f with the loops that define the operations, and nothing faster.
func plainly(t testing.TB, f func()) {
	t.Helper()
	before := tensor.InUse()
	use(t, "portable")
	defer use(t, before)
	f()
}

// What is fast and what is defined have the same bits, whatever is put in, and write no further.
func TestVectorKernels(t *testing.T) {
	const seed = 1
	for _, k := range tensor.Kernels()[1:] {
		use(t, k.Name)
		r := rand.New(rand.NewPCG(seed, 0))
		for name, op := range operations {
			for kind, draw := range inputs {
				for n := 1; n <= 300; n += 1 + n/20 {
					a, b := drawn(r, draw, n), drawn(r, draw, n)
					got, want := guarded(n), guarded(n)
					op(got[:n:n], a, b)
					plainly(t, func() { op(want[:n:n], a, b) })
					if i := difference(got, want); i >= 0 {
						t.Fatalf("%s: %s of %d %s numbers, seed %d: number %d = %v, want %v", k.Name, name, n, kind, seed, i, got[i], want[i])
					}
				}
			}
		}
	}
}

func drawn(r *rand.Rand, draw func(*rand.Rand) float32, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = draw(r)
	}
	return x
}

// guarded returns n numbers before some that nobody may write.
func guarded(n int) []float32 {
	x := make([]float32, n+16)
	for i := range x {
		x[i] = -12345
	}
	return x
}

// difference returns where two slices differ in their bits, -1 if nowhere. One NaN is as good as
// another: none may get so far that its bits are seen.
func difference(got, want []float32) int {
	for i := range got {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) && !(got[i] != got[i] && want[i] != want[i]) {
			return i
		}
	}
	return -1
}

// Exp of the operations is Exp, over all it is defined for.
func TestExpKernel(t *testing.T) {
	x := make([]float32, 0, 1<<16)
	for bits := uint64(0); bits < 1<<32; bits += 65521 {
		if v := math.Float32frombits(uint32(bits)); v == v && v < 0 && v > -110 {
			x = append(x, v)
		}
	}
	x = append(x, 0)
	got := slices.Clone(x)
	tensor.Weigh(got)
	for i, v := range x {
		if want := tensor.Exp(v); math.Float32bits(got[i]) != math.Float32bits(want) {
			t.Fatalf("weight of %v = %v, want %v", v, got[i], want)
		}
	}
}

// Every Half that is no NaN.
func TestWiden(t *testing.T) {
	var h []tensor.Half
	for u := range 1 << 16 {
		if u&0x7fff <= 0x7c00 {
			h = append(h, tensor.Half(u))
		}
	}
	h = h[:len(h)-1] // an odd length
	got := make([]float32, len(h))
	tensor.Widen(got, h)
	for i, v := range h {
		if math.Float32bits(got[i]) != math.Float32bits(v.Float()) {
			t.Fatalf("Widen(%04x) = %v, want %v", v, got[i], v.Float())
		}
	}
}

func BenchmarkVector(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 0))
	x, y := drawn(r, inputs["tame"], 2048), drawn(r, inputs["tame"], 2048)
	out := make([]float32, 2048)
	keys := drawn(r, inputs["tame"], 32*64)
	for _, tt := range []struct {
		name string
		op   func()
	}{
		{"Normalize", func() { tensor.Normalize(out, x, y, 1e-5) }},
		{"Weigh", func() { copy(out, x); tensor.Weigh(out) }},
		{"Gate", func() { copy(out, x); tensor.Gate(out, y) }},
		{"Add", func() { tensor.Add(out, y) }},
		{"Scores32x64", func() { tensor.Scores(out[:32], x[:64], keys, 0.125) }},
		{"Mix32x64", func() { tensor.Mix(out[:64], x[:32], keys) }},
	} {
		b.Run(tt.name, func(b *testing.B) {
			for b.Loop() {
				tt.op()
			}
		})
		b.Run(fmt.Sprintf("plain/%s", tt.name), func(b *testing.B) {
			plainly(b, func() {
				for b.Loop() {
					tt.op()
				}
			})
		})
	}
}
