// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"dsai.example/dsai/internal/verifiable/gguf"
)

// pairs is byte-level byte-pair encoding, as in GPT-2, Llama 3 and Qwen: text is split into words,
// bytes are written as printable characters, and neighbours are joined in the order in which training
// found them (the merges).
type pairs struct {
	preTokenizer
	ranks map[[2]string]int
}

func loadPairs(f *gguf.File, v *Vocabulary) (*pairs, error) {
	name := "default"
	if f.Has("tokenizer.ggml.pre") {
		var err error
		if name, err = f.Text("tokenizer.ggml.pre"); err != nil {
			return nil, err
		}
	}
	pre, ok := splitters[name]
	if !ok {
		return nil, fmt.Errorf("pre-tokenizer %.40q is not one that dsai has: %s", name, strings.Join(slices.Sorted(maps.Keys(splitters)), ", "))
	}
	v.AddBegin = pre.whole
	merges, err := f.Texts("tokenizer.ggml.merges")
	if err != nil {
		return nil, err
	}
	if len(merges) > maxTokens {
		return nil, fmt.Errorf("%d merges, at most %d are read", len(merges), maxTokens)
	}
	p := &pairs{preTokenizer: pre, ranks: make(map[[2]string]int, len(merges))}
	for i, m := range merges {
		a, b, ok := strings.Cut(m, " ")
		if !ok || a == "" || b == "" {
			return nil, fmt.Errorf("merge %d is %.40q, want two tokens", i, m)
		}
		if _, twice := p.ranks[[2]string{a, b}]; !twice {
			p.ranks[[2]string{a, b}] = i
		}
	}
	for b, r := range toRune {
		v.bytes[b] = None
		if id, ok := v.plain[string(r)]; ok {
			v.bytes[b] = id
		}
	}
	return p, nil
}

func (p *pairs) encode(v *Vocabulary, dst []ID, text string, _ bool) []ID {
	for _, word := range p.split(text) {
		dst = p.encodeWord(v, dst, word)
	}
	return dst
}

func (p *pairs) encodeWord(v *Vocabulary, dst []ID, word string) []ID {
	visible := show(word)
	if id, ok := v.plain[visible]; ok && p.whole {
		return append(dst, id)
	}
	symbols := merge(strings.Split(visible, ""), func(a, b string) (float64, bool) {
		r, ok := p.ranks[[2]string{a, b}]
		return float64(r), ok
	})
	for _, s := range symbols {
		if id, ok := v.plain[s]; ok {
			dst = append(dst, id)
		} else {
			dst = v.appendBytes(dst, string(hide(s)))
		}
	}
	return dst
}

func (p *pairs) decode(text string) []byte { return hide(text) }

// toRune writes each byte as a character that can be seen (GPT-2's bytes_to_unicode): itself where
// it can, else the next one from U+0100 on.
var toRune, toByte = func() (to [256]rune, from map[rune]byte) {
	from = map[rune]byte{}
	next := rune(256)
	for b := range 256 {
		r := rune(b)
		if b < '!' || b > '~' && b < 0xa1 || b == 0xad {
			r, next = next, next+1
		}
		to[b], from[r] = r, byte(b)
	}
	return to, from
}()

func show(text string) string {
	var b strings.Builder
	for i := range len(text) {
		b.WriteRune(toRune[text[i]])
	}
	return b.String()
}

// hide is the inverse of show. Characters that are no byte stay as they are.
func hide(text string) []byte {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if b, ok := toByte[r]; ok {
			out = append(out, b)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}
