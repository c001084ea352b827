// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import "math"

// Each function here computes as much of an operation of vector.go as fills whole registers, and
// returns how far it came; the loop there, which is what is defined, goes on from that place.

// An expTable is the constants of Exp where the assembly finds them.
type expTable struct {
	log2E, half, ln2High, ln2Low float64
	bias                         int64
	terms                        [len(expTerms)]float64
	most, least, infinity, one   float32
	sign                         uint32
}

var expNumbers = &expTable{log2E, 0.5, ln2High, ln2Low, 1023, expTerms, expMost, expLeast, float32(math.Inf(1)), 1, 1 << 31}

//go:noescape
func dotAVX2(a, b *float32, n int, s *[lanes]float32)

//go:noescape
func sumAVX2(x *float32, n int, s *[lanes]float32)

//go:noescape
func maxAVX2(x *float32, n int) float32

//go:noescape
func addAVX2(a, b *float32, n int)

//go:noescape
func divideAVX2(a *float32, n int, by float32)

//go:noescape
func normalizeAVX2(dst, x, weight *float32, n int, f float32)

//go:noescape
func finiteAVX2(x *float32, n int) bool

//go:noescape
func widenAVX2(dst *float32, h *Half, n int)

//go:noescape
func narrowAVX2(dst *Half, x *float32, n int)

//go:noescape
func turnPairsAVX2(x, sin, cos *float32, n int)

//go:noescape
func turnHalvesAVX2(a, b, sin, cos *float32, n int)

//go:noescape
func scoresAVX2(dst, query, keys *float32, n, head int, scale float32)

//go:noescape
func mixAVX2(out, weights, values *float32, n, head int)

//go:noescape
func expAVX2(x *float32, n int, less float32, t *expTable)

//go:noescape
func gateAVX2(gate, up *float32, n int, t *expTable)

func fastDot(a, b []float32, s *[lanes]float32) int {
	n := whole(len(a), lanes)
	if n > 0 {
		dotAVX2(&a[0], &b[:n][0], n, s)
	}
	return n
}

func fastSum(x []float32, s *[lanes]float32) int {
	n := whole(len(x), lanes)
	if n > 0 {
		sumAVX2(&x[0], n, s)
	}
	return n
}

func fastMax(x []float32, most *float32) int {
	n := whole(len(x), 8)
	if n > 0 {
		*most = maxAVX2(&x[0], n)
	}
	return n
}

func fastAdd(a, b []float32) int {
	n := whole(len(b), 8)
	if n > 0 {
		addAVX2(&a[:n][0], &b[0], n)
	}
	return n
}

func fastDivide(x []float32, by float32) int {
	n := whole(len(x), 8)
	if n > 0 {
		divideAVX2(&x[0], n, by)
	}
	return n
}

func fastNormalize(dst, x, weight []float32, f float32) int {
	n := whole(len(x), 8)
	if n > 0 {
		normalizeAVX2(&dst[:n][0], &x[0], &weight[:n][0], n, f)
	}
	return n
}

func fastFinite(x []float32) (int, bool) {
	n := whole(len(x), 8)
	return n, n == 0 || finiteAVX2(&x[0], n)
}

func fastWiden(dst []float32, h []Half) int {
	n := whole(len(h), 8)
	if n > 0 {
		widenAVX2(&dst[:n][0], &h[0], n)
	}
	return n
}

func fastNarrow(dst []Half, x []float32) int {
	n := whole(len(x), 8)
	if n > 0 {
		narrowAVX2(&dst[:n][0], &x[0], n)
	}
	return n
}

func fastTurnPairs(x, sin, cos []float32) int {
	n := whole(len(sin), 8)
	if n > 0 {
		turnPairsAVX2(&x[:n][0], &sin[0], &cos[:n][0], n)
	}
	return n
}

func fastTurnHalves(a, b, sin, cos []float32) int {
	n := whole(len(sin), 8)
	if n > 0 {
		turnHalvesAVX2(&a[:n][0], &b[:n][0], &sin[0], &cos[:n][0], n)
	}
	return n
}

// fastScores and fastMix take heads of whole registers only, all positions or none.
func fastScores(dst, query, keys []float32, scale float32) int {
	n, head := len(dst), len(query)
	if n == 0 || head == 0 || whole(head, lanes) != head {
		return 0
	}
	scoresAVX2(&dst[0], &query[0], &keys[: n*head : n*head][0], n, head, scale)
	return n
}

func fastMix(out, weights, values []float32) int {
	n, head := len(weights), len(out)
	if n == 0 || head == 0 || whole(head, lanes) != head {
		return 0
	}
	mixAVX2(&out[0], &weights[0], &values[: n*head : n*head][0], n, head)
	return n
}

func fastExp(x []float32, less float32) int {
	n := whole(len(x), 8)
	if n > 0 {
		expAVX2(&x[0], n, less, expNumbers)
	}
	return n
}

func fastGate(gate, up []float32) int {
	n := whole(len(gate), 8)
	if n > 0 {
		gateAVX2(&gate[0], &up[:n][0], n, expNumbers)
	}
	return n
}
