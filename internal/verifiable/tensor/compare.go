// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"dsai.example/dsai/internal/verifiable/gguf"
)

// A kernel is used only after it gave the bits of the portable code here, at each start, with its products
// and with all other operations: assembly that no machine of the tests could run, or a CPU that errs, must
// not reach a signature.

const (
	compareRows    = 2*RowGroup + 3
	compareColumns = 2 * largeNumbers
	compareBatch   = tile + 1 // a tile and one alone
)

// compare multiplies matrices of every type with extreme activations, then compares the operations.
func compare(k kernel) error {
	s := stream(1)
	for _, t := range []gguf.Type{gguf.F32, gguf.F16, gguf.BF16, gguf.Q8_0, gguf.Q4_0, gguf.Q5_0, gguf.Q4_K, gguf.Q5_K, gguf.Q6_K} {
		m, err := newMatrix("compared", t, compareRows, compareColumns)
		if err == nil {
			err = m.put(s.weights(m), 0)
		}
		if err == nil {
			err = m.compare(k, s.activations())
		}
		if err != nil {
			return fmt.Errorf("%v: %w", t, err)
		}
	}
	return compareOperations(k)
}

func (m *Matrix) compare(k kernel, floats [][]float32) error {
	want, got := make([]*Activation, len(floats)), make([]*Activation, len(floats))
	for i, x := range floats {
		want[i], got[i] = NewActivation(len(x)), NewActivation(len(x))
		copy(want[i].Floats, x)
		copy(got[i].Floats, x)
		want[i].quantize(portable, m.Form())
		got[i].quantize(k, m.Form())
		if !slices.Equal(want[i].small, got[i].small) || !slices.Equal(want[i].large, got[i].large) {
			return errDiffers
		}
	}
	if !slices.EqualFunc(m.products(portable, want), m.products(k, got), sameBits) {
		return errDiffers
	}
	if !slices.EqualFunc(m.products(portable, want[:1]), m.products(k, got[:1]), sameBits) {
		return errDiffers
	}
	return nil
}

// products returns all products, one activation's after the other's.
func (m *Matrix) products(k kernel, a []*Activation) []float32 {
	out := make([]float32, len(a)*m.Rows)
	dst := make([][]float32, len(a))
	for i := range a {
		dst[i] = out[i*m.Rows:][:m.Rows]
	}
	m.multiply(k, dst, a, 0, m.Rows)
	return out
}

// sameBits takes any NaN for any other: its payload is the CPU's, and it fails the request.
func sameBits(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// A stream is splitmix64: numbers without a pattern that are the same everywhere.
type stream uint64

func (s *stream) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// weights makes the rows of m as they would stand in a file: any bytes, with factors that are numbers.
// The first row has the lowest and the second the highest of each weight.
func (s *stream) weights(m *Matrix) []byte {
	b := make([]byte, m.Rows*m.stride())
	for i := range b {
		switch i / m.stride() {
		case 0:
			b[i] = 0x80
		case 1:
			b[i] = 0x7f
		default:
			b[i] = byte(s.next())
		}
	}
	for at := 0; at < len(b); at += m.rule.bytes {
		block := b[at:][:m.rule.bytes]
		for _, h := range m.rule.finite {
			binary.LittleEndian.PutUint16(block[h:], uint16(s.half()))
		}
		if !m.rule.check(block) {
			block[len(block)-1] &= 0xbf // the top bit of the exponent of F32 and BF16
		}
	}
	return b
}

// half returns a number of any size, or, as often, one near to 1.
func (s *stream) half() Half {
	h := Half(s.next())
	if s.next()%2 == 0 {
		return h&0x83ff | 0x3800
	}
	if !h.Finite() {
		h &^= 0x4000
	}
	return h
}

// activations are vectors of ordinary, huge and tiny numbers, of equal ones, and with blocks of zeros.
func (s *stream) activations() [][]float32 {
	out := make([][]float32, compareBatch)
	for i, size := range []float32{1, 1e30, 1e-37, 1, 3} {
		out[i] = make([]float32, compareColumns)
		for j := range out[i] {
			x := float32(float32(int64(s.next())>>32) / (1 << 31) * size)
			switch {
			case i == 3:
				x = math.Float32frombits(math.Float32bits(x)&(1<<31) | 0x3f800000)
			case i == 4 && j < largeNumbers+32:
				x = 0
			}
			out[i][j] = x
		}
	}
	return out
}
