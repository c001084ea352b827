// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import "encoding/binary"

// Weights in blocks of 256, parts of which have integer factors of their own ("K-quants"). Within a
// block everything is exact in integers: n is the sum over the parts of factor times products, o the
// same for what is taken off. Then, over the blocks in order,
// acc = acc + f32(n) * (d*scale), and for Q4_K and Q5_K acc = acc - f32(o) * (dmin*scale)
// (spec/numerics.md#products). The largest n is below 2^28.
//
// Side by side, Q4_K has each part of 32 as Q4_0 has it; then, for each two parts, their factors in
// two bytes a row, the offsets likewise, and d and dmin of the rows. Q5_K has before the factors, for
// each part, four bytes a row of fifth bits: bit j of byte k belongs to weight 4j + k. Q6_K has for each
// part of 16, in four bytes a row each: the low nibbles of the steps 0 and 2, those of 1 and 3, and the
// upper bits of the steps 0 to 3, two each; then, for each two parts, the factors, and d.

const (
	parts     = 8             // of 32 weights, in Q4_K and Q5_K
	partBytes = 4 * stepBytes // of nibbles
	pairBytes = 2 * RowGroup  // of factors of two parts

	q4KFactors = parts * partBytes
	q5KFifth   = parts * partBytes
	q5KFactors = q5KFifth + parts*stepBytes
	q6KPart    = 3 * stepBytes
	q6KFactors = 16 * q6KPart

	// From the factors of Q4_K and Q5_K on:
	atOffsets = parts / 2 * pairBytes
	atD       = 2 * atOffsets
	atMin     = atD + 2*RowGroup
	offsetEnd = atMin + 2*RowGroup

	q4KGroup = q4KFactors + offsetEnd
	q5KGroup = q5KFactors + offsetEnd
	q6KD     = q6KFactors + 8*pairBytes
	q6KGroup = q6KD + 2*RowGroup
)

func packQ4K(dst []byte, lane int, b []byte) {
	var s superblock
	s.readQ4K(b)
	s.packNibbles(dst, lane)
	s.packFactors(dst[q4KFactors:], lane, b)
}

func packQ5K(dst []byte, lane int, b []byte) {
	var s superblock
	s.readQ5K(b)
	s.packNibbles(dst, lane)
	for i, v := range s.q {
		dst[q5KFifth+i/32*stepBytes+4*lane+i%4] |= byte(v) >> 4 & 1 << (i % 32 / 4)
	}
	s.packFactors(dst[q5KFactors:], lane, b)
}

// packNibbles places the lower four bits of the weights.
func (s *superblock) packNibbles(dst []byte, lane int) {
	for i, v := range s.q {
		dst[i/32*partBytes+i%16/4*stepBytes+4*lane+i%4] |= byte(v) & 15 << (i % 32 / 16 * 4)
	}
}

func (s *superblock) packFactors(dst []byte, lane int, b []byte) {
	for j := range parts {
		dst[j/2*pairBytes+2*lane+j%2] = byte(s.factors[j])
		dst[atOffsets+j/2*pairBytes+2*lane+j%2] = byte(s.offsets[j])
	}
	copy(dst[atD+2*lane:][:2], b)
	copy(dst[atMin+2*lane:][:2], b[2:])
}

func packQ6K(dst []byte, lane int, b []byte) {
	var s superblock
	s.readQ6K(b)
	for i, v := range s.q {
		u, part, step, at := byte(v+32), dst[i/16*q6KPart:], i%16/4, 4*lane+i%4
		part[step%2*stepBytes+at] |= u & 15 << (step / 2 * 4)
		part[2*stepBytes+at] |= u >> 4 << (2 * step)
	}
	for j, f := range s.factors {
		dst[q6KFactors+j/2*pairBytes+2*lane+j%2] = byte(f)
	}
	copy(dst[q6KD+2*lane:][:2], b[208:])
}

func dotQ4K(group []byte, a *Activation) (acc [RowGroup]float32) {
	for i := range a.large {
		w, x := group[i*q4KGroup:][:q4KGroup], &a.large[i]
		var n [RowGroup]int32
		for p := range parts {
			products := nibbleProducts(w[p*partBytes:], (*[32]int8)(x.q[32*p:]))
			scaleUnsigned(&n, &products, w[q4KFactors:], p)
		}
		accumulateOffset(&acc, &n, w[q4KFactors:], x)
	}
	return acc
}

// scaleUnsigned adds the products of part p times its factor.
func scaleUnsigned(n, products *[RowGroup]int32, factors []byte, p int) {
	factors = factors[p/2*pairBytes:][:pairBytes]
	for r := range n {
		n[r] += int32(factors[2*r+p%2]) * products[r]
	}
}

// accumulateOffset adds f32(n) * (d*scale), then subtracts f32(o) * (dmin*scale).
func accumulateOffset(acc *[RowGroup]float32, n *[RowGroup]int32, factors []byte, x *largeBlock) {
	var o [RowGroup]int32
	for p, sum := range x.sums32 {
		for r := range o {
			o[r] += int32(factors[atOffsets+p/2*pairBytes+2*r+p%2]) * int32(sum)
		}
	}
	accumulate(acc, n, factors[atD:], x.scale)
	for r := range acc {
		acc[r] -= float32(float32(o[r]) * float32(halfAt(factors[atMin+2*r:]).Float()*x.scale))
	}
}

func dotQ5K(group []byte, a *Activation) (acc [RowGroup]float32) {
	for i := range a.large {
		w, x := group[i*q5KGroup:][:q5KGroup], &a.large[i]
		var n [RowGroup]int32
		for p := range parts {
			products := nibbleProducts(w[p*partBytes:], (*[32]int8)(x.q[32*p:]))
			fifth := w[q5KFifth+p*stepBytes:][:stepBytes]
			for j := range 4 {
				addFifth(&products, fifth, j, x.q[32*p+4*j:])
			}
			scaleUnsigned(&n, &products, w[q5KFactors:], p)
		}
		accumulateOffset(&acc, &n, w[q5KFactors:], x)
	}
	return acc
}

// addFifth adds what the fifth bits of the steps j and j+4 are worth, 16 each.
func addFifth(n *[RowGroup]int32, fifth []byte, j int, x []int8) {
	for k := range 4 {
		x0, x1 := int32(x[k]), int32(x[16+k])
		for r := range n {
			v := int32(fifth[4*r+k]) >> j
			n[r] += v&1<<4*x0 + v>>4&1<<4*x1
		}
	}
}

// dotQ6K multiplies the six bits as they are, 0 to 63, and takes off 32 times the sum of x.
func dotQ6K(group []byte, a *Activation) (acc [RowGroup]float32) {
	for i := range a.large {
		w, x := group[i*q6KGroup:][:q6KGroup], &a.large[i]
		var n [RowGroup]int32
		for p, sum := range x.sums16 {
			factors := w[q6KFactors+p/2*pairBytes:][:pairBytes]
			products := sixBits(w[p*q6KPart:], x.q[16*p:])
			for r := range n {
				n[r] += int32(int8(factors[2*r+p%2])) * (products[r] - 32*int32(sum))
			}
		}
		accumulate(&acc, &n, w[q6KD:], x.scale)
	}
	return acc
}

// sixBits returns the products of a part of 16 weights.
func sixBits(w []byte, x []int8) (n [RowGroup]int32) {
	const low, high = 0x0f0f0f0f0f0f0f0f, 0x3030303030303030
	var q [16]int64
	for i, v := range x[:16] {
		q[i] = int64(v)
	}
	for r := 0; r < RowGroup; r += 2 {
		l0, l1 := binary.LittleEndian.Uint64(w[4*r:]), binary.LittleEndian.Uint64(w[stepBytes+4*r:])
		h := binary.LittleEndian.Uint64(w[2*stepBytes+4*r:])
		both := twoRows(l0&low|h<<4&high, (*[4]int64)(q[0:]))
		both += twoRows(l1&low|h<<2&high, (*[4]int64)(q[4:]))
		both += twoRows(l0>>4&low|h&high, (*[4]int64)(q[8:]))
		both += twoRows(l1>>4&low|h>>2&high, (*[4]int64)(q[12:]))
		n[r], n[r+1] = apart(both)
	}
	return n
}
