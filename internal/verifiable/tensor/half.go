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

// Float returns the number, which float32 holds exactly.
func (h Half) Float() float32 {
	sign := uint32(h>>15) << 31
	exponent := uint32(h>>10) & 0x1f
	fraction := uint32(h) & 0x3ff
	switch exponent {
	case 0: // zero and subnormal numbers, fraction * 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)/(1<<24)))
	case 0x1f:
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
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
