// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/gguf/gguftest"
	"dsai.example/dsai/internal/verifiable/token"
)

const vocabs = "../../../../shared/models/vocabs/ggml-vocab-"

func load(t testing.TB, name string) *token.Vocabulary {
	t.Helper()
	b, err := os.ReadFile(vocabs + name + ".gguf")
	if err != nil {
		t.Skip("SKIPPED: no ../shared/models beside this checkout")
	}
	return parse(t, b)
}

func opened(t testing.TB, b []byte) *gguf.File {
	t.Helper()
	f, err := gguf.Open(gguftest.Reader(b))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func parse(t testing.TB, b []byte) *token.Vocabulary {
	t.Helper()
	v, err := token.Load(opened(t, b))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The vocabularies of others with what their own tokenizers make of the same texts.
func TestOthersEncodings(t *testing.T) {
	for _, name := range []string{"llama-spm", "phi-3", "gpt-2", "deepseek-llm"} {
		t.Run(name, func(t *testing.T) {
			v := load(t, name)
			in, err := os.ReadFile(vocabs + name + ".gguf.inp")
			if err != nil {
				t.Fatal(err)
			}
			out, err := os.ReadFile(vocabs + name + ".gguf.out")
			if err != nil {
				t.Fatal(err)
			}
			texts := strings.Split(strings.TrimSuffix(string(in), "\n__ggml_vocab_test__\n"), "\n__ggml_vocab_test__\n")
			lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
			if len(lines) != len(texts) {
				t.Fatalf("%d texts but %d encodings", len(texts), len(lines))
			}
			for i, text := range texts {
				var want []token.ID
				for _, n := range strings.Fields(lines[i]) {
					id, err := strconv.Atoi(n)
					if err != nil {
						t.Fatal(err)
					}
					want = append(want, token.ID(id))
				}
				got := v.Encode(text)
				if !slices.Equal(got, want) {
					t.Errorf("Encode(%q) = %v, want %v", text, got, want)
				}
				if back := v.Decode(got); back != text {
					t.Errorf("Decode(Encode(%q)) = %q", text, back)
				}
			}
		})
	}
}

// small has bytes, a few letters and two control tokens.
func small(model string) []byte {
	texts, kinds, scores := []string{"<unk>", "<s>", "</s>", "<|u|>"}, []int32{2, 3, 3, 4}, []float32{0, 0, 0, 0}
	add := func(text string, kind int32, score float32) {
		texts, kinds, scores = append(texts, text), append(kinds, kind), append(scores, score)
	}
	if model == "llama" {
		for b := range 256 {
			add("<0x"+strings.ToUpper(strconv.FormatInt(int64(b|0x100), 16)[1:])+">", 6, 0)
		}
		add("▁", 1, -9)
	} else {
		for b := range 256 {
			r := rune(b)
			if b < '!' || b > '~' {
				r = rune(0x100 + b) // some are where the real ones are, others stay without a token
			}
			add(string(r), 1, 0)
		}
	}
	for i, s := range []string{"<", "/", "s", ">", "</", "</s", "s>", "</s>x", "a", "b", "ab"} {
		if !slices.Contains(texts, s) {
			add(s, 1, float32(-i))
		}
	}
	return gguftest.File([]gguftest.Pair{
		{Key: "tokenizer.ggml.model", Value: model},
		{Key: "tokenizer.ggml.pre", Value: "llama-bpe"},
		{Key: "tokenizer.ggml.tokens", Value: texts},
		{Key: "tokenizer.ggml.token_type", Value: kinds},
		{Key: "tokenizer.ggml.scores", Value: scores},
		{Key: "tokenizer.ggml.merges", Value: []string{"a b", "< /", "</ s", "</s >"}},
		{Key: "tokenizer.ggml.bos_token_id", Value: uint32(1)},
		{Key: "tokenizer.ggml.eos_token_id", Value: uint32(2)},
		{Key: "tokenizer.ggml.unknown_token_id", Value: uint32(0)},
	}, nil)
}

// What a stranger writes never ends a turn.
func TestTextIsNoControl(t *testing.T) {
	for _, model := range []string{"llama", "gpt2"} {
		v := parse(t, small(model))
		if got := v.Encode("a</s>b"); slices.Contains(got, v.End) {
			t.Errorf("%s: Encode(a</s>b) = %v holds the end", model, got)
		}
		if got := v.EncodeControl("a</s>b"); !slices.Contains(got, v.End) {
			t.Errorf("%s: EncodeControl(a</s>b) = %v lacks the end", model, got)
		}
		if got := v.Encode("a<|u|>b"); !slices.Contains(got, 3) {
			t.Errorf("%s: Encode(a<|u|>b) = %v lacks the user's token", model, got)
		}
	}
}

// Neither a file with many special tokens nor one with long ones makes a text take long.
func TestManySpecials(t *testing.T) {
	many := make([]string, 300_000)
	kinds, scores := make([]int32, len(many)), make([]float32, len(many))
	for i := range many {
		kinds[i] = 4
		for n := i / 2; n > 0; n /= 4 { // each stands twice
			many[i] += []string{" ", "\t", "\n", "\r"}[n%4]
		}
	}
	file := func() []byte {
		return gguftest.File([]gguftest.Pair{
			{Key: "tokenizer.ggml.model", Value: "llama"},
			{Key: "tokenizer.ggml.tokens", Value: many},
			{Key: "tokenizer.ggml.token_type", Value: kinds},
			{Key: "tokenizer.ggml.scores", Value: scores},
		}, nil)
	}
	v := parse(t, file())
	start := time.Now()
	v.EncodeSegments([]token.Segment{{Text: strings.Repeat("ab \t \r\n c\n", 4000), Data: true}})
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("a text of 44 kB took %v", took)
	}
	many[7] = strings.Repeat(" ", 257)
	f, err := gguf.Open(gguftest.Reader(file()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := token.Load(f); err == nil || !strings.Contains(err.Error(), "token 7 is special and has 257 bytes") {
		t.Errorf("Load = %v", err)
	}
}

// A character comes whole or not yet.
func TestDecoderHoldsBack(t *testing.T) {
	v := parse(t, small("llama"))
	d := v.NewDecoder()
	var got []string
	for _, id := range v.Encode("a€") {
		got = append(got, d.Add(id))
	}
	if want := []string{"", "a", "", "", "€"}; !slices.Equal(got, want) {
		t.Errorf("pieces of a€ = %q, want %q", got, want)
	}
	d.Add(v.Encode("€")[1])
	if got := d.End(); got != "\uFFFD" {
		t.Errorf("End after a third of a character = %q", got)
	}
}

func FuzzEncode(f *testing.F) {
	pieces, pairs := parse(f, small("llama")), parse(f, small("gpt2"))
	names, whole := token.PreTokenizers(), map[string]*token.Vocabulary{}
	texts, _ := bytePairs()
	for i, name := range names {
		whole[name] = parse(f, gguftest.File(vocabulary(name, append(texts[:256:256], mark), nil), nil))
		f.Add(uint8(i), "Aé'S 1234  \n\n/ǅE\u0301中 \u00a0\u2003!//\r\n ")
	}
	for i, s := range []string{"", " ", "a b", "</s>", "\xff€", "ab\n\n  ab", "12345 's", strings.Repeat("ab", 99)} {
		f.Add(uint8(i), s)
	}
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		valid := strings.ToValidUTF8(text, "\uFFFD")
		ids := pieces.Encode(text)
		if got := pieces.Decode(ids); got != valid {
			t.Errorf("Decode(Encode(%q)) = %q", text, got)
		}
		name := names[int(which)%len(names)]
		if got := whole[name].Decode(whole[name].Encode(text)); got != valid {
			t.Errorf("%s: Decode(Encode(%q)) = %q", name, text, got)
		}
		d := pairs.NewDecoder()
		for _, id := range pairs.Encode(text) {
			if s := d.Add(id); !utf8.ValidString(s) {
				t.Errorf("a piece of %q is %q", text, s)
			}
		}
	})
}

func FuzzLoad(f *testing.F) {
	f.Add(small("llama"))
	f.Add(small("gpt2"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := gguf.Open(gguftest.Reader(data))
		if err != nil {
			return
		}
		v, err := token.Load(file)
		if err != nil {
			return
		}
		v.Decode(v.EncodeControl("a </s> b\n"))
	})
}
