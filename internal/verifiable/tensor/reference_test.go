// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor_test

import (
	"encoding/binary"
	"math"

	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/tensor"
)

// The weights, activations and products of spec/numerics.md, written from its text alone: from the
// bytes of a file, one weight at a time.

// A plain block is what the text calls q, factor and offset, with d and dmin.
type plain struct {
	q       []int
	factors []int // of len(q)/len(factors) weights each; nil: none
	offsets []int
	d, dmin float32
}

func halves(kind gguf.Type) []int {
	switch kind {
	case gguf.F16, gguf.Q8_0, gguf.Q4_0, gguf.Q5_0:
		return []int{0}
	case gguf.Q4_K, gguf.Q5_K:
		return []int{0, 2}
	case gguf.Q6_K:
		return []int{208}
	}
	return nil
}

func half(b []byte) float32 { return tensor.Half(binary.LittleEndian.Uint16(b)).Float() }

func read(kind gguf.Type, b []byte) plain {
	switch kind {
	case gguf.Q8_0:
		p := plain{d: half(b)}
		for _, v := range b[2:34] {
			p.q = append(p.q, int(int8(v)))
		}
		return p
	case gguf.Q4_0:
		p := plain{d: half(b), q: make([]int, 32)}
		for i := range 16 {
			p.q[i], p.q[16+i] = int(b[2+i]&15)-8, int(b[2+i]>>4)-8
		}
		return p
	case gguf.Q5_0:
		p := plain{d: half(b), q: make([]int, 32)}
		for i := range p.q {
			p.q[i] = int(b[6+i%16]>>(i/16*4)&15) + int(b[2+i/8]>>(i%8)&1)*16 - 16
		}
		return p
	case gguf.Q6_K:
		return readSix(b)
	}
	p := plain{d: half(b), dmin: half(b[2:]), q: make([]int, 256), factors: make([]int, 8), offsets: make([]int, 8)}
	nibbles := b[16:]
	if kind == gguf.Q5_K {
		nibbles = b[48:]
	}
	for j := range p.q {
		chunk, i := j/64, j%64
		p.q[j] = int(nibbles[32*chunk+i%32]>>(i/32*4)) & 15
		if kind == gguf.Q5_K {
			p.q[j] += int(b[16+j%32]) >> (j / 32) & 1 * 16
		}
	}
	f := b[4:16]
	for j := range 4 {
		p.factors[j], p.offsets[j] = int(f[j]&63), int(f[j+4]&63)
		p.factors[j+4], p.offsets[j+4] = int(f[j+8]&15)+int(f[j]>>6)*16, int(f[j+8]>>4)+int(f[j+4]>>6)*16
	}
	return p
}

func readSix(b []byte) plain {
	p := plain{d: half(b[208:]), q: make([]int, 256), factors: make([]int, 16)}
	for h := range 2 {
		l, u := b[64*h:], b[128+32*h:]
		for i := range 32 {
			for k, low := range []byte{l[i] & 15, l[32+i] & 15, l[i] >> 4, l[32+i] >> 4} {
				p.q[128*h+32*k+i] = int(low) + int(u[i])>>(2*k)&3*16 - 32
			}
		}
	}
	for j := range p.factors {
		p.factors[j] = int(int8(b[192+j]))
	}
	return p
}

func number(kind gguf.Type, b []byte) float32 {
	switch kind {
	case gguf.F32:
		return math.Float32frombits(binary.LittleEndian.Uint32(b))
	case gguf.BF16:
		return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
	}
	return half(b)
}

// widened is a row of the embedding.
func widened(kind gguf.Type, row []byte) (out []float32) {
	numbers, size := kind.Block()
	for at := 0; at < len(row); at += size {
		if numbers == 1 {
			out = append(out, number(kind, row[at:]))
			continue
		}
		p := read(kind, row[at:])
		for i, q := range p.q {
			switch {
			case p.factors == nil:
				out = append(out, float32(float32(q)*p.d))
			case p.offsets == nil:
				out = append(out, float32(float32(p.d*float32(p.factors[i/16]))*float32(q)))
			default:
				offset := float32(p.dmin * float32(p.offsets[i/32]))
				out = append(out, float32(float32(p.d*float32(p.factors[i/32]))*float32(q))-offset)
			}
		}
	}
	return out
}

// bytesOf is a block of an activation.
func bytesOf(x []float32) (q []int, scale float32) {
	q = make([]int, len(x))
	var most float32
	for _, v := range x {
		most = max(most, v, -v)
	}
	id := float32(127 / most)
	if most == 0 || math.IsInf(float64(id), 0) {
		return q, 0
	}
	for i, v := range x {
		q[i] = int(max(-127, min(127, math.RoundToEven(float64(float32(v*id))))))
	}
	return q, float32(most / 127)
}

// reference is the products of all rows with x.
func reference(kind gguf.Type, b []byte, columns int, x []float32) (out []float32) {
	numbers, size := kind.Block()
	stride := columns / numbers * size
	for ; len(b) > 0; b = b[stride:] {
		var acc float32
		for i := range columns / numbers {
			block, part := b[i*size:][:size], x[i*numbers:][:numbers]
			if numbers == 1 {
				acc += float32(number(kind, block) * part[0])
				continue
			}
			p := read(kind, block)
			acc = p.addTo(acc, part)
		}
		out = append(out, acc)
	}
	return out
}

func (p *plain) addTo(acc float32, x []float32) float32 {
	bytes, scale := bytesOf(x)
	n, o := 0, 0
	for i, q := range p.q {
		factor := 1
		if p.factors != nil {
			factor = p.factors[i*len(p.factors)/len(p.q)]
		}
		n += factor * q * bytes[i]
		if p.offsets != nil {
			o += p.offsets[i/32] * bytes[i]
		}
	}
	acc += float32(float32(int32(n)) * float32(p.d*scale))
	if p.offsets != nil {
		acc -= float32(float32(int32(o)) * float32(p.dmin*scale))
	}
	return acc
}
