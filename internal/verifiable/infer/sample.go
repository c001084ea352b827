// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"dsai.example/dsai/internal/verifiable/tensor"
)

// Sampling says how the next token is chosen. Its zero value takes the most likely one. It stands in
// the receipt, and with the logits it decides every token (spec/numerics.md#sampling).
type Sampling struct {
	Seed        uint64
	Temperature float32 // 0: the most likely token
	TopK        int     // only so many of the most likely; 0: all
	TopP        float32 // only the most likely that together have this share; 0 or 1: all
	MinP        float32 // only those at least this share as likely as the most likely; 0: all
	Presence    float32 // taken off the logit of each token that came before
	Frequency   float32 // taken off once for each time that it came
}

// Check reports a setting that makes no sense.
func (s Sampling) Check() error {
	for _, v := range []struct {
		name        string
		v           float32
		least, most float32
	}{
		{"temperature", s.Temperature, 0, 2}, {"top_p", s.TopP, 0, 1}, {"min_p", s.MinP, 0, 1},
		{"presence_penalty", s.Presence, -2, 2}, {"frequency_penalty", s.Frequency, -2, 2},
	} {
		if !(v.v >= v.least && v.v <= v.most) {
			return fmt.Errorf("%s is %v, want %v to %v", v.name, v.v, v.least, v.most)
		}
	}
	if s.TopK < 0 {
		return fmt.Errorf("top_k is %d, want 0 or more", s.TopK)
	}
	return nil
}

// A candidate is a token with its logit, and then its weight: its likelihood but for a factor.
type candidate struct {
	token  int32
	weight float32
}

// Choose returns the token at a position of the output. before holds the tokens of the output up to
// it. logits are finite and stay as they are.
func (s Sampling) Choose(logits []float32, before []int32, position int) int32 {
	logits = s.penalized(logits, before)
	if s.Temperature == 0 {
		return likeliest(logits, 1)[0].token
	}
	u := s.uniform(position)
	if s.TopK > 0 && s.TopK <= few {
		all := likeliest(logits, s.TopK)
		most := all[0].weight
		for i := range all {
			all[i].weight = tensor.Exp((all[i].weight - most) / s.Temperature)
		}
		return draw(s.keep(all), u)
	}
	weights := likelihoods(logits, s.Temperature)
	if s.TopK == 0 {
		if t, ok := s.early(logits, weights, u); ok {
			return t
		}
	}
	all := ordered(logits, weights, lowest)
	if s.TopK > 0 {
		all = all[:min(s.TopK, len(all))]
	}
	return draw(s.keep(all), u)
}

// likelihoods returns e^((l - the highest) / temperature) for each logit l.
func likelihoods(logits []float32, temperature float32) []float32 {
	most := logits[0]
	for _, v := range logits {
		most = max(most, v)
	}
	w := make([]float32, len(logits))
	for i, v := range logits {
		w[i] = (v - most) / temperature
	}
	tensor.Weigh(w) // the highest is 0
	return w
}

// penalized returns the logits less what tokens pay for having come before.
func (s Sampling) penalized(logits []float32, before []int32) []float32 {
	if s.Presence == 0 && s.Frequency == 0 || len(before) == 0 {
		return logits
	}
	out := append([]float32(nil), logits...)
	counts := map[int32]int{}
	for _, t := range before {
		counts[t]++
	}
	for t, n := range counts { //arch:ordered each token for itself
		out[t] = out[t] - s.Presence - float32(float32(n)*s.Frequency)
	}
	return out
}

// keep drops the tail that MinP and TopP cut off.
func (s Sampling) keep(all []candidate) []candidate {
	n := len(all)
	for n > 1 && all[n-1].weight < s.MinP { // the most likely has the weight 1
		n--
	}
	all = all[:n]
	if s.TopP == 0 || s.TopP == 1 {
		return all
	}
	limit := float64(float64(s.TopP) * total(all))
	var sum float64
	for i, c := range all {
		if sum += float64(c.weight); sum >= limit {
			return all[:i+1]
		}
	}
	return all
}

func total(all []candidate) (sum float64) {
	for _, c := range all {
		sum += float64(c.weight)
	}
	return sum
}

// draw returns the first candidate with which the weights pass the share u of them all.
func draw(all []candidate, u float64) int32 {
	limit := float64(u * total(all))
	var sum float64
	for _, c := range all {
		if sum += float64(c.weight); sum > limit {
			return c.token
		}
	}
	return all[len(all)-1].token
}

// uniform is a number in [0, 1) that depends on seed and position alone, so that an answer can go on
// elsewhere: the first 53 bits of SHA-256("dsai/1/sample" | seed | position), big endian.
func (s Sampling) uniform(position int) float64 {
	b := binary.BigEndian.AppendUint64([]byte("dsai/1/sample"), s.Seed)
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(b, uint64(position)))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}
