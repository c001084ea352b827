// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package planted

import (
	"math"

	"planted.example/dep"
)

func statement(x, y, z float32) float32 {
	a := x*y + z                   // want: may be fused
	b := z - (x * y)               // want: may be fused
	c := -(x * y)                  // want: may be fused
	d := float32(x*y) + z          // rounded at once
	e := x * y                     // want: may be fused
	e += z                         // fuses with the line above
	f := x * y * z                 // want: may be fused
	g := float32(x*y*z) + x*y/z    // a quotient is never fused
	h := float32(float64(x)*2) + z // converted twice is still rounded
	return a + b + c + d + e + f + g + h
}

func assigned(x []float64, y float64) {
	x[0] *= y             // want: x *= y may be fused
	x[1] = float64(y * y) // rounded
	x[1] += y * y         // want: may be fused
}

func argument(x, y float64) float64 {
	return math.Abs(x * y) // want: may be fused
}

func returned(x, y dep.Weight) dep.Weight { return x * y } // want: may be fused

func generic[F ~float32 | ~float64](x, y, z F) F { return x*y + z } // want: may be fused

func complexes(x, y complex128) complex128 { return x * y } // want: may be fused

func comparison(x, y, z float64) bool { return x*y < z }

func constant(z float64) float64 { return 2*math.Pi + z }

func integers[I ~int | ~uint](x, y, z I) I { return x*y + z }

func pointer(p *int, n int) int { return n**p + n }
