// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import "math"

// The loops here are what is defined. Where the CPU has wide registers, a function called fastX does
// the same operations on as much as fills them, and says how far it came.

// lanes is the width of the sums below: lane j adds, in order, what stands at the indexes i with
// i mod 16 = j; then lanes 8 apart are added, then 4, 2 and 1 (spec/numerics.md#sums). A register of
// 16, 8 or 4 numbers does the same additions.
const lanes = 16

func fold(s *[lanes]float32) float32 {
	for width := lanes / 2; width > 0; width /= 2 {
		for j := range width {
			s[j] += s[j+width]
		}
	}
	return s[0]
}

// Sum returns the sum of x.
func Sum(x []float32) float32 {
	var s [lanes]float32
	x = x[fastSum(x, &s):]
	for ; len(x) >= lanes; x = x[lanes:] {
		for j, v := range (*[lanes]float32)(x) {
			s[j] += v
		}
	}
	for j, v := range x {
		s[j] += v
	}
	return fold(&s)
}

// Dot returns the sum of the products of a and b, which are of one length.
func Dot(a, b []float32) float32 {
	var s [lanes]float32
	n := fastDot(a, b, &s)
	a, b = a[n:], b[n:]
	for ; len(a) >= lanes; a, b = a[lanes:], b[lanes:] {
		x, y := (*[lanes]float32)(a), (*[lanes]float32)(b)
		for j := range s {
			s[j] += float32(x[j] * y[j])
		}
	}
	for j, v := range a {
		s[j] += float32(v * b[j])
	}
	return fold(&s)
}

// Scores writes Dot(query, key) * scale to dst for each of the keys, which follow each other.
func Scores(dst, query, keys []float32, scale float32) {
	for t := fastScores(dst, query, keys, scale); t < len(dst); t++ {
		dst[t] = float32(Dot(query, keys[t*len(query):][:len(query)]) * scale)
	}
}

// Mix adds weight*value to out for each of the values, which follow each other, in order.
func Mix(out, weights, values []float32) {
	for t := fastMix(out, weights, values); t < len(weights); t++ {
		for i, v := range values[t*len(out):][:len(out)] {
			out[i] += float32(weights[t] * v)
		}
	}
}

// Add adds b to a.
func Add(a, b []float32) {
	for i := fastAdd(a, b); i < len(b); i++ {
		a[i] += b[i]
	}
}

// Divide divides each x.
func Divide(x []float32, by float32) {
	for i := fastDivide(x, by); i < len(x); i++ {
		x[i] /= by
	}
}

// Widen writes the Halfs to dst.
func Widen(dst []float32, h []Half) {
	for i := fastWiden(dst, h); i < len(h); i++ {
		dst[i] = h[i].Float()
	}
}

// Narrow writes ToHalf of each x, which are numbers, to dst.
func Narrow(dst []Half, x []float32) {
	for i := fastNarrow(dst, x); i < len(x); i++ {
		dst[i] = ToHalf(x[i])
	}
}

// Normalize writes x / rms(x) * weight to dst, which may be x (RMSNorm, arXiv 1910.07467).
func Normalize(dst, x, weight []float32, epsilon float64) {
	mean := float64(Dot(x, x)) / float64(len(x))
	f := float32(1 / math.Sqrt(mean+epsilon))
	for i := fastNormalize(dst, x, weight, f); i < len(x); i++ {
		dst[i] = float32(float32(x[i]*f) * weight[i])
	}
}

// Weigh replaces the scores x by e^(x - max x) and returns their sum: a softmax whose division is left
// to whoever adds up what they weigh. x is not empty. If one of x is NaN, so is the sum.
func Weigh(x []float32) (sum float32) {
	most := x[0]
	for i := fastMax(x, &most); i < len(x); i++ {
		if x[i] > most {
			most = x[i]
		}
	}
	for i := fastExp(x, most); i < len(x); i++ {
		x[i] = Exp(x[i] - most)
	}
	return Sum(x)
}

// Gate replaces gate by silu(gate) * up (SwiGLU, arXiv 2002.05202).
func Gate(gate, up []float32) {
	for i := fastGate(gate, up); i < len(gate); i++ {
		g := gate[i]
		gate[i] = float32(g / (1 + Exp(-g)) * up[i])
	}
}

// TurnPairs turns the pairs of neighbours at the start of x. Each sine and cosine stands twice, for
// both numbers of its pair.
func TurnPairs(x, sin, cos []float32) {
	for i := fastTurnPairs(x, sin, cos); i+1 < len(sin); i += 2 {
		a, b, s, c := x[i], x[i+1], sin[i], cos[i]
		x[i] = float32(a*c) - float32(b*s)
		x[i+1] = float32(a*s) + float32(b*c)
	}
}

// TurnHalves turns the pairs of numbers that stand len(sin) apart at the start of x.
func TurnHalves(x, sin, cos []float32) {
	first, second := x[:len(sin)], x[len(sin):][:len(sin)]
	for i := fastTurnHalves(first, second, sin, cos); i < len(sin); i++ {
		a, b, s, c := first[i], second[i], sin[i], cos[i]
		first[i] = float32(a*c) - float32(b*s)
		second[i] = float32(a*s) + float32(b*c)
	}
}

// Finite reports whether every x is a number.
func Finite(x []float32) bool {
	i, ok := fastFinite(x)
	for ; ok && i < len(x); i++ {
		ok = isNumber(x[i])
	}
	return ok
}

func isNumber(x float32) bool { return math.Float32bits(x)&0x7f800000 != 0x7f800000 }
