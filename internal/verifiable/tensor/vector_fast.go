// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package tensor

import "math"

// Each function fastX computes as much of an operation of vector.go as fills whole registers, and
// returns how far it came; the loop there, which is what is defined, goes on from that place. The
// assembly, called xWide, is in vector_amd64.s for AVX2 and F16C and in vector_arm64.s for NEON.

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
func dotWide(a, b *float32, n int, s *[lanes]float32)

//go:noescape
func sumWide(x *float32, n int, s *[lanes]float32)

//go:noescape
func maxWide(x *float32, n int) float32

//go:noescape
func addWide(a, b *float32, n int)

//go:noescape
func divideWide(a *float32, n int, by float32)

//go:noescape
func normalizeWide(dst, x, weight *float32, n int, f float32)

//go:noescape
func finiteWide(x *float32, n int) bool

//go:noescape
func widenWide(dst *float32, h *Half, n int)

//go:noescape
func narrowWide(dst *Half, x *float32, n int)

//go:noescape
func turnPairsWide(x, sin, cos *float32, n int)

//go:noescape
func turnHalvesWide(a, b, sin, cos *float32, n int)

//go:noescape
func scoresWide(dst, query, keys *float32, n, head int, scale float32)

//go:noescape
func mixWide(out, weights, values *float32, n, head int)

//go:noescape
func expWide(x *float32, n int, less float32, t *expTable)

//go:noescape
func gateWide(gate, up *float32, n int, t *expTable)

// whole is how many of n numbers fill registers of size, 0 if these are not used.
func whole(k kernel, n, size int) int {
	if n &^= size - 1; n == 0 || k == portable {
		return 0
	}
	return n
}

func fastDot(k kernel, a, b []float32, s *[lanes]float32) int {
	n := whole(k, len(a), lanes)
	if n > 0 {
		dotWide(&a[0], &b[:n][0], n, s)
	}
	return n
}

func fastSum(k kernel, x []float32, s *[lanes]float32) int {
	n := whole(k, len(x), lanes)
	if n > 0 {
		sumWide(&x[0], n, s)
	}
	return n
}

func fastMax(k kernel, x []float32, most *float32) int {
	n := whole(k, len(x), 8)
	if n > 0 {
		*most = maxWide(&x[0], n)
	}
	return n
}

func fastAdd(k kernel, a, b []float32) int {
	n := whole(k, len(b), 8)
	if n > 0 {
		addWide(&a[:n][0], &b[0], n)
	}
	return n
}

func fastDivide(k kernel, x []float32, by float32) int {
	n := whole(k, len(x), 8)
	if n > 0 {
		divideWide(&x[0], n, by)
	}
	return n
}

func fastNormalize(k kernel, dst, x, weight []float32, f float32) int {
	n := whole(k, len(x), 8)
	if n > 0 {
		normalizeWide(&dst[:n][0], &x[0], &weight[:n][0], n, f)
	}
	return n
}

func fastFinite(k kernel, x []float32) (int, bool) {
	n := whole(k, len(x), 8)
	return n, n == 0 || finiteWide(&x[0], n)
}

func fastWiden(k kernel, dst []float32, h []Half) int {
	n := whole(k, len(h), 8)
	if n > 0 {
		widenWide(&dst[:n][0], &h[0], n)
	}
	return n
}

func fastNarrow(k kernel, dst []Half, x []float32) int {
	n := whole(k, len(x), 8)
	if n > 0 {
		narrowWide(&dst[:n][0], &x[0], n)
	}
	return n
}

func fastTurnPairs(k kernel, x, sin, cos []float32) int {
	n := whole(k, len(sin), 8)
	if n > 0 {
		turnPairsWide(&x[:n][0], &sin[0], &cos[:n][0], n)
	}
	return n
}

func fastTurnHalves(k kernel, a, b, sin, cos []float32) int {
	n := whole(k, len(sin), 8)
	if n > 0 {
		turnHalvesWide(&a[:n][0], &b[:n][0], &sin[0], &cos[:n][0], n)
	}
	return n
}

// fastScores and fastMix take heads of whole registers only, all positions or none.
func fastScores(k kernel, dst, query, keys []float32, scale float32) int {
	n, head := len(dst), len(query)
	if n == 0 || head == 0 || whole(k, head, lanes) != head {
		return 0
	}
	scoresWide(&dst[0], &query[0], &keys[: n*head : n*head][0], n, head, scale)
	return n
}

func fastMix(k kernel, out, weights, values []float32) int {
	n, head := len(weights), len(out)
	if n == 0 || head == 0 || whole(k, head, lanes) != head {
		return 0
	}
	mixWide(&out[0], &weights[0], &values[: n*head : n*head][0], n, head)
	return n
}

func fastExp(k kernel, x []float32, less float32) int {
	n := whole(k, len(x), 8)
	if n > 0 {
		expWide(&x[0], n, less, expNumbers)
	}
	return n
}

func fastGate(k kernel, gate, up []float32) int {
	n := whole(k, len(gate), 8)
	if n > 0 {
		gateWide(&gate[0], &up[:n][0], n, expNumbers)
	}
	return n
}
