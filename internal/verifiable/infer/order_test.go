// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"dsai.example/dsai/internal/verifiable/tensor"
)

// likelier orders by logit, the higher first, and of equal ones the lower token.
func likelier(a, b candidate) int {
	return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.token, b.token))
}

// Sorting by digits gives what comparing gives, for numbers of all sizes, equal ones and both zeros.
func TestOrdered(t *testing.T) {
	state := uint64(1)
	for _, n := range []int{1, 2, 7, 1000, 5000} {
		all := make([]candidate, n)
		for i := range all {
			state = state*6364136223846793005 + 1442695040888963407
			v := math.Float32frombits(uint32(state >> 32))
			switch {
			case v != v || i%5 == 0:
				v = float32(int32(state>>40)%7) / 3
			case i%11 == 0:
				v = float32(math.Copysign(0, float64(v)))
			}
			all[i] = candidate{int32(i), v}
		}
		logits := make([]float32, n)
		for i, c := range all {
			logits[i] = c.weight
		}
		want := slices.Clone(all)
		slices.SortFunc(want, likelier)
		for _, least := range []float32{lowest, -1, 0, want[0].weight, want[n/2].weight} {
			from := slices.IndexFunc(want, func(c candidate) bool { return c.weight < least })
			if from < 0 {
				from = n
			}
			if got := ordered(logits, logits, least); !slices.Equal(got, want[:from]) {
				t.Errorf("ordered(%d candidates, from %v) is not in order", n, least)
			}
		}
		for _, k := range []int{1, 40} {
			if got := likeliest(logits, k); !slices.Equal(got, want[:min(k, n)]) {
				t.Errorf("likeliest(%d of %d candidates) is not in order", k, n)
			}
		}
	}
}

// chosen is what Choose returns, as spec/numerics.md says it, in one order of everything.
func chosen(s Sampling, logits []float32, u float64) int32 {
	all := make([]candidate, len(logits))
	for i, v := range logits {
		all[i] = candidate{int32(i), v}
	}
	slices.SortFunc(all, likelier)
	if s.TopK > 0 {
		all = all[:min(s.TopK, len(all))]
	}
	most := all[0].weight
	for i := range all {
		all[i].weight = tensor.Exp((all[i].weight - most) / s.Temperature)
	}
	return draw(s.keep(all), u)
}

// Choosing from the front of the order gives what choosing from all of it gives, whether a few tokens
// are likely or all of them.
func TestChooseEarly(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	early := 0
	for range 2000 {
		logits := make([]float32, 1+r.IntN(3000))
		spread := math.Exp(8*r.Float64() - 4)
		for i := range logits {
			logits[i] = float32(r.NormFloat64() * spread)
			if r.IntN(4) == 0 {
				logits[i] = logits[r.IntN(i+1)] // equal ones
			}
		}
		s := Sampling{Seed: r.Uint64(), Temperature: float32(2 * r.Float64())}
		if s.Temperature < 0.01 {
			s.Temperature = 1
		}
		switch r.IntN(4) {
		case 0:
			s.TopP = float32(r.Float64())
		case 1:
			s.MinP = float32(r.Float64() * r.Float64())
		case 2:
			s.TopP, s.MinP = float32(r.Float64()), float32(r.Float64()/8)
		}
		if r.IntN(5) == 0 {
			s.TopK = 1 + r.IntN(600)
		}
		position := r.IntN(100)
		want := chosen(s, logits, s.uniform(position))
		if got := s.Choose(logits, nil, position); got != want {
			t.Errorf("%+v chooses %d of %d tokens with a spread of %v, want %d", s, got, len(logits), spread, want)
		}
		if _, ok := s.early(logits, likelihoods(logits, s.Temperature), s.uniform(position)); ok && s.MinP == 0 {
			early++
		}
	}
	if early < 200 {
		t.Errorf("%d of 2000 were chosen early, want a good part", early)
	}
	// Where the share ends within the last bits of a sum, only the whole order can tell.
	even := make([]float32, 4096)
	for i := range even {
		if i%4 != 0 {
			even[i] = -30
		}
	}
	s := Sampling{Temperature: 1, TopP: 0.25}
	if _, ok := s.early(even, likelihoods(even, 1), 0.5); ok {
		t.Error("a share that ends at a token was chosen early, want the whole order asked")
	}
	if got, want := s.Choose(even, nil, 0), chosen(s, even, s.uniform(0)); got != want {
		t.Errorf("a share that ends at a token chooses %d, want %d", got, want)
	}
}

func BenchmarkChoose(b *testing.B) {
	logits := make([]float32, 128<<10)
	state := uint64(1)
	for i := range logits {
		state = state*6364136223846793005 + 1442695040888963407
		logits[i] = float32(int32(state>>32)) / (1 << 28)
	}
	logits[5] += 16 // as after training: a few tokens have nearly all
	for name, s := range map[string]Sampling{
		"greedy": {}, "top_k": {Temperature: 0.8, TopK: 40, TopP: 0.95}, "top_p": {Temperature: 0.8, TopP: 0.95}, "min_p": {Temperature: 0.8, MinP: 0.05}, "all": {Temperature: 0.8, TopK: len(logits)},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s.Choose(logits, nil, 3)
			}
		})
	}
}
