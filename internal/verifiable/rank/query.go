// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package rank

import (
	"slices"
	"strings"
	"unicode/utf8"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/ingest/lang"
)

// Plain is the field of languages without an analyzer of their own: words are
// cut by UAX #29 and lower-cased, nothing else.
const Plain = "xx"

// Limits on a question; what lies beyond is ignored.
const (
	MaxWords    = 48   // different words
	MaxQuestion = 4096 // bytes, cut between runes
)

// Token is one term of a text, with the byte span it came from.
type Token struct {
	Term       string
	Start, End int
}

// Lexicon cuts text into terms. Implementations are pure functions, safe for
// concurrent use, and all fields find their words at the same places: a word
// that field Plain finds at an offset is found there by every field, unless it
// is a stop word of that field's language.
type Lexicon interface {
	// Fields returns the names of all fields, sorted, Plain among them.
	Fields() []string
	// Field returns the field of a language, given as a BCP 47 tag.
	Field(language string) string
	// Analyze returns the terms of text, in the order of the text. A field that
	// does not exist is treated as Plain.
	Analyze(field, text string) []Token
}

// Query is a question, cut into words that can be looked up.
type Query struct {
	Words []Word
}

// Word is one word of a question.
type Word struct {
	Text  string // as typed, at its first occurrence
	Terms []Term // sorted by field; only fields that do not drop the word
	all   int    // document frequency over all fields
	total int    // passages in all fields
}

// Term is a word as one field writes it.
type Term struct {
	Field string
	Term  string
	DF    int // passages of the field that hold it, set by Weigh
	n     int // passages of the field
}

// asking lists words that ask and say nothing about what is asked for, where
// neither the analyzers nor package lang take them for function words.
var asking = map[string]string{
	"de": "darf dürfen gibt viel viele wieviel wofür worin",
	"en": "every get gets many much my onto want your",
	"es": "cuánta cuántas hacer hago puedo tiempo",
	"fr": "a faire pourquoi puis temps",
	"it": "posso quanto quanta quanti quante",
	"pt": "fazer posso quanta quantas quantos",
	"sw": "gani je lini nani ngapi wapi",
}

// listed holds the function words of each language that package lang knows.
var listed = func() map[string]map[string]bool {
	m := map[string]map[string]bool{}
	for _, tag := range lang.Languages() {
		m[tag] = map[string]bool{}
		for _, w := range append(lang.StopWords(tag), strings.Fields(asking[tag])...) {
			m[tag][w] = true
		}
	}
	return m
}()

// tongues returns the languages that a question may be in, sorted.
func tongues(fields []string) []string {
	out := append(lang.Languages(), fields...)
	slices.Sort(out)
	return slices.Compact(out)
}

// Parse cuts a question into its words.
//
// A word is a stop word of a language when the language's analyzer drops it or
// package lang or the list above has it. The languages of the question are those
// with the most stop words in it, if any; what is a stop word of one of them is
// dropped in every field, because an English "the" would else be a rare and
// precious word in every other language. A stop word of other languages stays,
// as "die" does in an English question. A question of stop words only has none.
// Words with the same terms in the languages of the question, or in Plain when it
// has none, are one word. See MaxWords and MaxQuestion.
func Parse(lex Lexicon, question string) Query {
	if n := MaxQuestion; len(question) > n {
		for n > 0 && !utf8.RuneStart(question[n]) {
			n--
		}
		question = question[:n]
	}
	plain := lex.Analyze(Plain, question)
	fields := lex.Fields()
	terms := make([]map[int]string, len(fields)) // by field, then offset
	for i, f := range fields {
		terms[i] = make(map[int]string, len(plain))
		for _, t := range lex.Analyze(f, question) {
			terms[i][t.Start] = t.Term
		}
	}
	home, stop := stopWords(fields, terms, plain)
	var q Query
	seen := map[string]bool{}
	for i, t := range plain {
		if stop[i] || len(q.Words) == MaxWords {
			continue
		}
		var key strings.Builder
		w := Word{Text: question[t.Start:t.End]}
		for j, f := range fields {
			if term, ok := terms[j][t.Start]; ok {
				w.Terms = append(w.Terms, Term{Field: f, Term: term})
				if home[j] {
					key.WriteString(term + "\x00")
				}
			}
		}
		if !seen[key.String()] {
			seen[key.String()] = true
			q.Words = append(q.Words, w)
		}
	}
	return q
}

// stopWords returns which fields are of a language of the question, and which of
// its words are stop words of one.
func stopWords(fields []string, terms []map[int]string, plain []Token) (home, stop []bool) {
	home, stop = make([]bool, len(fields)), make([]bool, len(plain))
	type vote struct {
		field int // in fields
		words []int
	}
	var votes []vote
	most := 1
	for _, l := range tongues(fields) {
		v := vote{field: slices.Index(fields, l)}
		if v.field < 0 {
			v.field = slices.Index(fields, Plain)
		}
		for i, t := range plain {
			_, kept := terms[v.field][t.Start]
			if !kept || listed[l][t.Term] {
				v.words = append(v.words, i)
			}
		}
		votes, most = append(votes, v), max(most, len(v.words))
	}
	for _, v := range votes {
		if len(v.words) == most {
			home[v.field] = true
			for _, i := range v.words {
				stop[i] = true
			}
		}
	}
	if !slices.Contains(home, true) {
		home[slices.Index(fields, Plain)] = true
	}
	return home, stop
}

// Weigh returns q with the document frequencies that df gives under the
// statistics of fields.
func (q Query) Weigh(fields []dsai.FieldStats, df func(field, term string) int) Query {
	n, total := map[string]int{}, 0
	for _, f := range fields {
		n[f.Field] = f.Passages
		total += f.Passages
	}
	words := slices.Clone(q.Words)
	for i := range words {
		w := &words[i]
		w.Terms, w.all, w.total = slices.Clone(w.Terms), 0, total
		for j := range w.Terms {
			t := &w.Terms[j]
			t.n = n[t.Field]
			if t.n > 0 {
				t.DF = df(t.Field, t.Term)
			}
			w.all += t.DF
		}
	}
	return Query{Words: words}
}

// Term returns the word's term in field, and whether the field has one.
func (w *Word) Term(field string) (Term, bool) {
	for _, t := range w.Terms {
		if t.Field == field {
			return t, true
		}
	}
	return Term{}, false
}

// Known reports whether any passage holds the word.
func (w *Word) Known() bool { return w.all > 0 }

// IDF returns the word's weight in a field, in 1/One bits: see the package
// comment. It is the weight of a word that is missing, too.
func (w *Word) IDF(field string) int64 {
	b := Background(w.total)
	pooled := IDF(w.total, w.all, b)
	if t, ok := w.Term(field); ok {
		return min(pooled, IDF(t.n, t.DF, b))
	}
	return pooled
}

// Text returns what is indexed of a passage: title, headings and text, a line
// each, as one field. A boost for titles was measured and is harmful.
func Text(b dsai.PassageBody) string {
	return b.Title + "\n" + strings.Join(b.Heading, "\n") + "\n" + b.Text
}

// Counts is a passage as the ranking sees it.
type Counts struct {
	Field  string
	Length int            // terms
	TF     map[string]int // by term
}

// Count reads a passage with its field's analyzer.
func Count(lex Lexicon, field, text string) Counts {
	tokens := lex.Analyze(field, text)
	c := Counts{Field: field, Length: min(len(tokens), MaxLength), TF: make(map[string]int, len(tokens))}
	for _, t := range tokens[:c.Length] {
		c.TF[t.Term]++
	}
	return c
}

// Score returns the score of a passage for a weighed question.
func (q Query) Score(fields []dsai.FieldStats, c Counts) int64 {
	i := slices.IndexFunc(fields, func(f dsai.FieldStats) bool { return f.Field == c.Field })
	if i < 0 {
		return 0
	}
	rel := Relative(c.Length, fields[i].Passages, fields[i].Tokens)
	var score int64
	for _, t := range q.In(c.Field) {
		if tf := c.TF[t.Term]; tf > 0 {
			score += Part(t.IDF, int64(tf), rel)
		}
	}
	return score
}

// FieldTerm is a term of a question in one field, with its weight there.
type FieldTerm struct {
	Term string
	DF   int
	IDF  int64
}

// In returns the terms of a weighed question that field holds, in the order of
// the question. Where two words have one term, it counts once, with the weight
// of the first. A term that the statistics do not hold counts nothing: its
// frequency could not be proven.
func (q Query) In(field string) []FieldTerm {
	var out []FieldTerm
	for i := range q.Words {
		t, ok := q.Words[i].Term(field)
		if !ok || t.DF == 0 || slices.ContainsFunc(out, func(o FieldTerm) bool { return o.Term == t.Term }) {
			continue
		}
		out = append(out, FieldTerm{Term: t.Term, DF: t.DF, IDF: q.Words[i].IDF(field)})
	}
	return out
}
