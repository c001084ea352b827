// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infertest

import (
	"fmt"

	"dsai.example/dsai/internal/verifiable/gguf/gguftest"
)

// Words is a vocabulary of n tokens, at least 300, for Shape.Extra: SentencePiece with all bytes, whose
// tokens 259 and up are words, some of them of characters with several bytes. Token 2 ends an answer.
func Words(n int) []gguftest.Pair {
	texts, kinds, scores := []string{"<unk>", "<s>", "</s>"}, []int32{2, 3, 3}, make([]float32, n)
	for b := range 256 {
		texts, kinds = append(texts, fmt.Sprintf("<0x%02X>", b)), append(kinds, 6)
	}
	for i := len(texts); i < n; i++ {
		syllables := []string{"ka", "to", "mi", "né", "水"}
		text := "\u2581"
		for v := i - 258; v > 0; v /= len(syllables) {
			text += syllables[v%len(syllables)]
		}
		texts, kinds = append(texts, text), append(kinds, 1)
		scores[i] = -float32(i)
	}
	return []gguftest.Pair{
		{Key: "tokenizer.ggml.model", Value: "llama"},
		{Key: "tokenizer.ggml.tokens", Value: texts},
		{Key: "tokenizer.ggml.token_type", Value: kinds},
		{Key: "tokenizer.ggml.scores", Value: scores},
		{Key: "tokenizer.ggml.bos_token_id", Value: uint32(1)},
		{Key: "tokenizer.ggml.eos_token_id", Value: uint32(2)},
		{Key: "tokenizer.ggml.unknown_token_id", Value: uint32(0)},
	}
}
