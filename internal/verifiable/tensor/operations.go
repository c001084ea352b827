// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

// The operations of a step but for the matrix products, with the kernel in use. Their loops are in vector.go.

// Sum returns the sum of x.
func Sum(x []float32) float32 { return current().sum(x) }

// Dot returns the sum of the products of a and b, which are of one length.
func Dot(a, b []float32) float32 { return current().dot(a, b) }

// Scores writes Dot(query, key) * scale to dst for each of the keys, which follow each other.
func Scores(dst, query, keys []float32, scale float32) { current().scores(dst, query, keys, scale) }

// Mix adds weight*value to out for each of the values, which follow each other, in order.
func Mix(out, weights, values []float32) { current().mix(out, weights, values) }

// Add adds b to a.
func Add(a, b []float32) { current().add(a, b) }

// Divide divides each x.
func Divide(x []float32, by float32) { current().divide(x, by) }

// Widen writes the Halfs to dst.
func Widen(dst []float32, h []Half) { current().widen(dst, h) }

// Narrow writes ToHalf of each x, which are numbers, to dst.
func Narrow(dst []Half, x []float32) { current().narrow(dst, x) }

// Normalize writes x / rms(x) * weight to dst, which may be x (RMSNorm, arXiv 1910.07467).
func Normalize(dst, x, weight []float32, epsilon float64) {
	current().normalize(dst, x, weight, epsilon)
}

// Weigh replaces the scores x by e^(x - max x) and returns their sum: a softmax whose division is left
// to whoever adds up what they weigh. x is not empty. If one of x is NaN, so is the sum.
func Weigh(x []float32) (sum float32) { return current().weigh(x) }

// Gate replaces gate by silu(gate) * up (SwiGLU, arXiv 2002.05202).
func Gate(gate, up []float32) { current().gate(gate, up) }

// TurnPairs turns the pairs of neighbours at the start of x. Each sine and cosine stands twice, for
// both numbers of its pair.
func TurnPairs(x, sin, cos []float32) { current().turnPairs(x, sin, cos) }

// TurnHalves turns the pairs of numbers that stand len(sin) apart at the start of x.
func TurnHalves(x, sin, cos []float32) { current().turnHalves(x, sin, cos) }

// Finite reports whether every x is a number.
func Finite(x []float32) bool { return current().finite(x) }
