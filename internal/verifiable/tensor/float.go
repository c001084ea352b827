// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"encoding/binary"
	"math"
)

// Weights that are floats themselves: acc = acc + w*x over the columns in order, each product and
// each sum rounded to float32 (spec/numerics.md#products). Side by side: for each column the numbers
// of 16 rows.

func f32At(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }
func bf16At(b []byte) float32 {
	return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
}

func finiteF32(b []byte) bool  { return isNumber(f32At(b)) }
func finiteBF16(b []byte) bool { return isNumber(bf16At(b)) }

func packF32(dst []byte, lane int, b []byte) { copy(dst[4*lane:][:4], b) }
func packF16(dst []byte, lane int, b []byte) { copy(dst[2*lane:][:2], b) }

func rowF32(dst []float32, b []byte, lane int)  { dst[0] = f32At(b[4*lane:]) }
func rowF16(dst []float32, b []byte, lane int)  { dst[0] = halfAt(b[2*lane:]).Float() }
func rowBF16(dst []float32, b []byte, lane int) { dst[0] = bf16At(b[2*lane:]) }

func dotF32(group []byte, a *Activation) (acc [RowGroup]float32) {
	for c, x := range a.Floats {
		w := group[4*RowGroup*c:][:4*RowGroup]
		for r := range acc {
			acc[r] += float32(f32At(w[4*r:]) * x)
		}
	}
	return acc
}

func dotF16(group []byte, a *Activation) (acc [RowGroup]float32) {
	for c, x := range a.Floats {
		w := group[2*RowGroup*c:][:2*RowGroup]
		for r := range acc {
			acc[r] += float32(halfAt(w[2*r:]).Float() * x)
		}
	}
	return acc
}

func dotBF16(group []byte, a *Activation) (acc [RowGroup]float32) {
	for c, x := range a.Floats {
		w := group[2*RowGroup*c:][:2*RowGroup]
		for r := range acc {
			acc[r] += float32(bf16At(w[2*r:]) * x)
		}
	}
	return acc
}
