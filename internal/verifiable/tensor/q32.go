// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import "encoding/binary"

// Weights in blocks of 32 with one factor. A product of rows is, over the blocks in order,
// acc = acc + f32(n) * (factor * scale), where n is the exact sum of 32 products of small integers
// (spec/numerics.md#products).
//
// Side by side, Q8_0 has for each step of 4 weights those of 16 rows, 4 bytes a row, and after the
// 8 steps the factors of the rows. Q5_0 stands as Q8_0: small models have a few matrices of it, where
// their width fits no block of 256 (llama.cpp, tensor_type_fallback), and kernels of its own would save
// them a third of the memory. Q4_0 has two steps in the same bytes: steps 0 to 3 in the low
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

func packQ5(dst []byte, lane int, b []byte) {
	fifth := binary.LittleEndian.Uint32(b[2:])
	for i, v := range b[6:22] { // weights 0 to 15 in the low nibbles, 16 to 31 in the high ones
		low := v&15 | byte(fifth>>i&1)<<4
		high := v>>4 | byte(fifth>>(16+i)&1)<<4
		dst[i/4*stepBytes+4*lane+i%4] = low - 16
		dst[(4+i/4)*stepBytes+4*lane+i%4] = high - 16
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
		n := signedProducts(w, x)
		accumulate(&acc, &n, w[8*stepBytes:], x.scale)
	}
	return acc
}

// signedProducts returns the sums of 32 products. The weights become unsigned by adding 128, and 128
// times the sum of x is taken off. Two rows go at once: each product of 64 bits is one of a row plus, 32
// bits higher, one of the next.
func signedProducts(w []byte, x *smallBlock) (n [RowGroup]int32) {
	var both [RowGroup / 2]int64
	for j := range 8 {
		step := (*[stepBytes]byte)(w[stepBytes*j:])
		q := (*[4]int8)(x.q[4*j:])
		four := [4]int64{int64(q[0]), int64(q[1]), int64(q[2]), int64(q[3])}
		for r := range both {
			both[r] += twoRows(binary.LittleEndian.Uint64(step[8*r:8*r+8])^0x8080808080808080, &four)
		}
	}
	for r, sum := range both {
		n[2*r], n[2*r+1] = apart(sum)
		n[2*r] -= 128 * x.sum
		n[2*r+1] -= 128 * x.sum
	}
	return n
}

// twoRows multiplies four unsigned bytes of a row and four of the next with x.
func twoRows(v uint64, x *[4]int64) int64 {
	const one = 0x000000ff000000ff
	return int64(v&one)*x[0] + int64(v>>8&one)*x[1] + int64(v>>16&one)*x[2] + int64(v>>24&one)*x[3]
}

// apart returns the sums of the two rows.
func apart(both int64) (first, second int32) {
	first = int32(uint32(both))
	return first, int32((both - int64(first)) >> 32)
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
		n := nibbleProducts(w, &x.q)
		for r := range n {
			n[r] -= 8 * x.sum
		}
		accumulate(&acc, &n, w[4*stepBytes:], x.scale)
	}
	return acc
}

// nibbleProducts returns the sums of 32 products: the low nibbles of four steps with x[0:16], the high
// ones with x[16:32]. It takes two rows at once and of each two weights, in fields of 16 bits: u and v of
// one row, then those of the other. Times x(v) + x(u) << 16 this leaves u*x(u) + v*x(v) of the rows in the
// second and in the fourth field, as in a product of polynomials. Eight of them are at most 8*2*15*127
// = 30480, in any field, so that none reaches into the next but for a sign, which rounding undoes.
func nibbleProducts(w []byte, x *[32]int8) (n [RowGroup]int32) {
	const two = 0x000f000f000f000f
	pair := func(i int) int64 { return int64(x[i+2]) + int64(x[i])<<16 }
	var lows, highs [8]int64
	for j := range 4 {
		lows[2*j], lows[2*j+1] = pair(4*j), pair(4*j+1)
		highs[2*j], highs[2*j+1] = pair(16+4*j), pair(16+4*j+1)
	}
	for r := 0; r < RowGroup; r += 2 {
		var low, high int64
		for j := range 4 {
			v := binary.LittleEndian.Uint64(w[stepBytes*j+4*r:])
			low += int64(v&two)*lows[2*j] + int64(v>>8&two)*lows[2*j+1]
			high += int64(v>>4&two)*highs[2*j] + int64(v>>12&two)*highs[2*j+1]
		}
		n[r] = int32(int16((low+1<<15)>>16)) + int32(int16((high+1<<15)>>16))
		n[r+1] = int32((low+1<<47)>>48) + int32((high+1<<47)>>48)
	}
	return n
}
