// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package rank

import (
	"bytes"
	"cmp"
	"slices"

	"dsai.example/dsai"
)

// Candidate is a scored passage.
type Candidate struct {
	ID          uint64 // the caller's
	Document    uint32
	Contributor uint32
	Score       int64
	Commitment  dsai.Digest
	Sketch      Sketch
}

// Compare orders candidates: the higher score first, ties by commitment.
func Compare(a, b Candidate) int {
	if c := cmp.Compare(b.Score, a.Score); c != 0 {
		return c
	}
	return bytes.Compare(a.Commitment[:], b.Commitment[:])
}

// Pool is how many of the best candidates Choose looks at to find k.
func Pool(k int) int { return 8 * k }

// Choose picks k of the best Pool(k) candidates, given in the order of Compare,
// and returns their indexes in that order.
//
// A passage that nearly repeats a better one is left out. Of one contributor at
// most half of k, rounded up, is taken while others have passages that score at
// least half of the best: one contributor's flood of texts cannot crowd out
// comparable voices, and is not thinned in favour of noise.
func Choose(k int, all []Candidate) []int {
	all = all[:min(len(all), Pool(k))]
	most := (k + 1) / 2
	var taken, capped, weak []int
	count := map[uint32]int{}
	for i, c := range all {
		if slices.ContainsFunc(all[:i], c.Repeats) {
			continue
		}
		switch {
		case 2*c.Score < all[0].Score:
			weak = append(weak, i)
		case count[c.Contributor] >= most:
			capped = append(capped, i)
		default:
			count[c.Contributor]++
			taken = append(taken, i)
		}
	}
	// Weak ones score less than capped ones, so this is the order of Compare.
	taken = append(taken[:min(k, len(taken))], append(capped, weak...)...)
	taken = taken[:min(k, len(taken))]
	slices.Sort(taken)
	return taken
}

// Repeats reports whether the two passages are near duplicates.
func (c Candidate) Repeats(b Candidate) bool { return c.Sketch.Near(b.Sketch) }

// Sketch is a min-hash of a passage's shingles of three consecutive terms.
//
// A shingle's hash is FNV-1a (64 bit) over its terms, each followed by a zero
// byte, mixed by the finalizer of SplitMix64. Its top 4 bits pick one of 16
// lanes; a lane keeps the low 16 bits of its smallest hash, 0xfffe for 0xffff,
// which marks an empty lane. A passage of fewer than three terms is one shingle.
type Sketch [16]uint16

const empty = 0xffff

// MakeSketch returns the sketch of terms.
func MakeSketch(terms []string) Sketch {
	var s Sketch
	var least [len(s)]uint64
	for i := range s {
		s[i], least[i] = empty, ^uint64(0)
	}
	for i := range terms {
		end := i + 3
		if end > len(terms) {
			if i > 0 {
				break
			}
			end = len(terms)
		}
		h := hash(terms[i:end])
		if lane := h >> 60; h < least[lane] {
			least[lane] = h
			s[lane] = min(uint16(h), empty-1)
		}
	}
	return s
}

func hash(terms []string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for _, t := range terms {
		for i := range len(t) {
			h = (h ^ uint64(t[i])) * 0x100000001b3
		}
		h *= 0x100000001b3
	}
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// Near reports whether at least 13 of 16 of the lanes that either uses are
// equal. Passages without terms are near to nothing.
func (s Sketch) Near(t Sketch) bool {
	used, same := 0, 0
	for i := range s {
		if s[i] == empty && t[i] == empty {
			continue
		}
		used++
		if s[i] == t[i] {
			same++
		}
	}
	return used > 0 && 16*same >= 13*used
}
