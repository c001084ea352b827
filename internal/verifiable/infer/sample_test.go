// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer_test

import (
	"math"
	"testing"

	"dsai.example/dsai/internal/verifiable/infer"
)

func TestChooseLikeliest(t *testing.T) {
	for _, tt := range []struct {
		name     string
		sampling infer.Sampling
		logits   []float32
		before   []int32
		want     int32
	}{
		{"highest", infer.Sampling{}, []float32{1, 3, 2}, nil, 1},
		{"tie goes to the lower token", infer.Sampling{}, []float32{1, 3, 3}, nil, 1},
		{"seen once is dearer", infer.Sampling{Presence: 1.5}, []float32{1, 3, 2}, []int32{1}, 2},
		{"seen often is dearer", infer.Sampling{Frequency: 0.6}, []float32{1, 3, 2}, []int32{1, 1}, 2},
		{"one candidate", infer.Sampling{Temperature: 1, TopK: 1}, []float32{1, 3, 2}, nil, 1},
		{"nearly all of the likelihood", infer.Sampling{Temperature: 1, TopP: 0.1}, []float32{1, 3, 2}, nil, 1},
		{"at least as likely", infer.Sampling{Temperature: 1, MinP: 1}, []float32{1, 3, 2}, nil, 1},
	} {
		if got := tt.sampling.Choose(tt.logits, tt.before, 0); got != tt.want {
			t.Errorf("%s: Choose = %d, want %d", tt.name, got, tt.want)
		}
	}
}

// Over many positions tokens come as often as their likelihood says.
func TestChooseDistribution(t *testing.T) {
	logits := []float32{0, float32(math.Log(2)), float32(math.Log(5)), -200}
	s := infer.Sampling{Seed: 42, Temperature: 1}
	const n = 40000
	var counts [4]int
	for i := range n {
		counts[s.Choose(logits, nil, i)]++
	}
	for i, share := range []float64{1.0 / 8, 2.0 / 8, 5.0 / 8, 0} {
		if got := float64(counts[i]) / n; math.Abs(got-share) > 0.01 {
			t.Errorf("token %d has the share %.3f, want %.3f", i, got, share)
		}
	}
}

// The same seed and position, the same token; golden, since receipts will carry the seed.
func TestChooseGolden(t *testing.T) {
	logits := make([]float32, 100)
	for i := range logits {
		logits[i] = float32(i%13) / 3
	}
	s := infer.Sampling{Seed: 7, Temperature: 0.8, TopK: 40, TopP: 0.95, MinP: 0.02}
	want := []int32{62, 9, 51, 23, 38, 76, 11, 51, 64, 48, 76, 48}
	for i, w := range want {
		if got := s.Choose(logits, nil, i); got != w {
			t.Errorf("Choose at %d = %d, want %d", i, got, w)
		}
	}
	s.Seed = 8
	same := 0
	for i, w := range want {
		if s.Choose(logits, nil, i) == w {
			same++
		}
	}
	if same == len(want) {
		t.Error("another seed chooses the same tokens")
	}
}

func TestSamplingCheck(t *testing.T) {
	nan := float32(math.NaN())
	for _, s := range []infer.Sampling{{Temperature: -1}, {Temperature: nan}, {TopP: 1.1}, {MinP: -0.1}, {TopK: -1}, {Presence: 3}, {Frequency: nan}} {
		if s.Check() == nil {
			t.Errorf("Check of %+v gives no error", s)
		}
	}
	if err := (infer.Sampling{Temperature: 0.7, TopK: 40, TopP: 0.9}).Check(); err != nil {
		t.Errorf("Check of usual settings = %v", err)
	}
}
