// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package extract

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Shares of a word's weight that a passage earns, in quarters.
const (
	exact = 4 // it holds the word's term
	alike = 3 // it holds a word that is spelled much like it
)

// kin finds words that are spelled much like a word of the question: other forms
// where the stemmer does not know them or there is none, other spellings, typing
// errors. It compares sets of three letters in a row.
type kin struct {
	grams [][]string        // of each word of the question, sorted
	same  [][]lexis         // its synonyms
	known map[string][]bool // what word has been compared, with each
}

// minKin is the fewest letters of a word that is compared: short words that
// share three letters mostly share nothing else.
const minKin = 5

func newKin(words []string) *kin {
	k := &kin{known: map[string][]bool{}}
	for _, w := range words {
		k.grams = append(k.grams, trigrams(strings.ToLower(w)))
		var same []lexis
		for _, f := range fold(w) {
			same = append(same, groups(f)...)
		}
		k.same = append(k.same, same)
	}
	return k
}

// of returns which words of the question the word is like; nil means none.
func (k *kin) of(word string) []bool {
	word = strings.ToLower(word)
	if out, ok := k.known[word]; ok {
		return out
	}
	var out []bool
	mark := func(i int) {
		if out == nil {
			out = make([]bool, len(k.grams))
		}
		out[i] = true
	}
	for i, groups := range k.same {
		if len(groups) == 0 {
			continue
		}
		if w := plain(word); slices.ContainsFunc(groups, func(g lexis) bool { return g.has(w) }) {
			mark(i)
		}
	}
	if g := trigrams(word); g != nil {
		for i, q := range k.grams {
			if q == nil {
				continue
			}
			same := 0
			for _, t := range g {
				if _, ok := slices.BinarySearch(q, t); ok {
					same++
				}
			}
			// Dice's coefficient of at least 0.6.
			if 10*same >= 3*(len(g)+len(q)) {
				mark(i)
			}
		}
	}
	k.known[word] = out
	return out
}

// trigrams returns the sorted set of three letters in a row of a word, or nil if
// it is shorter than minKin or a number: numbers that look alike are not.
func trigrams(word string) []string {
	if utf8.RuneCountInString(word) < minKin || strings.ContainsAny(word, "0123456789") {
		return nil
	}
	var at []int
	for i := range word {
		at = append(at, i)
	}
	at = append(at, len(word))
	var out []string
	for i := 0; i+3 < len(at); i++ {
		out = append(out, word[at[i]:at[i+3]])
	}
	slices.Sort(out)
	return slices.Compact(out)
}
