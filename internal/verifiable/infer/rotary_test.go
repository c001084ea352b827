// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer_test

import (
	"strings"
	"testing"

	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/gguf/gguftest"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
)

// Angles at which CPUs turn a number into an integer differently are refused, by
// whichever way the file makes them.
func TestTurnsAreBounded(t *testing.T) {
	linear := func(factor float32) []gguftest.Pair {
		return []gguftest.Pair{{Key: "llama.rope.scaling.type", Value: "linear"}, {Key: "llama.rope.scaling.factor", Value: factor}}
	}
	for name, tt := range map[string]struct {
		extra []gguftest.Pair
		turns []float32
		ok    bool
	}{
		"as it is":               {ok: true},
		"linear":                 {extra: linear(4), ok: true},
		"linear, far too much":   {extra: linear(1.3697801e-19)},
		"factors":                {turns: ones(32, 2), ok: true},
		"factors, far too small": {turns: ones(32, 1e-19)},
	} {
		s := infertest.Small("llama", gguf.F32)
		s.Extra, s.Turns = tt.extra, tt.turns
		_, err := infer.Load(open(t, s.File()))
		if (err == nil) != tt.ok || err != nil && !strings.Contains(err.Error(), "turns by") {
			t.Errorf("%s: %v, want ok %v", name, err, tt.ok)
		}
	}
}

func ones(n int, v float32) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = v
	}
	return out
}
