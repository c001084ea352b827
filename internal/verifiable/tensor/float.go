// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"encoding/binary"
	"math"
)

// Weights that are floats themselves: acc = acc + w*x over the columns in order, each product and
// each sum rounded to float32 (spec/numerics.md#products).

func f32At(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }
func bf16At(b []byte) float32 {
	return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
}

func finiteF32(b []byte) bool  { return Finite([]float32{f32At(b)}) }
func finiteBF16(b []byte) bool { return Finite([]float32{bf16At(b)}) }
func finiteHalf(b []byte) bool { return halfAt(b).Finite() }

func finiteTwoHalves(b []byte) bool { return halfAt(b).Finite() && halfAt(b[2:]).Finite() }

func widenF32(dst []float32, b []byte)  { dst[0] = f32At(b) }
func widenF16(dst []float32, b []byte)  { dst[0] = halfAt(b).Float() }
func widenBF16(dst []float32, b []byte) { dst[0] = bf16At(b) }

func dotF32(row []byte, a *Activation) float32 {
	var acc float32
	for i, x := range a.Floats {
		acc += float32(f32At(row[4*i:]) * x)
	}
	return acc
}

func dotF16(row []byte, a *Activation) float32 {
	var acc float32
	for i, x := range a.Floats {
		acc += float32(halfAt(row[2*i:]).Float() * x)
	}
	return acc
}

func dotBF16(row []byte, a *Activation) float32 {
	var acc float32
	for i, x := range a.Floats {
		acc += float32(bf16At(row[2*i:]) * x)
	}
	return acc
}
