// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

// Weights in blocks of 32 with one factor. A product of rows is, over the blocks in order,
// acc = acc + f32(n) * (factor * scale), where n is the exact sum of 32 products of small integers
// (spec/numerics.md#products).

const (
	q8Bytes = 34 // factor, 32 signed bytes
	q4Bytes = 18 // factor, 16 bytes: weights 0-15 in the low nibbles, 16-31 in the high ones, each less 8
)

func widenQ8(dst []float32, b []byte) {
	d := halfAt(b).Float()
	for i := range dst {
		dst[i] = float32(float32(int8(b[2+i])) * d)
	}
}

func dotQ8(row []byte, a *Activation) float32 {
	var acc float32
	for b, scale := range a.small.scales {
		w, x := row[b*q8Bytes:][:q8Bytes], a.small.bytes[b*smallBlock:][:smallBlock]
		var n int32
		for i, v := range x {
			n += int32(int8(w[2+i])) * int32(v)
		}
		acc += float32(float32(n) * float32(halfAt(w).Float()*scale))
	}
	return acc
}

func widenQ4(dst []float32, b []byte) {
	d := halfAt(b).Float()
	for i := range 16 {
		dst[i] = float32(float32(int(b[2+i]&15)-8) * d)
		dst[16+i] = float32(float32(int(b[2+i]>>4)-8) * d)
	}
}

func dotQ4(row []byte, a *Activation) float32 {
	var acc float32
	for b, scale := range a.small.scales {
		w, x := row[b*q4Bytes:][:q4Bytes], a.small.bytes[b*smallBlock:][:smallBlock]
		var n int32
		for i := range 16 {
			n += (int32(w[2+i]&15) - 8) * int32(x[i])
			n += (int32(w[2+i]>>4) - 8) * int32(x[16+i])
		}
		acc += float32(float32(n) * float32(halfAt(w).Float()*scale))
	}
	return acc
}
