// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import "math"

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
	for i, v := range x {
		s[i%lanes] += v
	}
	return fold(&s)
}

// Dot returns the sum of the products of a and b, which are of one length.
func Dot(a, b []float32) float32 {
	var s [lanes]float32
	for i, v := range a {
		s[i%lanes] += float32(v * b[i])
	}
	return fold(&s)
}

// DotHalf is Dot with b in Halfs.
func DotHalf(a []float32, b []Half) float32 {
	var s [lanes]float32
	for i, v := range a {
		s[i%lanes] += float32(v * b[i].Float())
	}
	return fold(&s)
}

// Add adds b to a.
func Add(a, b []float32) {
	for i, v := range b {
		a[i] += v
	}
}

// AddScaledHalf adds f*b to a.
func AddScaledHalf(a []float32, f float32, b []Half) {
	for i, v := range b {
		a[i] += float32(f * v.Float())
	}
}

// Normalize writes x / rms(x) * weight to dst, which may be x (RMSNorm, arXiv 1910.07467).
func Normalize(dst, x, weight []float32, epsilon float64) {
	mean := float64(Dot(x, x)) / float64(len(x))
	f := float32(1 / math.Sqrt(mean+epsilon))
	for i, v := range x {
		dst[i] = float32(float32(v*f) * weight[i])
	}
}

// Weigh replaces the scores x by e^(x - max x) and returns their sum: a softmax whose division is left
// to whoever adds up what they weigh. x is not empty.
func Weigh(x []float32) (sum float32) {
	most := x[0]
	for _, v := range x[1:] {
		if v > most {
			most = v
		}
	}
	for i, v := range x {
		x[i] = Exp(v - most)
	}
	return Sum(x)
}

// Gate replaces gate by silu(gate) * up (SwiGLU, arXiv 2002.05202).
func Gate(gate, up []float32) {
	for i, g := range gate {
		gate[i] = float32(g / (1 + Exp(-g)) * up[i])
	}
}

// Finite reports whether every x is a number.
func Finite(x []float32) bool {
	for _, v := range x {
		if math.Float32bits(v)&0x7f800000 == 0x7f800000 {
			return false
		}
	}
	return true
}
