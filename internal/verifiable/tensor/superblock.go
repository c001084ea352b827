// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

// A superblock is one row's block of 256 with its weights as small integers.
type superblock struct {
	q       [256]int8
	factors [16]int32 // of 32 weights each in Q4_K and Q5_K, of 16 in Q6_K
	offsets [parts]int32
}

// The files' layouts (spec/numerics.md#weights).

// readFactors unpacks the eight pairs of six bits that Q4_K and Q5_K share.
func (s *superblock) readFactors(b []byte) {
	for j := range 4 {
		s.factors[j], s.offsets[j] = int32(b[j]&63), int32(b[j+4]&63)
		s.factors[j+4] = int32(b[j+8]&15 | b[j]>>6<<4)
		s.offsets[j+4] = int32(b[j+8]>>4 | b[j+4]>>6<<4)
	}
}

func (s *superblock) readQ4K(b []byte) {
	s.readFactors(b[4:16])
	for j := range 4 {
		for i, v := range b[16+32*j:][:32] {
			s.q[64*j+i] = int8(v & 15)
			s.q[64*j+32+i] = int8(v >> 4)
		}
	}
}

func (s *superblock) readQ5K(b []byte) {
	s.readFactors(b[4:16])
	fifth := b[16:48]
	for j := range 4 {
		for i, v := range b[48+32*j:][:32] {
			s.q[64*j+i] = int8(v&15 | fifth[i]>>(2*j)&1<<4)
			s.q[64*j+32+i] = int8(v>>4 | fifth[i]>>(2*j+1)&1<<4)
		}
	}
}

func (s *superblock) readQ6K(b []byte) {
	for half := range 2 {
		low, high, q := b[64*half:], b[128+32*half:], s.q[128*half:]
		for i := range 32 {
			h := high[i]
			q[i] = int8(low[i]&15|h&3<<4) - 32
			q[32+i] = int8(low[32+i]&15|h>>2&3<<4) - 32
			q[64+i] = int8(low[i]>>4|h>>4&3<<4) - 32
			q[96+i] = int8(low[32+i]>>4|h>>6<<4) - 32
		}
	}
	for j := range s.factors {
		s.factors[j] = int32(int8(b[192+j]))
	}
}

// The widening of a row that stands among others.

func rowQ4K(dst []float32, b []byte, lane int) {
	var s superblock
	s.nibbles(b, lane)
	s.widen(dst, b[q4KFactors:], lane)
}

func rowQ5K(dst []float32, b []byte, lane int) {
	var s superblock
	s.nibbles(b, lane)
	for i := range s.q {
		s.q[i] |= int8(b[q5KFifth+i/32*stepBytes+4*lane+i%4] >> (i % 32 / 4) & 1 << 4)
	}
	s.widen(dst, b[q5KFactors:], lane)
}

// nibbles is the reverse of packNibbles.
func (s *superblock) nibbles(b []byte, lane int) {
	for i := range s.q {
		s.q[i] = int8(b[i/32*partBytes+i%16/4*stepBytes+4*lane+i%4] >> (i % 32 / 16 * 4) & 15)
	}
}

// widen computes (d*factor) * q - dmin*offset.
func (s *superblock) widen(dst []float32, factors []byte, lane int) {
	d, dmin := halfAt(factors[atD+2*lane:]).Float(), halfAt(factors[atMin+2*lane:]).Float()
	for i := range dst {
		at := i/64*pairBytes + 2*lane + i%64/32
		factor, offset := float32(d*float32(factors[at])), float32(dmin*float32(factors[atOffsets+at]))
		dst[i] = float32(factor*float32(s.q[i])) - offset
	}
}

// rowQ6K computes (d*factor) * q.
func rowQ6K(dst []float32, b []byte, lane int) {
	d := halfAt(b[q6KD+2*lane:]).Float()
	for i := range dst {
		part, step, at := b[i/16*q6KPart:], i%16/4, 4*lane+i%4
		q := int(part[step%2*stepBytes+at]>>(step/2*4)&15|part[2*stepBytes+at]>>(2*step)&3<<4) - 32
		factor := int8(b[q6KFactors+i/32*pairBytes+2*lane+i%32/16])
		dst[i] = float32(float32(d*float32(factor)) * float32(q))
	}
}
