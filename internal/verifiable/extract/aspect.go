// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package extract

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// aspect is a kind of thing that questions ask for: a price, a depth, a person,
// a time. A sentence that speaks of the right subject and says nothing of that
// kind is no answer, which no share of shared words can tell.
type aspect struct {
	ask   lexis // words of a question that ask for it, wherever they stand
	how   lexis // words that ask for it after "how" and its like
	lead  lexis // question words that ask for it where a question begins
	show  lexis // words of a sentence that tell it
	unit  lexis // words that tell it in a sentence with a number
	named bool  // what title, headings and column names show is told too
}

// ask is one thing that a question asks for.
type ask struct {
	*aspect
	text    string // as typed, without signs between words
	counted string // the word that a number must stand beside, if any
}

// lexis is a list of words. One that ends in "*" stands for all that begin so.
type lexis struct {
	whole, begin map[string]bool
	least        int // bytes of the shortest beginning
}

func newLexis(words string) lexis {
	l := lexis{whole: map[string]bool{}, begin: map[string]bool{}, least: 1 << 10}
	for _, w := range strings.Fields(words) {
		if b, ok := strings.CutSuffix(w, "*"); ok {
			l.begin[b] = true
			l.least = min(l.least, len(b))
		} else {
			l.whole[w] = true
		}
	}
	return l
}

func (l lexis) has(word string) bool {
	if l.whole[word] {
		return true
	}
	for i := l.least; i <= len(word); i++ {
		if l.begin[word[:i]] {
			return true
		}
	}
	return false
}

func (l lexis) in(words []string) bool { return slices.ContainsFunc(words, l.has) }

// bare maps letters with accents to those without: people leave them out.
var bare = func() map[rune]string {
	m := map[rune]string{}
	for _, group := range strings.Fields("aàáâãäå cç eèéêë iìíîï nñ oòóôõö uùúûü") {
		for _, r := range group[1:] {
			m[r] = group[:1]
		}
	}
	m['œ'], m['ß'] = "oe", "ss"
	return m
}()

// plain returns text in lower case and without accents.
func plain(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range text {
		r = unicode.ToLower(r)
		if r < utf8.RuneSelf {
			b.WriteByte(byte(r))
		} else if to, ok := bare[r]; ok {
			b.WriteString(to)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// fold returns the words of text, plain.
func fold(text string) []string { return split(plain(text)) }

// split returns the words of text. Signs for money, degrees, shares and addresses
// are words; other signs part words.
func split(text string) []string {
	out := make([]string, 0, len(text)/5)
	start := -1
	for i, r := range text {
		in := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
		if !in && start >= 0 {
			out, start = append(out, text[start:i]), -1
		}
		switch {
		case in && start < 0:
			start = i
		case r == '°', r == '%', r == '€', r == '$', r == '£', r == '@':
			out = append(out, string(r))
		}
	}
	if start >= 0 {
		out = append(out, text[start:])
	}
	return out
}

// asks returns what a question asks for, as far as the aspects know.
func asks(question string) []ask {
	var out []ask
	words, typed := fold(question), split(question)
	if len(typed) != len(words) { // letters that fold into signs
		typed = words
	}
	add := func(a *aspect, at, n int, counted string) {
		if !slices.ContainsFunc(out, func(o ask) bool { return o.aspect == a }) {
			out = append(out, ask{a, strings.Join(typed[at:at+n], " "), counted})
		}
	}
	for i := 0; i < len(words); i++ {
		if p := phraseAt(words[i:]); p.n > 0 {
			counted := ""
			if p.counts {
				counted = countedWord(words, i, p.n)
			}
			add(p.aspect, i, p.n, counted)
			i += p.n - 1
			continue
		}
		leads := i == 0 || joins.has(words[i-1])
		for j := range aspects {
			a := &aspects[j]
			if a.ask.has(words[i]) || leads && a.lead.has(words[i]) || i > 0 && hows.has(words[i-1]) && a.how.has(words[i]) {
				add(a, i, 1, "")
			}
		}
	}
	// A number that is asked for together with what it measures, as in "how much
	// does it weigh", is told by what it measures.
	if len(out) > 1 {
		out = slices.DeleteFunc(out, func(a ask) bool { return a.aspect == count && a.counted == "" })
	}
	return out
}

// countedWord returns the word that "how many" counts: the one after it or, in
// Swahili, before it.
func countedWord(words []string, at, n int) string {
	if words[at] == "ngapi" {
		return words[max(0, at-1)]
	}
	for _, w := range words[at+n:] {
		if !joins.has(w) && !skipped.has(w) {
			return w
		}
	}
	return ""
}

// told reports whether a sentence tells what is asked for. Above are the words
// of title, headings and column names.
func (a ask) told(text string, words, above []string, row bool) bool {
	switch a.aspect {
	case count:
		return a.numbered(words, above, row)
	case person:
		return a.show.in(words) || hasName(text)
	case year:
		return slices.ContainsFunc(words, isYear)
	case clock:
		if hasClock(text) || slices.ContainsFunc(words, isYear) {
			return true
		}
	}
	if a.show.in(words) || a.ask.in(words) || a.named && (a.show.in(above) || a.ask.in(above)) {
		return true
	}
	return a.unit.in(words) && slices.ContainsFunc(words, isNumber) || slices.ContainsFunc(words, a.measure)
}

// measure reports whether a word is a number grown together with a unit: "20mm".
func (a ask) measure(word string) bool {
	unit := strings.TrimLeft(word, "0123456789")
	return unit != word && unit != "" && a.unit.has(unit)
}

// beside is how many words may stand between a number and what it counts.
const beside = 3

// numbered reports whether a sentence holds a number, beside the word that is
// counted if it holds that too. If it does not, headings or columns must.
func (a ask) numbered(words, above []string, row bool) bool {
	if !slices.ContainsFunc(words, isNumber) {
		return false
	}
	if a.counted == "" {
		return amount(words)
	}
	found := false
	for i, w := range words {
		if !sameThing(w, a.counted) {
			continue
		}
		found = true
		if row || slices.ContainsFunc(words[max(0, i-beside-1):min(len(words), i+beside+2)], isNumber) {
			return true
		}
	}
	return !found && slices.ContainsFunc(above, func(w string) bool { return sameThing(w, a.counted) })
}

// amount reports whether a number among words is of something else than time.
func amount(words []string) bool {
	for i, w := range words {
		if isNumber(w) && !span.unit.in(words[i+1:min(len(words), i+3)]) {
			return true
		}
	}
	return false
}

// sameThing reports whether two words are forms of one, or units of one measure.
func sameThing(a, b string) bool {
	return sameWord(a, b) || slices.ContainsFunc(measures, func(l lexis) bool { return l.has(a) && l.has(b) })
}

// sameWord reports whether two folded words are likely forms of one: one begins
// with the other but for its last two letters.
func sameWord(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return a == b || len(a) >= 4 && len(b)-len(a) <= 3 && strings.HasPrefix(b, a[:max(3, len(a)-2)])
}

func isNumber(word string) bool { return strings.ContainsAny(word, "0123456789") || numbers[word] }

// hasName reports whether text holds two capitalised words in a row, or one that
// neither begins the text nor follows a full stop.
func hasName(text string) bool {
	fresh, before := true, false
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == '|' || r == ';' }) {
		letters := []rune(strings.TrimLeft(w, "(\"“«'*_-"))
		name := len(letters) > 1 && unicode.IsUpper(letters[0]) && unicode.IsLower(letters[1])
		if name && (before || !fresh) && !clock.show.in(fold(w)) {
			return true
		}
		before = name && !strings.ContainsAny(w[len(w)-1:], ".:!?")
		fresh = strings.ContainsAny(w[len(w)-1:], ".!?")
	}
	return false
}

// hasClock reports whether text holds a time of day, such as 07:30.
func hasClock(text string) bool {
	for i := 1; i+1 < len(text); i++ {
		if text[i] == ':' && isDigit(text[i-1]) && isDigit(text[i+1]) {
			return true
		}
	}
	return false
}

// isYear reports whether a word is a number of a year.
func isYear(word string) bool {
	return len(word) == 4 && (word[0] == '1' || word[0] == '2') && strings.Trim(word, "0123456789") == ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
