// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

// As much of the operations of vector.go as fills whole registers, as in vector_amd64.go.

//go:noescape
func dotNEON(a, b *float32, n int, s *[lanes]float32)

//go:noescape
func addNEON(a, b *float32, n int)

//go:noescape
func normalizeNEON(dst, x, weight *float32, n int, f float32)

//go:noescape
func widenNEON(dst *float32, h *Half, n int)

//go:noescape
func scoresNEON(dst, query, keys *float32, n, head int, scale float32)

//go:noescape
func mixNEON(out, weights, values *float32, n, head int)

func fastDot(a, b []float32, s *[lanes]float32) int {
	n := whole(len(a), lanes)
	if n > 0 {
		dotNEON(&a[0], &b[:n][0], n, s)
	}
	return n
}

func fastAdd(a, b []float32) int {
	n := whole(len(b), 8)
	if n > 0 {
		addNEON(&a[:n][0], &b[0], n)
	}
	return n
}

func fastNormalize(dst, x, weight []float32, f float32) int {
	n := whole(len(x), 8)
	if n > 0 {
		normalizeNEON(&dst[:n][0], &x[0], &weight[:n][0], n, f)
	}
	return n
}

func fastWiden(dst []float32, h []Half) int {
	n := whole(len(h), 8)
	if n > 0 {
		widenNEON(&dst[:n][0], &h[0], n)
	}
	return n
}

// fastScores and fastMix take heads of whole registers only, all positions or none.
func fastScores(dst, query, keys []float32, scale float32) int {
	n, head := len(dst), len(query)
	if n == 0 || head == 0 || whole(head, lanes) != head {
		return 0
	}
	scoresNEON(&dst[0], &query[0], &keys[: n*head : n*head][0], n, head, scale)
	return n
}

func fastMix(out, weights, values []float32) int {
	n, head := len(weights), len(out)
	if n == 0 || head == 0 || whole(head, lanes) != head {
		return 0
	}
	mixNEON(&out[0], &weights[0], &values[: n*head : n*head][0], n, head)
	return n
}
