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
	for _, w := range likelihoods(logits, 1) {
		sum += float64(w)
	}
	log := float64(most) + tensor.Log(sum)
	likely := func(t int32) Likelihood { return Likelihood{t, float64(logits[t]) - log} }
	var top []Likelihood
	for _, c := range likeliest(logits, n) {
		top = append(top, likely(c.token))
	}
	return likely(token), top
}
