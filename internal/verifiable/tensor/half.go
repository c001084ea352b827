// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"encoding/binary"
	"math"
)

// A Half is an IEEE 754 binary16 number.
type Half uint16

const maxHalf = 65504

// Float returns the number, which float32 holds exactly. Its exponent and fraction in the places of a
// float32's are the number times 2^-112, subnormal ones too.
func (h Half) Float() float32 {
	sign, rest := uint32(h>>15)<<31, uint32(h&0x7fff)<<13
	if rest >= 0x1f<<23 { // no number
		return math.Float32frombits(sign | 0xff<<23 | rest)
	}
	return float32(math.Float32frombits(sign|rest) * 0x1p112)
}

// Finite reports whether h is a number.
func (h Half) Finite() bool { return h&0x7c00 != 0x7c00 }

// ToHalf rounds to the nearest Half, ties to even. Beyond the largest it returns the largest: the
// cache of keys and values saturates rather than holding an infinity. f must be a number.
func ToHalf(f float32) Half {
	b := math.Float32bits(f)
	sign := Half(b>>16) & 0x8000
	b &= 0x7fffffff
	switch {
	case math.Float32frombits(b) >= maxHalf:
		return sign | 0x7bff
	case b < 0x38800000: // below 2^-14: a multiple of 2^-24
		return sign | Half(math.RoundToEven(float64(float64(math.Float32frombits(b))*(1<<24))))
	}
	b += 0xfff + b>>13&1
	return sign | Half((b-0x38000000)>>13)
}

func halfAt(b []byte) Half { return Half(binary.LittleEndian.Uint16(b)) }
