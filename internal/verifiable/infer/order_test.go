// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import (
	"cmp"
	"math"
	"slices"
	"testing"
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
		for _, k := range []int{0, 1, 40, 300, 10000} {
			w := want
			if k > 0 {
				w = want[:min(k, n)]
			}
			if got := ordered(logits, k); !slices.Equal(got, w) {
				t.Errorf("ordered(%d candidates, %d) is not in order", n, k)
			}
		}
	}
}

func BenchmarkChoose(b *testing.B) {
	logits := make([]float32, 128<<10)
	state := uint64(1)
	for i := range logits {
		state = state*6364136223846793005 + 1442695040888963407
		logits[i] = float32(int32(state>>32)) / (1 << 28)
	}
	for name, s := range map[string]Sampling{
		"greedy": {}, "top_k": {Temperature: 0.8, TopK: 40, TopP: 0.95}, "top_p": {Temperature: 0.8, TopP: 0.95},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s.Choose(logits, nil, 3)
			}
		})
	}
}
