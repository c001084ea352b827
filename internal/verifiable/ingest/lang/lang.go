// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package lang tells the language of a passage or a query by script and by
// function words. Retrieval picks an analyzer by its answer and an auditor must
// get the same one, so it is a pure function of the text: integers only, no
// state, no I/O. Anybody may import it.
package lang

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ID names the rules and word lists of Detect. It changes whenever the answer
// for any text could change.
const ID = "lang/1"

// unit is the weight of a word that only one language lists; a word that n
// languages list counts unit/n for each. It divides by 1 to 6 and 8 evenly.
const unit = 120

// scripts maps scripts to the language that the answer names, in the order of
// the counters in Detect. Kana decides for Japanese before Han does for Chinese.
var scripts = []struct {
	tag   string
	table *unicode.RangeTable
}{
	{"ja", &unicode.RangeTable{R16: []unicode.Range16{{Lo: 0x3041, Hi: 0x30ff, Stride: 1}}}},
	{"zh", unicode.Han},
	{"ko", unicode.Hangul},
	{"ar", unicode.Arabic},
	{"ru", unicode.Cyrillic},
	{"hi", unicode.Devanagari},
	{"el", unicode.Greek},
	{"he", unicode.Hebrew},
	{"th", unicode.Thai},
}

// owners maps each function word to the indexes in words of its languages.
var owners = func() map[string][]int {
	m := make(map[string][]int)
	for i, w := range words {
		for _, s := range strings.Fields(w.list) {
			m[s] = append(m[s], i)
		}
	}
	return m
}()

// Languages returns the tags that Detect can answer, sorted.
func Languages() []string {
	var tags []string
	for _, w := range words {
		tags = append(tags, w.tag)
	}
	for _, s := range scripts {
		tags = append(tags, s.tag)
	}
	slices.Sort(tags)
	return tags
}

// StopWords returns the function words of a language, lower case and sorted,
// or nil for a language without a list.
func StopWords(tag string) []string {
	for _, w := range words {
		if w.tag == tag {
			list := strings.Fields(w.list)
			slices.Sort(list)
			return list
		}
	}
	return nil
}

// Detect returns the language of text as a BCP 47 primary tag, or "" when it is
// unsure. A script that one language dominates is named after it, so Ukrainian
// reads as "ru": the answer chooses an analyzer and claims no more.
func Detect(text []byte) string {
	var (
		letters [16]int // by script
		score   [16]int // by Latin language
		latin   int     // letters
		tokens  int     // Latin words
		word    [24]byte
		n       int // bytes of the word at hand; beyond len(word) it is no function word
	)
	end := func() {
		if n > 0 {
			tokens++
		}
		if 0 < n && n <= len(word) {
			own := owners[string(word[:n])]
			for _, i := range own {
				score[i] += unit / len(own)
			}
		}
		n = 0
	}
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[i:])
		}
		i += size
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', 0xc0 <= r && r < 0x250 && r != 0xd7 && r != 0xf7:
			latin++
			if r < utf8.RuneSelf {
				r |= 0x20
			} else {
				r = unicode.ToLower(r)
			}
			if n+utf8.UTFMax <= len(word) {
				n += utf8.EncodeRune(word[n:], r)
			} else {
				n = len(word) + 1
			}
		case r == '_' || '0' <= r && r <= '9':
			// An identifier such as for_in is one token and no words.
			if n > 0 {
				n = len(word) + 1
			}
		default:
			end()
			if r >= 0x370 {
				for k := range scripts {
					if unicode.Is(scripts[k].table, r) {
						letters[k]++
						break
					}
				}
			}
		}
	}
	end()
	if tag := byScript(letters[:len(scripts)], latin); tag != "" {
		return tag
	}
	return byWords(score[:len(words)], tokens)
}

// byScript names the language of the script that holds most letters.
func byScript(letters []int, latin int) string {
	best, sum := 0, 0
	for k, n := range letters {
		sum += n
		if n > letters[best] {
			best = k
		}
	}
	if sum <= latin || sum < 2 {
		return ""
	}
	// Japanese mixes kana with more Han; Chinese has no kana.
	if scripts[best].tag == "zh" && letters[0]*10 >= letters[best] {
		best = 0
	}
	return scripts[best].tag
}

// byWords names the language with the clearest lead in function words. A short
// query may rest on one word that no other language lists, a passage on no
// fewer than one word in sixteen.
func byWords(score []int, tokens int) string {
	best, second := 0, 0
	for i := 1; i < len(score); i++ {
		if score[i] > score[best] {
			best = i
		}
	}
	for i, s := range score {
		if i != best && s > second {
			second = s
		}
	}
	need := 2 * unit
	if tokens <= 10 {
		need = unit
	}
	top := score[best]
	if top < need || top*16 < tokens*unit || top-second < top/5 || top == second {
		return ""
	}
	return words[best].tag
}
