// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"dsai.example/dsai/internal/verifiable/gguf/gguftest"
	"dsai.example/dsai/internal/verifiable/token"
)

// mark is a control token: what stands on its two sides is cut by itself.
const mark = "<|dsai mark|>"

// llamaTokenize returns the path of llama.cpp's llama-tokenize.
func llamaTokenize(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("DSAI_LLAMA_CPP")
	if dir == "" {
		t.Skip("SKIPPED: llama.cpp, because DSAI_LLAMA_CPP is not set to the folder of its programs")
	}
	return filepath.Join(dir, "llama-tokenize")
}

// llamaTokens returns the tokens that llama.cpp makes of each text with a vocabulary whose last token is mark.
func llamaTokens(t *testing.T, program string, model []byte, marked token.ID, texts []string) (out [][]token.ID) {
	t.Helper()
	file, text := filepath.Join(t.TempDir(), "model.gguf"), filepath.Join(t.TempDir(), "texts")
	if err := os.WriteFile(file, model, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(text, []byte(strings.Join(texts, mark)), 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := exec.CommandContext(t.Context(), program, "-m", file, "-f", text, "--ids", "--no-bos", "--no-escape", "--log-disable").Output()
	if err != nil {
		t.Fatalf("llama-tokenize: %v", err)
	}
	var ids []token.ID
	if err := json.Unmarshal(said, &ids); err != nil {
		t.Fatalf("llama-tokenize: %v: %.200s", err, said)
	}
	for {
		at := slices.Index(ids, marked)
		if at < 0 {
			return append(out, ids)
		}
		out, ids = append(out, ids[:at]), ids[at+1:]
	}
}

// departs says why llama.cpp of 2025-02 cuts a text otherwise than the expression that the authors of the
// models publish, which we follow: what the model was trained on is what its authors' program made of it.
func departs(name, text string) string {
	if strings.Contains(text, "'\u017f") && strings.Contains("llama-bpe llama3 llama-v3 qwen2 deepseek-r1-qwen", name) {
		return "the long s is an s in another case; llama.cpp has those of ASCII only"
	}
	for _, r := range text {
		switch {
		case name == "tekken" && (unicode.Is(unicode.M, r) || r > 127 && unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt)):
			return "llama.cpp has the two cases of ASCII only, and marks are no letters"
		case strings.HasPrefix(name, "deepseek") && r >= 0x800 && unicode.IsSpace(r):
			return "blanks beyond ASCII stand in the classes of characters too; llama.cpp puts another in their place"
		}
	}
	return ""
}

// Every pre-tokenizer beside llama.cpp, with the vocabulary of GPT-2 and with one that shows where words end.
func TestPreTokenizersBesideLlamaCpp(t *testing.T) {
	program := llamaTokenize(t)
	texts := append(slices.Clone(hard), mixtures(600)...)
	type vocab struct {
		name           string
		tokens, merges []string
	}
	pairs, gpt2 := vocab{name: "pairs"}, vocab{name: "gpt-2"}
	pairs.tokens, pairs.merges = bytePairs()
	gpt2.tokens, gpt2.merges = gpt2Vocabulary(t)
	for _, name := range token.PreTokenizers() {
		for _, v := range []vocab{pairs, gpt2} {
			t.Run(name+"/"+v.name, func(t *testing.T) {
				file := gguftest.File(vocabulary(name, append(slices.Clip(v.tokens), mark), v.merges), nil)
				theirs := llamaTokens(t, program, file, token.ID(len(v.tokens)), texts)
				if len(theirs) != len(texts) {
					t.Fatalf("llama-tokenize made %d texts of %d", len(theirs), len(texts))
				}
				ours, differ, expected := parse(t, file), 0, 0
				for i, text := range texts {
					switch got := ours.Encode(text); {
					case slices.Equal(got, theirs[i]):
					case departs(name, text) != "":
						expected++
					default:
						if differ++; differ <= 10 {
							t.Errorf("Encode(%q) = %v, llama.cpp %v; words %q", text, got, theirs[i], token.Split(name, text))
						}
					}
				}
				t.Logf("%d texts, %d differ, and %d where llama.cpp departs from the authors", len(texts), differ, expected)
			})
		}
	}
}

// gpt2Vocabulary is the tokens and merges of GPT-2, by others.
func gpt2Vocabulary(t *testing.T) (texts, merges []string) {
	t.Helper()
	b, err := os.ReadFile(vocabs + "gpt-2.gguf")
	if err != nil {
		t.Skip("SKIPPED: no ../shared/models beside this checkout")
	}
	f := opened(t, b)
	if texts, err = f.Texts("tokenizer.ggml.tokens"); err != nil {
		t.Fatal(err)
	}
	if merges, err = f.Texts("tokenizer.ggml.merges"); err != nil {
		t.Fatal(err)
	}
	return texts, merges
}

// published are the expressions in the tokenizer.json of the models' authors, each cutting what the ones
// before it left. Digits, which some name instead of an expression, are \p{N}.
var published = map[string][]string{
	"gpt-2":     {byteLevel},
	"llama-bpe": {`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`},
	"qwen2":     {`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`},
	"smollm":    {`\p{N}`, byteLevel},
	"tekken": {`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|` +
		`\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`},
	"deepseek-coder": {`[\r\n]`, `\s?\p{L}+`, `\s?\p{P}+`, `[一-龥ࠀ-一가-퟿]+`, `\p{N}`},
}

const byteLevel = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

// cutter cuts texts by expressions with Python's regex, which backtracks and looks ahead as the expressions want it.
// Its \s has four control characters more than Unicode's White_Space.
const cutter = `
import json, regex, sys
given = json.load(sys.stdin)
def cut(words, e):
    out = []
    for w in words:
        at = 0
        for m in regex.finditer(e.replace(r"\s", r"\p{White_Space}").replace(r"\S", r"\P{White_Space}"), w):
            out += [w[at:m.start()], m.group()]
            at = m.end()
        out.append(w[at:])
    return [w for w in out if w]
def words(text):
    out = [text]
    for e in given["expressions"]:
        out = cut(out, e)
    return [w for w in out if w]
json.dump([words(t) for t in given["texts"]], sys.stdout)
`

// The words are those of the expressions as they are published, run by an engine that we did not adapt them to.
func TestPublishedExpressions(t *testing.T) {
	if exec.CommandContext(t.Context(), "python3", "-c", "import regex").Run() != nil {
		t.Skip("SKIPPED: python3 cannot import regex")
	}
	texts := append(slices.Clone(hard), mixtures(600)...)
	for name, expressions := range published {
		t.Run(name, func(t *testing.T) {
			given, err := json.Marshal(map[string][]string{"expressions": expressions, "texts": texts})
			if err != nil {
				t.Fatal(err)
			}
			c := exec.CommandContext(t.Context(), "python3", "-c", cutter)
			c.Stdin = bytes.NewReader(given)
			said, err := c.Output()
			if err != nil {
				t.Fatal(err)
			}
			var want [][]string
			if err := json.Unmarshal(said, &want); err != nil {
				t.Fatal(err)
			}
			differ := 0
			for i, text := range texts {
				if got := token.Split(name, text); !slices.Equal(got, want[i]) {
					if differ++; differ <= 10 {
						t.Errorf("Split(%q) = %q, want %q", text, got, want[i])
					}
				}
			}
		})
	}
}
