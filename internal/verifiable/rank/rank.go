// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package rank defines the ranking "bm25i/1": BM25 in integers over pinned
// statistics, and the choice of the k passages that an engine is given. An
// auditor who holds a question, the disclosed passages and the pinned statistics
// recomputes every number here.
//
// It never reads an index, never uses a float, and never learns what a passage
// says beyond its terms. Deterministic packages, the index and auditors may
// import it.
//
// # The definition
//
// Text is cut into terms by the analyzer of its field, one field per language
// family; a passage lies in exactly one field. Statistics give for each field f
// the number of passages N(f), the number of terms T(f), and for each term its
// document frequency df(f, t). All arithmetic below is on integers, "/" rounds
// down, and a logarithm is log2 in 1/65536ths as [Log2] computes it.
//
//	N, df(w)    = sums over the fields of N(f), and of df(f, term of word w in f)
//	B           = 256 - N, at least 0
//	idf(n, df)  = Log2(64 (n + B) + 64) - Log2(64 df + 32 + B), at least 0
//	idf(w, f)   = min(idf(N(f), df(f, term of w in f)), idf(N, df(w)))
//	rel(l, f)   = 256 l N(f) / T(f)              length against the field's mean
//	part        = 5632 tf idf / (256 (10 tf + 3) + 9 rel)
//	score       = sum over the question's words of part, for tf > 0
//
// part is idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * l / mean)) with k1 = 6/5
// and b = 3/4, multiplied through by 2560. Ties go to the smaller commitment.
//
// The minimum in idf(w, f) keeps a small language from distorting the others. A
// word that is common in English but rare in a few French passages is worth no
// more than its English use says; a word that fills every passage of a language
// without a stop list, as Swahili "kwa" does, is worth nothing there although it
// is rare in the whole.
//
// B is a background. Counts over a few passages say little about words: in a
// library of one passage every word of it is in all passages, and "go" in "how
// much salt goes into it", which is in none, would outweigh the rest. So a library
// of fewer than 256 passages is weighed as if it stood beside others that make it
// 256, one in 64 of which holds the word. Beside one passage, a word that is there
// has 5.6 bits and one that is not has 5.8. From N = 256 on B is 0, and idf is
// log2((2n + 2) / (2df + 1)).
//
// A word of the question is dropped everywhere when it is a stop word of the
// question's language: see [Parse].
package rank

import "math/bits"

// ID names this ranking in Statistics.Ranking. Any change of a golden of this
// package needs a new one.
const ID = "bm25i/1"

// One is the value of one bit of information: idf and scores are in 1/One bits.
const One = 1 << 16

// Log2 returns log2(x) in 1/65536ths. x must not be 0; beyond 2^32 only the
// highest 32 bits of x count. The integer part is the position of the highest
// bit. The mantissa, scaled to 32 bits, is then squared sixteen times; each
// square that reaches 2 gives a one bit and is halved. Nothing is rounded but
// cut, so the result is at most 1/4096 too small.
func Log2(x uint64) int64 {
	top := bits.Len64(x) - 1
	m := x
	if top > 31 {
		m >>= top - 31
	} else {
		m <<= 31 - top
	}
	log := int64(top)
	for range 16 {
		m = m * m >> 31
		log <<= 1
		if m >= 1<<32 {
			m >>= 1
			log |= 1
		}
	}
	return log
}

// least is the size up to which the background makes up a library, and share
// the one of its passages, in each of so many, that holds any word.
const (
	least = 256
	share = 64
)

// Background returns how many passages are taken to stand beside a library of n:
// B in the package comment.
func Background(n int) int { return max(0, least-n) }

// IDF returns how much it says that a passage holds a term which df of n
// passages hold, beside a background of b, in 1/One bits, never negative: see
// the package comment.
func IDF(n, df, b int) int64 {
	return max(0, Log2(share*uint64(n+b+1))-Log2(share*uint64(df)+share/2+uint64(b)))
}

// Relative returns the length of a passage against the mean of its field, in
// 1/256ths. It is 256 for every passage of a field without terms.
func Relative(length, passages, tokens int) int64 {
	if tokens == 0 {
		return 256
	}
	return 256 * int64(length) * int64(passages) / int64(tokens)
}

// Part returns what one word adds to a passage's score: idf is the word's in
// the passage's field, tf how often its term occurs, rel the passage's Relative.
func Part(idf, tf, rel int64) int64 {
	return 5632 * tf * idf / (256*(10*tf+3) + 9*rel)
}

// Limits, so that no product above overflows.
const (
	MaxLength   = 1 << 20 // terms in one passage; the rest is not counted
	MaxPassages = 1 << 30 // in all fields together
)
