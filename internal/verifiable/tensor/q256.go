// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

// Weights in blocks of 256, parts of which have integer factors of their own ("K-quants"). Within a
// block everything is exact in integers: n is the sum over the parts of factor times products, o the
// same for what is taken off. Then, over the blocks in order,
// acc = acc + f32(n) * (d*scale), and for Q4_K and Q5_K acc = acc - f32(o) * (dmin*scale)
// (spec/numerics.md#products). The largest n is below 2^28.

const (
	q4KBytes = 144 // d, dmin, 12 bytes of factors, 128 of nibbles
	q5KBytes = 176 // d, dmin, 12 bytes of factors, 32 of fifth bits, 128 of nibbles
	q6KBytes = 210 // 128 bytes of nibbles, 64 of upper bit pairs, 16 signed factors, d
	parts    = 8   // of 32 weights, in Q4_K and Q5_K
)

// A superblock is a block of 256 with its weights as small integers.
type superblock struct {
	q       [256]int8
	factors [16]int32 // of 32 weights each in Q4_K and Q5_K, of 16 in Q6_K
	offsets [parts]int32
}

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

func finiteQ6K(b []byte) bool { return halfAt(b[208:]).Finite() }

func widenQ4K(dst []float32, b []byte) {
	var s superblock
	s.readQ4K(b)
	s.widen(dst, b)
}

func widenQ5K(dst []float32, b []byte) {
	var s superblock
	s.readQ5K(b)
	s.widen(dst, b)
}

func (s *superblock) widen(dst []float32, b []byte) {
	d, dmin := halfAt(b).Float(), halfAt(b[2:]).Float()
	for i := range dst {
		factor, offset := float32(d*float32(s.factors[i/32])), float32(dmin*float32(s.offsets[i/32]))
		dst[i] = float32(factor*float32(s.q[i])) - offset
	}
}

func widenQ6K(dst []float32, b []byte) {
	var s superblock
	s.readQ6K(b)
	d := halfAt(b[208:]).Float()
	for i := range dst {
		dst[i] = float32(float32(d*float32(s.factors[i/16])) * float32(s.q[i]))
	}
}

func dotQ4K(row []byte, a *Activation) float32 {
	return dotOffset(row, q4KBytes, a, (*superblock).readQ4K)
}

func dotQ5K(row []byte, a *Activation) float32 {
	return dotOffset(row, q5KBytes, a, (*superblock).readQ5K)
}

func dotOffset(row []byte, bytes int, a *Activation, read func(*superblock, []byte)) float32 {
	var acc float32
	var s superblock
	for b, scale := range a.large.scales {
		w := row[b*bytes:][:bytes]
		read(&s, w)
		x := a.large.bytes[b*largeBlock:][:largeBlock]
		n, o := s.sums(x)
		acc += float32(float32(n) * float32(halfAt(w).Float()*scale))
		acc -= float32(float32(o) * float32(halfAt(w[2:]).Float()*scale))
	}
	return acc
}

// sums returns the sum of factor*weight*x, and of offset*x.
func (s *superblock) sums(x []int8) (n, o int32) {
	for j := range parts {
		var products, sum int32
		for i, v := range x[32*j:][:32] {
			products += int32(s.q[32*j+i]) * int32(v)
			sum += int32(v)
		}
		n += s.factors[j] * products
		o += s.offsets[j] * sum
	}
	return n, o
}

func dotQ6K(row []byte, a *Activation) float32 {
	var acc float32
	var s superblock
	for b, scale := range a.large.scales {
		w := row[b*q6KBytes:][:q6KBytes]
		s.readQ6K(w)
		x := a.large.bytes[b*largeBlock:][:largeBlock]
		var n int32
		for j, factor := range s.factors {
			var products int32
			for i, v := range x[16*j:][:16] {
				products += int32(s.q[16*j+i]) * int32(v)
			}
			n += factor * products
		}
		acc += float32(float32(n) * float32(halfAt(w[208:]).Float()*scale))
	}
	return acc
}
