// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import "math"

// A weight is at most 1, so its upper 12 bits name one of classes classes, each of an eighth of a
// binary order of magnitude; zero is in the first.
const (
	classShift = 20
	classes    = 0x3f800000>>classShift + 1
)

func class(weight float32) int { return int(math.Float32bits(weight) >> classShift) }

// early chooses from the front of the order, without putting the whole vocabulary in order: what is
// likely stands there. It returns what Choose defines, or false where only the whole order can tell.
// The sum of all weights depends on their order in its last bits; early knows it but for these.
func (s Sampling) early(logits, weights []float32, u float64) (int32, bool) {
	if s.MinP > 0 {
		front := ordered(logits, weights, lowestOf(logits, weights, s.MinP))
		return draw(s.keep(front), u), true // nothing that it left out would be kept
	}
	cut := s.TopP > 0 && s.TopP < 1
	share := u
	if cut {
		share = float64(s.TopP)
	}
	var mass [classes]float64
	var count [classes]int
	for _, w := range weights {
		c := class(w)
		mass[c] += float64(w)
		count[c]++
	}
	var total float64
	for _, m := range mass {
		total += m
	}
	// Adding n positive numbers is off by at most n * 2^-53 of the sum, in any order (Higham,
	// Accuracy and Stability of Numerical Algorithms, 4.2). This is four times as much.
	slack := float64(float64(len(weights)) * 0x1p-51)
	low, high := float64(float64(share*total)*(1-slack)), float64(float64(share*total)*(1+slack))

	c, n := classes-1, count[classes-1]
	for sum := mass[c]; sum < float64(high*(1+slack)); sum += mass[c] {
		if c--; c == 0 {
			return 0, false
		}
		n += count[c]
	}
	if n > len(weights)/2 {
		return 0, false // no work would be saved
	}
	front := ordered(logits, weights, lowestOf(logits, weights, math.Float32frombits(uint32(c)<<classShift)))
	var sum float64
	for i, f := range front {
		sum += float64(f.weight)
		switch {
		case cut && sum >= low:
			return draw(front[:i+1], u), sum >= high
		case !cut && sum > low:
			return f.token, sum > high
		}
	}
	return 0, false
}

// lowestOf returns the lowest logit of a token with at least this weight.
func lowestOf(logits, weights []float32, least float32) float32 {
	low := float32(math.Inf(1))
	for i, w := range weights {
		if w >= least {
			low = min(low, logits[i])
		}
	}
	return low
}
