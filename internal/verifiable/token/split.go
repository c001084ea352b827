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
	rest       = `[` + blank + `]*[\r\n]+|([` + blank + `]+)`
	signs      = ` ?[^` + blank + `\p{L}\p{N}]+`
	llama3     = shortened + `|\p{N}{1,3}|` + signs + `[\r\n]*|` + rest
	qwen2      = shortened + `|\p{N}|` + signs + `[\r\n]*|` + rest
	ideographs = `[一-龥ࠀ-一가-\x{d7ff}]+`

	// Mistral's words end where a small letter meets a capital one; marks belong to them.
	capitals = `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`
	smalls   = `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`
	before   = `[^\r\n\p{L}\p{N}]?`
	tekken   = before + capitals + `*` + smalls + `+|` + before + capitals + `+` + smalls + `*|\p{N}|` + signs + `[\r\n/]*|` + rest

	// The letters with two cases, as DeepSeek counts them: without the small ones of Georgian, those of
	// mathematics, and what Unicode got since.
	cased = `A-Za-z\x{b5}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{1ba}\x{1bc}-\x{1bf}\x{1c4}-\x{293}\x{295}-\x{2af}` +
		`\x{370}-\x{373}\x{376}\x{377}\x{37b}-\x{37d}\x{37f}\x{386}\x{388}-\x{38a}\x{38c}\x{38e}-\x{3a1}\x{3a3}-\x{3f5}` +
		`\x{3f7}-\x{481}\x{48a}-\x{52f}\x{531}-\x{556}\x{10a0}-\x{10c5}\x{13a0}-\x{13f5}\x{13f8}-\x{13fd}\x{1c90}-\x{1cba}` +
		`\x{1cbd}-\x{1cbf}\x{1d00}-\x{1d2b}\x{1d6b}-\x{1d77}\x{1d79}-\x{1d9a}\x{1e00}-\x{1f15}\x{1f18}-\x{1f1d}\x{1f20}-\x{1f45}` +
		`\x{1f48}-\x{1f4d}\x{1f50}-\x{1f57}\x{1f59}\x{1f5b}\x{1f5d}\x{1f5f}-\x{1f7d}\x{1f80}-\x{1fb4}\x{1fb6}-\x{1fbc}\x{1fbe}` +
		`\x{1fc2}-\x{1fc4}\x{1fc6}-\x{1fcc}\x{1fd0}-\x{1fd3}\x{1fd6}-\x{1fdb}\x{1fe0}-\x{1fec}\x{1ff2}-\x{1ff4}\x{1ff6}-\x{1ffc}` +
		`\x{2102}\x{2107}\x{210a}-\x{2113}\x{2115}\x{2119}-\x{211d}\x{2124}\x{2126}\x{2128}\x{212a}-\x{212d}\x{212f}-\x{2134}` +
		`\x{2139}\x{213c}-\x{213f}\x{2145}-\x{2149}\x{214e}\x{2183}\x{2184}\x{2c00}-\x{2c7b}\x{2c7e}-\x{2ce4}\x{2ceb}-\x{2cee}` +
		`\x{2cf2}\x{2cf3}\x{a640}-\x{a66d}\x{a680}-\x{a69b}\x{a722}-\x{a76f}\x{a771}-\x{a787}\x{a78b}-\x{a78e}\x{ab70}-\x{abbf}` +
		`\x{fb00}-\x{fb06}\x{fb13}-\x{fb17}\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a}\x{10400}-\x{1044f}\x{104b0}-\x{104d3}` +
		`\x{104d8}-\x{104fb}\x{10c80}-\x{10cb2}\x{10cc0}-\x{10cf2}\x{118a0}-\x{118df}\x{1e900}-\x{1e943}`
)

// A preTokenizer is how a family of vocabularies cuts text into words.
type preTokenizer struct {
	splitter
	// whole says that a word that is a token needs no merges, and that a text begins with the model's
	// first token unless the file says otherwise: so it is with vocabularies that were made for tiktoken.
	whole bool
}

// splitters are the pre-tokenizers by their name in tokenizer.ggml.pre. The expressions are those that
// the models' authors publish; "default", which files have whose tokenizer the converter did not know, is
// llama.cpp's.
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
	define(false, "default", `[\p{P}$+<=>^~|]+`, gpt2, `\p{N}+`, `[0-9][0-9][0-9]`)
	define(false, "gpt-2 phi-2 mpt olmo jais", gpt2)
	define(true, "llama-bpe llama3 llama-v3", llama3)
	define(true, "tekken", tekken)
	define(false, "qwen2 deepseek-r1-qwen stablelm2", qwen2)
	define(false, "smollm starcoder refact command-r codeshell", `\p{N}`, gpt2)
	define(false, "falcon", "[\\p{P}$+<=>^~|`]+", gpt2, `[0-9][0-9][0-9]`)
	define(false, "deepseek-llm", `[\r\n]`, `[`+blank+`]?[`+cased+`]+`, `[`+blank+`]?[!-/:-~！-／：-～‘-‟　-。]+`,
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
