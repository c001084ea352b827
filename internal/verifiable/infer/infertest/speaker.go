// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infertest

import (
	"slices"

	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/gguf/gguftest"
)

// Speaker is a whole model of about half a megabyte that can be asked: it has a vocabulary, a chat
// template and room for passages. What it says is no language.
func Speaker(seed uint64) Shape {
	return Shape{
		Architecture: "llama", Type: gguf.Q8_0, Seed: seed, Layers: 2, Width: 128, Inner: 256, Heads: 4, KeyHeads: 2, Vocabulary: 512, Context: 8192,
		Extra: slices.Concat(Words(512), []gguftest.Pair{
			{Key: "general.license", Value: "Apache-2.0"},
			{Key: "tokenizer.chat_template", Value: "{% for m in messages %}{{ '<s>' + m['role'] + '\n' + m['content'] + '</s>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<s>assistant\n' }}{% endif %}"},
		}),
	}
}
