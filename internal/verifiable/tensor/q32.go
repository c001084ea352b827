// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

// Weights in blocks of 32 with one factor. A product of rows is, over the blocks in order,
// acc = acc + f32(n) * (factor * scale), where n is the exact sum of 32 products of small integers
// (spec/numerics.md#products).
//
// Side by side, Q8_0 has for each step of 4 weights those of 16 rows, 4 bytes a row, and after the
// 8 steps the factors of the rows. Q4_0 has two steps in the same bytes: steps 0 to 3 in the low
// nibbles, 4 to 7 in the high ones.

const (
	q8Group = 8*stepBytes + 2*RowGroup
	q4Group = 4*stepBytes + 2*RowGroup

	stepBytes = 4 * RowGroup // 4 weights of each row
)

func packQ8(dst []byte, lane int, b []byte) {
	for j := range 8 {
		copy(dst[stepBytes*j+4*lane:][:4], b[2+4*j:])
	}
	copy(dst[8*stepBytes+2*lane:][:2], b)
}

func rowQ8(dst []float32, b []byte, lane int) {
	d := halfAt(b[8*stepBytes+2*lane:]).Float()
	for i := range dst {
		dst[i] = float32(float32(int8(b[i/4*stepBytes+4*lane+i%4])) * d)
	}
}

func dotQ8(group []byte, a *Activation) (acc [RowGroup]float32) {
	for i := range a.small {
		w, x := group[i*q8Group:][:q8Group], &a.small[i]
		var n [RowGroup]int32
		for j := range 8 {
			addSigned(&n, w[stepBytes*j:], x.q[4*j:])
		}
		accumulate(&acc, &n, w[8*stepBytes:], x.scale)
	}
	return acc
}

// addSigned adds the products of a step of signed bytes.
func addSigned(n *[RowGroup]int32, w []byte, x []int8) {
	w, x = w[:stepBytes], x[:4]
	x0, x1, x2, x3 := int32(x[0]), int32(x[1]), int32(x[2]), int32(x[3])
	for r := range n {
		v := w[4*r : 4*r+4 : 4*r+4]
		n[r] += int32(int8(v[0]))*x0 + int32(int8(v[1]))*x1 + int32(int8(v[2]))*x2 + int32(int8(v[3]))*x3
	}
}

// accumulate adds f32(n) * (factor * scale).
func accumulate(acc *[RowGroup]float32, n *[RowGroup]int32, factors []byte, scale float32) {
	factors = factors[:2*RowGroup]
	for r := range acc {
		acc[r] += float32(float32(n[r]) * float32(halfAt(factors[2*r:]).Float()*scale))
	}
}

func packQ4(dst []byte, lane int, b []byte) {
	for j := range 4 {
		copy(dst[stepBytes*j+4*lane:][:4], b[2+4*j:])
	}
	copy(dst[4*stepBytes+2*lane:][:2], b)
}

func rowQ4(dst []float32, b []byte, lane int) {
	d := halfAt(b[4*stepBytes+2*lane:]).Float()
	for i := range 16 {
		v := b[i/4*stepBytes+4*lane+i%4]
		dst[i] = float32(float32(int(v&15)-8) * d)
		dst[16+i] = float32(float32(int(v>>4)-8) * d)
	}
}

// dotQ4 multiplies the nibbles as they are, 0 to 15, and takes off 8 times the sum of x.
func dotQ4(group []byte, a *Activation) (acc [RowGroup]float32) {
	for i := range a.small {
		w, x := group[i*q4Group:][:q4Group], &a.small[i]
		var n [RowGroup]int32
		for j := range 4 {
			addNibbles(&n, w[stepBytes*j:], x.q[4*j:])
		}
		for r := range n {
			n[r] -= 8 * x.sum
		}
		accumulate(&acc, &n, w[4*stepBytes:], x.scale)
	}
	return acc
}

// addNibbles adds the products of the low nibbles with x[0:4] and of the high ones with x[16:20].
func addNibbles(n *[RowGroup]int32, w []byte, x []int8) {
	w = w[:stepBytes]
	x0, x1, x2, x3 := int32(x[0]), int32(x[1]), int32(x[2]), int32(x[3])
	y0, y1, y2, y3 := int32(x[16]), int32(x[17]), int32(x[18]), int32(x[19])
	for r := range n {
		v := w[4*r : 4*r+4 : 4*r+4]
		n[r] += int32(v[0]&15)*x0 + int32(v[1]&15)*x1 + int32(v[2]&15)*x2 + int32(v[3]&15)*x3 +
			int32(v[0]>>4)*y0 + int32(v[1]>>4)*y1 + int32(v[2]>>4)*y2 + int32(v[3]>>4)*y3
	}
}
