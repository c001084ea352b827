// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// oneByOne cuts text at each token in turn, the longest first.
func oneByOne(specials []special, text string) []part {
	out := []part{{text: text, id: None}}
	for _, s := range specials {
		var next []part
		for _, p := range out {
			for rest, found := p.text, p.id == None; ; {
				if !found {
					next = append(next, p)
					break
				}
				if p.text, rest, found = strings.Cut(rest, s.text); p.text != "" {
					next = append(next, part{text: p.text, id: None})
				}
				if !found {
					break
				}
				next = append(next, part{id: s.id})
			}
		}
		out = next
	}
	return out
}

func letters(r *rand.Rand, most int) string {
	b := make([]byte, 1+r.IntN(most))
	for i := range b {
		b[i] = "ab "[r.IntN(3)]
	}
	return string(b)
}

// All at once finds what one by one finds.
func TestFinder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var f finder
		var specials []special
		for id := range ID(1 + r.IntN(12)) {
			s := special{text: letters(r, 5), id: id}
			specials = append(specials, s)
			f.add(s)
		}
		slices.SortStableFunc(specials, func(a, b special) int { return len(b.text) - len(a.text) })
		text := letters(r, 60)
		if got, want := f.parts(text), oneByOne(specials, text); !slices.Equal(got, want) {
			t.Fatalf("parts of %q at %v = %v, want %v", text, specials, got, want)
		}
		for _, s := range specials {
			if i := slices.IndexFunc(specials, func(o special) bool { return o.text == s.text }); f.find(s.text) != specials[i].id {
				t.Errorf("find(%q) = %d, want %d", s.text, f.find(s.text), specials[i].id)
			}
		}
	}
}
