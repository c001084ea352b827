// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dsai.example/dsai/internal/verifiable/gguf/gguftest"
	"dsai.example/dsai/internal/verifiable/token"
)

// distinct are the pre-tokenizers of which testdata/words has what they make of the hard texts, one in a
// line. The others are the same by other names.
var distinct = []string{"deepseek-coder", "deepseek-llm", "default", "falcon", "gpt-2", "llama-bpe", "qwen2", "smollm", "tekken"}

// What is cut where, so that a change shows without llama.cpp.
func TestWords(t *testing.T) {
	for _, name := range distinct {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, text := range hard {
				words := token.Split(name, text)
				if whole := strings.Join(words, ""); whole != text || slices.Contains(words, "") {
					t.Errorf("Split(%q) = %q", text, words)
				}
				for i, w := range words {
					words[i] = strconv.Quote(w)
				}
				got = append(got, strings.Join(words, " "))
			}
			golden := filepath.Join("testdata", "words", name+".txt")
			if os.Getenv("DSAI_UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(golden, []byte(strings.Join(got, "\n")+"\n"), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			b, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
			if len(want) != len(got) {
				t.Fatalf("%s has %d lines for %d texts", golden, len(want), len(got))
			}
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("Split(%q) = %s, want %s", hard[i], got[i], want[i])
				}
			}
		})
	}
}

// bytePairs is the tokens and merges of a vocabulary of all bytes and of each two of them, so that its
// tokens show where words end, and of two words that no merges lead to.
func bytePairs() (texts, merges []string) {
	for b := range 256 {
		texts = append(texts, token.Shown(byte(b)))
	}
	for i := range 1 << 16 {
		at := i * 40503 & 0xffff // each once, in no order of the bytes
		a, b := texts[at>>8], texts[at&255]
		texts, merges = append(texts, a+b), append(merges, a+" "+b)
	}
	return append(texts, "Ġworld", "Ã©cole"), merges
}

// vocabulary is the metadata of a model file with such tokens, of which the last is a control token.
func vocabulary(pre string, texts, merges []string, more ...gguftest.Pair) []gguftest.Pair {
	kinds := slices.Repeat([]int32{1}, len(texts))
	kinds[len(kinds)-1] = 3
	return append([]gguftest.Pair{
		{Key: "general.architecture", Value: "llama"},
		{Key: "tokenizer.ggml.model", Value: "gpt2"},
		{Key: "tokenizer.ggml.pre", Value: pre},
		{Key: "tokenizer.ggml.tokens", Value: texts},
		{Key: "tokenizer.ggml.token_type", Value: kinds},
		{Key: "tokenizer.ggml.merges", Value: merges},
		{Key: "tokenizer.ggml.bos_token_id", Value: uint32(len(texts) - 1)},
		{Key: "tokenizer.ggml.eos_token_id", Value: uint32(len(texts) - 1)},
	}, more...)
}

// A word that is a token is that token, whatever the merges say, and a text begins with the first token,
// where the vocabulary was made for tiktoken.
func TestWholeWords(t *testing.T) {
	all, _ := bytePairs()
	word, texts := token.ID(256), append(all[:256:256], "Ġworld", mark)
	for _, tt := range []struct {
		pre   string
		more  []gguftest.Pair
		whole bool
		begin bool
	}{
		{pre: "llama-bpe", whole: true, begin: true},
		{pre: "tekken", whole: true, begin: true},
		{pre: "tekken", more: []gguftest.Pair{{Key: "tokenizer.ggml.add_bos_token", Value: false}}, whole: true},
		{pre: "qwen2"},
		{pre: "qwen2", more: []gguftest.Pair{{Key: "tokenizer.ggml.add_bos_token", Value: true}}, begin: true},
		{pre: "smollm"},
	} {
		v := parse(t, gguftest.File(vocabulary(tt.pre, texts, nil, tt.more...), nil))
		got := v.Encode("hello world")
		if slices.Contains(got, word) != tt.whole || v.AddBegin != tt.begin {
			t.Errorf("%s, %v: Encode(hello world) = %v, AddBegin %v, want token %d in it %v, AddBegin %v", tt.pre, tt.more, got, v.AddBegin, word, tt.whole, tt.begin)
		}
	}
}

// A pre-tokenizer that is not known is named, and so are those that are.
func TestUnknownPreTokenizer(t *testing.T) {
	f := opened(t, gguftest.File(vocabulary(strings.Repeat("x", 1000), []string{"a", "b"}, nil), nil))
	_, err := token.Load(f)
	if err == nil || !strings.Contains(err.Error(), `"xxx`) || !strings.Contains(err.Error(), "stablelm2, starcoder, tekken") || len(err.Error()) > 400 {
		t.Errorf("Load = %v", err)
	}
}
