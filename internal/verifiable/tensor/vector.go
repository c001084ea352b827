// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import "math"

// The loops here are what is defined; operations.go says what for. Where the CPU has wide registers, a
// function called fastX does the same operations on as much as fills them, and says how far it came.

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

func (k kernel) sum(x []float32) float32 {
	var s [lanes]float32
	x = x[fastSum(k, x, &s):]
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

func (k kernel) dot(a, b []float32) float32 {
	var s [lanes]float32
	n := fastDot(k, a, b, &s)
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

func (k kernel) scores(dst, query, keys []float32, scale float32) {
	for t := fastScores(k, dst, query, keys, scale); t < len(dst); t++ {
		dst[t] = float32(k.dot(query, keys[t*len(query):][:len(query)]) * scale)
	}
}

func (k kernel) mix(out, weights, values []float32) {
	for t := fastMix(k, out, weights, values); t < len(weights); t++ {
		for i, v := range values[t*len(out):][:len(out)] {
			out[i] += float32(weights[t] * v)
		}
	}
}

func (k kernel) add(a, b []float32) {
	for i := fastAdd(k, a, b); i < len(b); i++ {
		a[i] += b[i]
	}
}

func (k kernel) divide(x []float32, by float32) {
	for i := fastDivide(k, x, by); i < len(x); i++ {
		x[i] /= by
	}
}

func (k kernel) widen(dst []float32, h []Half) {
	for i := fastWiden(k, dst, h); i < len(h); i++ {
		dst[i] = h[i].Float()
	}
}

func (k kernel) narrow(dst []Half, x []float32) {
	for i := fastNarrow(k, dst, x); i < len(x); i++ {
		dst[i] = ToHalf(x[i])
	}
}

func (k kernel) normalize(dst, x, weight []float32, epsilon float64) {
	mean := float64(k.dot(x, x)) / float64(len(x))
	f := float32(1 / math.Sqrt(mean+epsilon))
	for i := fastNormalize(k, dst, x, weight, f); i < len(x); i++ {
		dst[i] = float32(float32(x[i]*f) * weight[i])
	}
}

func (k kernel) weigh(x []float32) (sum float32) {
	most := x[0]
	for i := fastMax(k, x, &most); i < len(x); i++ {
		if x[i] > most {
			most = x[i]
		}
	}
	for i := fastExp(k, x, most); i < len(x); i++ {
		x[i] = Exp(x[i] - most)
	}
	return k.sum(x)
}

func (k kernel) gate(gate, up []float32) {
	for i := fastGate(k, gate, up); i < len(gate); i++ {
		g := gate[i]
		gate[i] = float32(g / (1 + Exp(-g)) * up[i])
	}
}

func (k kernel) turnPairs(x, sin, cos []float32) {
	for i := fastTurnPairs(k, x, sin, cos); i+1 < len(sin); i += 2 {
		a, b, s, c := x[i], x[i+1], sin[i], cos[i]
		x[i] = float32(a*c) - float32(b*s)
		x[i+1] = float32(a*s) + float32(b*c)
	}
}

func (k kernel) turnHalves(x, sin, cos []float32) {
	first, second := x[:len(sin)], x[len(sin):][:len(sin)]
	for i := fastTurnHalves(k, first, second, sin, cos); i < len(sin); i++ {
		a, b, s, c := first[i], second[i], sin[i], cos[i]
		first[i] = float32(a*c) - float32(b*s)
		second[i] = float32(a*s) + float32(b*c)
	}
}

func (k kernel) finite(x []float32) bool {
	i, ok := fastFinite(k, x)
	for ; ok && i < len(x); i++ {
		ok = isNumber(x[i])
	}
	return ok
}

func isNumber(x float32) bool { return math.Float32bits(x)&0x7f800000 != 0x7f800000 }
