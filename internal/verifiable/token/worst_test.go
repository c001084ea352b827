// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"strings"
	"testing"

	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/gguf/gguftest"
	"dsai.example/dsai/internal/verifiable/token"
)

// doubling is a vocabulary in which a run of one letter is joined as often as can be: its tokens are 1, 2,
// 4 and so on up to 1024 of them.
func doubling(t testing.TB, model string) *token.Vocabulary {
	t.Helper()
	var texts, merges []string
	var kinds []int32
	var scores []float32
	for n := 1; n <= 1<<10; n *= 2 {
		texts, kinds, scores = append(texts, strings.Repeat("a", n)), append(kinds, 1), append(scores, float32(n))
		if n > 1 {
			merges = append(merges, strings.Repeat("a", n/2)+" "+strings.Repeat("a", n/2))
		}
	}
	f, err := gguf.Open(gguftest.Reader(gguftest.File([]gguftest.Pair{
		{Key: "tokenizer.ggml.model", Value: model}, {Key: "tokenizer.ggml.tokens", Value: texts}, {Key: "tokenizer.ggml.token_type", Value: kinds},
		{Key: "tokenizer.ggml.scores", Value: scores}, {Key: "tokenizer.ggml.merges", Value: merges},
	}, nil)))
	if err != nil {
		t.Fatal(err)
	}
	v, err := token.Load(f)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// worst are texts of n bytes that take long.
func worst(n int) map[string]string {
	return map[string]string{"joined": strings.Repeat("a", n), "blanks": strings.Repeat(" ", n), "strange": strings.Repeat("x", n), "words": strings.Repeat("a b ", n/4)}
}

// The work for a text grows with its length, and not with the square of it: a question has 16 KiB at most.
func TestWorkIsLinear(t *testing.T) {
	for _, model := range []string{"llama", "gpt2"} {
		v := doubling(t, model)
		for name, text := range worst(8 << 10) {
			work := func(n int) float64 {
				return testing.AllocsPerRun(1, func() { v.Encode(text[:n]) })
			}
			if quarter, whole := work(2<<10), work(8<<10); whole > 5*quarter {
				t.Errorf("%s: %s: 2 KiB allocate %v times, 8 KiB %v times", model, name, quarter, whole)
			}
		}
	}
}

// BenchmarkLongest encodes the longest question that the API takes.
func BenchmarkLongest(b *testing.B) {
	for _, model := range []string{"llama", "gpt2"} {
		v := doubling(b, model)
		for name, text := range worst(16 << 10) {
			b.Run(model+"/"+name, func(b *testing.B) {
				for b.Loop() {
					v.Encode(text)
				}
			})
		}
	}
}
