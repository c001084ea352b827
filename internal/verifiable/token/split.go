// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// A splitter is the expressions that cut text into words, one after another: each cuts what the ones
// before it left, into what it matches and what lies between.
//
// The files that name them use \s+(?!\S): blanks, but not the last one before a word, which goes
// with the word. Go's expressions cannot look ahead, so a group does it: blanks that it matches lose
// the last of them unless the text ends there.
type splitter []*regexp.Regexp

// blank is Unicode's White_Space; Go's \s is only that of ASCII.
const blank = `\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}`

const (
	gpt2 = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^` + blank + `\p{L}\p{N}]+|([` + blank + `]+)`

	shortened  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+`
	signs      = ` ?[^` + blank + `\p{L}\p{N}]+[\r\n]*|[` + blank + `]*[\r\n]+|([` + blank + `]+)`
	llama3     = shortened + `|\p{N}{1,3}|` + signs
	qwen2      = shortened + `|\p{N}|` + signs
	ideographs = `[一-龥ࠀ-一가-\x{d7ff}]+`
)

type preTokenizer struct {
	splitter
	whole bool
}

// splitters are the pre-tokenizers by their name in tokenizer.ggml.pre.
var splitters = func() map[string]preTokenizer {
	all := map[string]preTokenizer{}
	define := func(whole bool, names string, expressions ...string) {
		var s splitter
		for _, e := range expressions {
			s = append(s, regexp.MustCompile(e))
		}
		for name := range strings.FieldsSeq(names) {
			all[name] = preTokenizer{s, whole}
		}
	}
	define(false, "default gpt-2 phi-2 mpt olmo jais", gpt2)
	define(true, "llama-bpe llama3 llama-v3", llama3)
	define(false, "qwen2 deepseek-r1-qwen stablelm2", qwen2)
	define(false, "starcoder refact command-r smollm codeshell", `\p{N}`, gpt2)
	define(false, "falcon", "[\\p{P}$+<=>^~|`]+", gpt2, `[0-9][0-9][0-9]`)
	define(false, "deepseek-llm", `[\r\n]`, `[`+blank+`]?[\p{Lu}\p{Ll}\p{Lt}]+`, `[`+blank+`]?[!-/:-~！-／：-～‘-‟　-。]+`,
		`[`+blank+`]+$`, ideographs, `\p{N}+`)
	define(false, "deepseek-coder", `[\r\n]`, `[`+blank+`]?\p{L}+`, `[`+blank+`]?\p{P}+`, ideographs, `\p{N}`)
	return all
}()

func (s splitter) split(text string) []string {
	words := []string{text}
	for _, e := range s {
		var next []string
		for _, w := range words {
			next = cut(next, e, w)
		}
		words = next
	}
	return words
}

// cut appends the pieces of text.
func cut(dst []string, e *regexp.Regexp, text string) []string {
	add := func(s string) {
		if s != "" {
			dst = append(dst, s)
		}
	}
	for text != "" {
		at := e.FindStringSubmatchIndex(text)
		if at == nil {
			break
		}
		end := at[1]
		if len(at) > 2 && at[2] >= 0 && end < len(text) {
			if _, last := utf8.DecodeLastRuneInString(text[:end]); end-last > at[0] {
				end -= last
			}
		}
		add(text[:at[0]])
		add(text[at[0]:end])
		text = text[end:]
	}
	add(text)
	return dst
}
