// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"
	"github.com/clipperhouse/uax29/v2/words"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/ingest/lang"
)

// source is a passage prepared for comparison.
type source struct {
	spans []span
	start int // of the passage in its derivation's text
}

// span is one sentence of a passage, with its bytes in the passage's text.
type span struct {
	from, to int
	terms    bag
	clauses  []bag
}

// bag holds distinct content terms: which there are, in order of appearance.
type bag struct {
	list    []string
	has     map[string]bool
	names   map[string]bool // with a capital, and not only because they begin
	denying bool            // a word in it denies
}

func newSource(p dsai.PassageBody, known *vocabulary) source {
	s := source{start: p.Start}
	for it := sentences.FromString(p.Text); it.Next(); {
		text := it.Value()
		left := len(text) - len(strings.TrimLeftFunc(text, unicode.IsSpace))
		trimmed := strings.TrimSpace(text)
		if trimmed == "" {
			continue
		}
		from := it.Start() + left
		sp := span{from: from, to: from + len(trimmed), terms: terms(trimmed, known)}
		for clause := range strings.FieldsFuncSeq(trimmed, func(r rune) bool { return strings.ContainsRune(",;:—", r) }) {
			sp.clauses = append(sp.clauses, terms(clause, known))
		}
		s.spans = append(s.spans, sp)
	}
	return s
}

// supports reports how many of the sentence's terms the passage holds, and
// whether that is support: in one of its sentences, or two that follow each
// other, every number, nearly all other words, two of them when there are two,
// and a denial in the one exactly where there is one in the other. It is a test for
// invented figures and strayed sentences; one that gives the right words to the
// wrong things can pass it.
func (s *source) supports(sentence bag) (hits int, ok bool) {
	for i, first := range s.spans {
		for _, window := range [][]span{{first}, s.spans[i:min(i+2, len(s.spans))]} {
			if n, enough := held(window, sentence); enough && n > hits {
				hits, ok = n, true
			}
		}
	}
	return hits, ok
}

func held(window []span, sentence bag) (hits int, ok bool) {
	for _, t := range sentence.list {
		switch {
		case slices.ContainsFunc(window, func(sp span) bool { return sp.terms.match(t) }):
			hits++
		case sentence.keeps(t):
			return hits, false
		}
	}
	if !slices.ContainsFunc(window, func(sp span) bool { return sp.carries(sentence, hits) }) {
		return hits, false
	}
	n := len(sentence.list)
	if n == 0 || missed*(n-hits) > n || hits < min(n, 2) {
		return hits, false
	}
	return hits, denies(window, sentence) == sentence.denying
}

// carries reports whether one sentence of a passage holds all that must not change, and half of what
// is found at all: figures are not taken from one sentence to the words of another.
func (sp span) carries(sentence bag, hits int) bool {
	own := 0
	for _, t := range sentence.list {
		switch {
		case sp.terms.match(t):
			own++
		case sentence.keeps(t):
			return false
		}
	}
	return 2*own >= hits
}

// missed is how many words a sentence must have for each that is not found.
const missed = 4

// denies reports whether the clauses that the sentence takes its words from deny.
func denies(window []span, sentence bag) bool {
	var yes, no int
	for _, sp := range window {
		for _, c := range sp.clauses {
			n := 0
			for _, t := range sentence.list {
				if c.match(t) {
					n++
				}
			}
			if c.denying {
				yes = max(yes, n)
			} else {
				no = max(no, n)
			}
		}
	}
	if sentence.denying {
		return yes > 0
	}
	return yes > no
}

// quote returns the span of the passage's sentence that shares most terms with
// the answer's sentence, the shortest and then the first such.
func (s *source) quote(n int, sentence bag) dsai.Quote {
	best, most := span{}, -1
	for _, sp := range s.spans {
		hits := 0
		for _, t := range sentence.list {
			if sp.terms.match(t) {
				hits++
			}
		}
		if hits > most || hits == most && sp.to-sp.from < best.to-best.from {
			best, most = sp, hits
		}
	}
	return dsai.Quote{N: n, Start: s.start + best.from, End: s.start + best.to}
}

// terms returns the content terms of text: lower-case words without function
// words, and numbers split from the units that stick to them.
func terms(text string, known *vocabulary) bag {
	b := bag{has: make(map[string]bool), names: make(map[string]bool)}
	begun := false
	for it := words.FromString(text); it.Next(); {
		w := strings.ToLower(strings.ReplaceAll(it.Value(), "’", "'"))
		for _, t := range splitNumber(w) {
			if r, _ := utf8.DecodeRuneInString(it.Value()); begun && unicode.IsUpper(r) && !known.nouns {
				b.names[t] = true
			}
			begun = true
			b.denying = b.denying || known.deny[t]
			if n, ok := known.count[t]; ok {
				t = n
			}
			if !known.stop[t] && !known.deny[t] && !b.has[t] {
				b.has[t] = true
				b.list = append(b.list, t)
			}
		}
	}
	return b
}

// splitNumber cuts "500mg" into "500" and "mg" and drops what is no word.
func splitNumber(w string) []string {
	var out []string
	for w != "" {
		r, _ := utf8.DecodeRuneInString(w)
		digit := unicode.IsDigit(r)
		end := strings.IndexFunc(w, func(r rune) bool {
			// Points and commas stay inside numbers, apostrophes inside words.
			return (unicode.IsDigit(r) || digit && (r == '.' || r == ',')) != digit
		})
		if end < 0 {
			end = len(w)
		}
		if part := strings.TrimRight(w[:end], ".,"); digit || strings.IndexFunc(part, unicode.IsLetter) >= 0 {
			out = append(out, part)
		}
		w = w[end:]
	}
	return out
}

// fixed reports a term that is the same or another one: a number, a measure.
func fixed(t string) bool {
	r, _ := utf8.DecodeRuneInString(t)
	return unicode.IsDigit(r) || strings.HasPrefix(t, measure)
}

// keeps reports a term that the sentence may not take from elsewhere: a number, a
// measure, a name.
func (b bag) keeps(t string) bool { return fixed(t) || b.names[t] }

// match reports whether the bag holds t or, for words of five letters and more,
// a word that differs in its ending only ("vaccinate", "vaccinations"). Numbers
// match exactly.
func (b bag) match(t string) bool {
	if b.has[t] {
		return true
	}
	if fixed(t) || utf8.RuneCountInString(t) < 5 {
		return false
	}
	for _, o := range b.list {
		if !fixed(o) && sameStem(t, o) {
			return true
		}
	}
	return false
}

// sameStem reports whether a and b share a beginning of at least four letters
// and differ in at most the last three of each.
func sameStem(a, b string) bool {
	n, shared := 0, 0
	for n < len(a) && n < len(b) {
		ra, size := utf8.DecodeRuneInString(a[n:])
		rb, _ := utf8.DecodeRuneInString(b[n:])
		if ra != rb {
			break
		}
		n, shared = n+size, shared+1
	}
	return shared >= 4 && utf8.RuneCountInString(a[n:]) <= 3 && utf8.RuneCountInString(b[n:]) <= 3
}

// vocabularyOf joins what is known of the passages' languages.
func vocabularyOf(passages []dsai.PassageBody) *vocabulary {
	v := &vocabulary{stop: map[string]bool{}, deny: map[string]bool{}, count: map[string]string{}}
	for _, p := range passages {
		tag, _, _ := strings.Cut(p.Language, "-")
		v.learn(tag)
		for _, w := range lang.StopWords(tag) {
			v.stop[w] = true
		}
	}
	return v
}
