// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import "math"

// few is up to how many of the likeliest are looked for one by one.
const few = 256

// ordered returns the tokens as candidates, or the n likeliest of them if n is not 0: the highest logit
// first, of equal ones the lower token.
func ordered(logits []float32, n int) []candidate {
	if n > 0 && n <= few {
		return likeliest(logits, n)
	}
	all := make([]candidate, len(logits))
	for i, v := range logits {
		all[i] = candidate{int32(i), v}
	}
	all = sorted(all)
	if n > 0 {
		all = all[:min(n, len(all))]
	}
	return all
}

// likeliest returns the n first tokens in that order.
func likeliest(logits []float32, n int) []candidate {
	top := make([]candidate, 0, n+1)
	for i, v := range logits {
		if len(top) == n && (n == 0 || v <= top[n-1].weight) {
			continue
		}
		at := len(top)
		for at > 0 && v > top[at-1].weight {
			at--
		}
		top = append(top, candidate{})
		copy(top[at+1:], top[at:])
		top[at] = candidate{int32(i), v}
		top = top[:min(n, len(top))]
	}
	return top
}

const (
	digit  = 11 // bits
	digits = 3
)

// sorted orders candidates, which come in order of their tokens, likewise: digit by digit of their
// weights, each pass keeping the order of equal ones. A vocabulary of 128,000 takes a tenth of the time
// that comparing takes.
func sorted(all []candidate) []candidate {
	var counts [digits][1 << digit]int
	for _, c := range all {
		k := descending(c.weight)
		for d := range counts {
			counts[d][k>>(d*digit)&(1<<digit-1)]++
		}
	}
	other := make([]candidate, len(all))
	for d := range counts {
		at := 0
		for i, n := range counts[d] {
			counts[d][i] = at
			at += n
		}
		for _, c := range all {
			i := descending(c.weight) >> (d * digit) & (1<<digit - 1)
			other[counts[d][i]] = c
			counts[d][i]++
		}
		all, other = other, all
	}
	return all
}

// descending returns a number that is smaller for greater floats, and the same for both zeros.
func descending(f float32) uint32 {
	b := math.Float32bits(f + 0)
	if b>>31 == 0 {
		return ^b & (1<<31 - 1)
	}
	return b
}
