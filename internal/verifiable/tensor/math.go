// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import "math"

// The elementary functions are computed in float64 by polynomials whose every product is rounded
// before it is added, because the ones of package math differ between architectures in the last bit
// (spec/numerics.md#functions). Additions, quotients and square roots are exact to rounding
// everywhere (IEEE 754) and may be used as they are.

const (
	ln2High = 6.93147180369123816490e-01 // the upper 33 bits of ln 2, so that k*ln2High is exact
	ln2Low  = 1.90821492927058770002e-10
	log2E   = 1.44269504088896338700e+00
	ln2     = 0.693147180559945309417232121458
)

// expTerms are 1/n! for n = 11 … 0.
var expTerms = [...]float64{
	1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1, 1,
}

// Beyond these Exp is 0 and +Inf.
const expLeast, expMost = -104, 88.8

// Exp returns e^x, rounded to float32. It is 0 below -104 and +Inf above 88.8. x must be a number.
func Exp(x float32) float32 {
	switch {
	case x > expMost:
		return float32(math.Inf(1))
	case x < expLeast:
		return 0
	}
	return float32(exp(float64(x), expTerms[:]))
}

// exp returns e^x for |x| <= 700: 2^k * e^r with |r| <= ln 2 / 2.
func exp(x float64, terms []float64) float64 {
	k := math.Floor(float64(x*log2E) + 0.5)
	r := x - float64(k*ln2High) - float64(k*ln2Low)
	p := polynomial(r, terms)
	return float64(p * math.Float64frombits(uint64(1023+int64(k))<<52))
}

// polynomial evaluates by Horner's rule, the highest coefficient first.
func polynomial(x float64, coefficients []float64) float64 {
	p := coefficients[0]
	for _, c := range coefficients[1:] {
		p = float64(p*x) + c
	}
	return p
}

// expTermsFine are 1/n! for n = 16 … 0: for tables that are made once.
var expTermsFine = [...]float64{
	1.0 / 20922789888000, 1.0 / 1307674368000, 1.0 / 87178291200, 1.0 / 6227020800, 1.0 / 479001600,
	1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1, 1,
}

// atanhTerms are 1/(2n+1) for n = 13 … 0.
var atanhTerms = [...]float64{
	1.0 / 27, 1.0 / 25, 1.0 / 23, 1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1,
}

// Log returns ln x for a positive, normal x: ln(m * 2^k) = k ln 2 + 2 atanh((m-1)/(m+1)) with m in
// [sqrt(1/2), sqrt 2).
func Log(x float64) float64 {
	m, k := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, k = m+m, k-1
	}
	z := (m - 1) / (m + 1)
	p := polynomial(float64(z*z), atanhTerms[:])
	return float64(float64(k)*ln2) + float64(2*float64(z*p))
}

// Pow returns base^e, which must be within e^-700 … e^700, for a positive, normal base.
func Pow(base, e float64) float64 { return exp(float64(e*Log(base)), expTermsFine[:]) }

var (
	sinTerms = [...]float64{1.0 / 355687428096000, -1.0 / 1307674368000, 1.0 / 6227020800, -1.0 / 39916800, 1.0 / 362880, -1.0 / 5040, 1.0 / 120, -1.0 / 6, 1}
	cosTerms = [...]float64{1.0 / 20922789888000, -1.0 / 87178291200, 1.0 / 479001600, -1.0 / 3628800, 1.0 / 40320, -1.0 / 720, 1.0 / 24, -1.0 / 2, 1}
)

// SinCos returns sin a and cos a for |a| <= 2^30, by reduction to |r| <= pi/4 with pi/2 in three parts. Up
// to 2^20 both are within 1e-11 of the true ones. Beyond, the product with the first part rounds, and they
// are within 1e-6: no less defined, and no model turns so far.
func SinCos(a float64) (sin, cos float64) {
	const half1, half2, half3 = 1.57079632673412561417e+00, 6.07710050630396597660e-11, 2.02226624879595063154e-21
	n := math.Floor(float64(a*0.63661977236758134308) + 0.5)
	r := a - float64(n*half1) - float64(n*half2) - float64(n*half3)
	z := float64(r * r)
	s := float64(r * polynomial(z, sinTerms[:]))
	c := polynomial(z, cosTerms[:])
	switch int64(n) & 3 {
	case 0:
		return s, c
	case 1:
		return c, -s
	case 2:
		return -s, -c
	}
	return -c, s
}
