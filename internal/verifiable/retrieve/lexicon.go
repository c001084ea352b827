// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package retrieve

import (
	"slices"
	"strings"

	"dsai.example/dsai/internal/verifiable/rank"
	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/ar"
	"github.com/blevesearch/bleve/v2/analysis/lang/da"
	"github.com/blevesearch/bleve/v2/analysis/lang/de"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/analysis/lang/es"
	"github.com/blevesearch/bleve/v2/analysis/lang/fi"
	"github.com/blevesearch/bleve/v2/analysis/lang/fr"
	"github.com/blevesearch/bleve/v2/analysis/lang/hi"
	"github.com/blevesearch/bleve/v2/analysis/lang/hu"
	"github.com/blevesearch/bleve/v2/analysis/lang/it"
	"github.com/blevesearch/bleve/v2/analysis/lang/nl"
	"github.com/blevesearch/bleve/v2/analysis/lang/no"
	"github.com/blevesearch/bleve/v2/analysis/lang/pt"
	"github.com/blevesearch/bleve/v2/analysis/lang/ro"
	"github.com/blevesearch/bleve/v2/analysis/lang/ru"
	"github.com/blevesearch/bleve/v2/analysis/lang/sv"
	"github.com/blevesearch/bleve/v2/analysis/lang/tr"
	"github.com/blevesearch/bleve/v2/analysis/token/lowercase"
	"github.com/blevesearch/bleve/v2/analysis/tokenizer/unicode"
	"github.com/blevesearch/bleve/v2/registry"
)

// Lexicon cuts text into terms with bleve's analyzers: UAX #29 words, lower
// case, stop words and stems of the language. It needs no index, so that an
// auditor can analyse what a receipt discloses. It implements rank.Lexicon.
type Lexicon struct{}

var _ rank.Lexicon = Lexicon{}

// fieldNames are the languages with an analyzer, and rank.Plain, sorted.
var fieldNames = []string{
	ar.AnalyzerName, da.AnalyzerName, de.AnalyzerName, en.AnalyzerName, es.AnalyzerName, fi.AnalyzerName, fr.AnalyzerName,
	hi.AnalyzerName, hu.AnalyzerName, it.AnalyzerName, nl.AnalyzerName, no.AnalyzerName, pt.AnalyzerName, ro.AnalyzerName,
	ru.AnalyzerName, sv.AnalyzerName, tr.AnalyzerName, rank.Plain,
}

// stemmers replace the last filter of a language's analyzer, where bleve's own
// choice is a light stemmer that leaves short words and verbs as they are: it
// would not find "pompa" by "pompe".
var stemmers = map[string]string{
	es.AnalyzerName: es.SnowballStemmerName,
	fr.AnalyzerName: fr.SnowballStemmerName,
	it.AnalyzerName: it.SnowballStemmerName,
}

// analyzers maps a field to its analyzer. It is filled once and then only read;
// bleve's analyzers hold no state between texts.
var analyzers = func() map[string]analysis.Analyzer {
	cache := registry.NewCache()
	m := make(map[string]analysis.Analyzer)
	for _, f := range fieldNames[:len(fieldNames)-1] {
		a, err := cache.AnalyzerNamed(f)
		if name, ok := stemmers[f]; ok && err == nil {
			filters := a.(*analysis.DefaultAnalyzer).TokenFilters
			filters[len(filters)-1], err = cache.TokenFilterNamed(name)
		}
		if err != nil {
			panic("retrieve: analyzer " + f + ": " + err.Error()) // a broken build, not input
		}
		m[f] = a
	}
	m[rank.Plain] = &analysis.DefaultAnalyzer{
		Tokenizer:    unicode.NewUnicodeTokenizer(),
		TokenFilters: []analysis.TokenFilter{lowercase.NewLowerCaseFilter()},
	}
	return m
}()

// Fields implements rank.Lexicon.
func (Lexicon) Fields() []string { return slices.Clone(fieldNames) }

// Field implements rank.Lexicon: the primary subtag decides.
func (Lexicon) Field(language string) string {
	primary, _, _ := strings.Cut(strings.ToLower(language), "-")
	switch primary {
	case "nb", "nn":
		primary = no.AnalyzerName
	}
	if _, ok := analyzers[primary]; ok {
		return primary
	}
	return rank.Plain
}

// Analyze implements rank.Lexicon.
func (Lexicon) Analyze(field, text string) []rank.Token {
	a, ok := analyzers[field]
	if !ok {
		a = analyzers[rank.Plain]
	}
	stream := a.Analyze([]byte(text))
	out := make([]rank.Token, len(stream))
	for i, t := range stream {
		out[i] = rank.Token{Term: string(t.Term), Start: t.Start, End: t.End}
	}
	return out
}

// fieldIndex returns the place of a field in fieldNames, or -1.
func fieldIndex(name string) int {
	if i, ok := slices.BinarySearch(fieldNames, name); ok {
		return i
	}
	return -1
}
