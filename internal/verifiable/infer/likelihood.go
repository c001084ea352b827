// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import "dsai.example/dsai/internal/verifiable/tensor"

// A Likelihood is the natural logarithm of how likely a token is.
type Likelihood struct {
	Token int32
	Log   float64
}

// Likelihoods returns how likely a token was by its logits, before temperature and penalties, and the
// n likeliest, best first (spec/numerics.md#likelihoods).
func Likelihoods(logits []float32, token int32, n int) (Likelihood, []Likelihood) {
	most := logits[0]
	for _, v := range logits {
		most = max(most, v)
	}
	var sum float64
	for _, v := range logits {
		sum += float64(tensor.Exp(v - most))
	}
	log := float64(most) + tensor.Log(sum)
	likely := func(t int32) Likelihood { return Likelihood{t, float64(logits[t]) - log} }
	var top []Likelihood
	for _, c := range likeliest(logits, n) {
		top = append(top, likely(c.token))
	}
	return likely(token), top
}

// likeliest returns the n candidates with the highest logits, of equal ones the lower token first.
func likeliest(logits []float32, n int) []candidate {
	n = min(n, len(logits))
	top := make([]candidate, 0, n+1)
	for i, v := range logits {
		c := candidate{int32(i), v}
		if len(top) == n && (n == 0 || likelier(c, top[n-1]) > 0) {
			continue
		}
		at := len(top)
		for at > 0 && likelier(c, top[at-1]) < 0 {
			at--
		}
		top = append(top, candidate{})
		copy(top[at+1:], top[at:])
		top[at] = c
		top = top[:min(n, len(top))]
	}
	return top
}
