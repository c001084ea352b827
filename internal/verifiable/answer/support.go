// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package answer

import (
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
	all   bag
	spans []span
	start int // of the passage in its derivation's text
}

// span is one sentence of a passage, with its bytes in the passage's text.
type span struct {
	from, to int
	terms    bag
}

// bag holds distinct content terms: which there are, in order of appearance.
type bag struct {
	list []string
	has  map[string]bool
}

func newSource(p dsai.PassageBody, stop map[string]bool) source {
	s := source{all: terms(p.Text, stop), start: p.Start}
	for it := sentences.FromString(p.Text); it.Next(); {
		text := it.Value()
		left := len(text) - len(strings.TrimLeftFunc(text, unicode.IsSpace))
		trimmed := strings.TrimSpace(text)
		if trimmed == "" {
			continue
		}
		from := it.Start() + left
		s.spans = append(s.spans, span{from, from + len(trimmed), terms(trimmed, stop)})
	}
	return s
}

// supports reports how many of the sentence's terms the passage holds, and
// whether that is support: every number, and at least half of all terms, two of
// them when there are two. It is a test for invented figures and strayed
// sentences; a sentence can pass it and be wrong, a negation for example.
func (s *source) supports(sentence bag) (hits int, ok bool) {
	for _, t := range sentence.list {
		switch {
		case s.all.match(t):
			hits++
		case isNumber(t):
			return hits, false
		}
	}
	n := len(sentence.list)
	return hits, n > 0 && 2*hits >= n && hits >= min(n, 2)
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
func terms(text string, stop map[string]bool) bag {
	b := bag{has: make(map[string]bool)}
	for it := words.FromString(strings.ToLower(text)); it.Next(); {
		for _, t := range splitNumber(it.Value()) {
			if !stop[t] && !b.has[t] {
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

func isNumber(t string) bool {
	r, _ := utf8.DecodeRuneInString(t)
	return unicode.IsDigit(r)
}

// match reports whether the bag holds t or, for words of five letters and more,
// a word that differs in its ending only ("vaccinate", "vaccinations"). Numbers
// match exactly.
func (b bag) match(t string) bool {
	if b.has[t] {
		return true
	}
	if isNumber(t) || utf8.RuneCountInString(t) < 5 {
		return false
	}
	for _, o := range b.list {
		if !isNumber(o) && sameStem(t, o) {
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

// stopWords joins the function words of the passages' languages.
func stopWords(passages []dsai.PassageBody) map[string]bool {
	stop := make(map[string]bool)
	for _, p := range passages {
		tag, _, _ := strings.Cut(p.Language, "-")
		for _, w := range lang.StopWords(tag) {
			stop[w] = true
		}
	}
	return stop
}
