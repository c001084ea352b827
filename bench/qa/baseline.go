// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"strconv"

	"dsai.example/dsai/internal/verifiable/retrieve"
	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/custom"
	"github.com/blevesearch/bleve/v2/analysis/lang/es"
	"github.com/blevesearch/bleve/v2/analysis/lang/fr"
	"github.com/blevesearch/bleve/v2/analysis/lang/it"
	"github.com/blevesearch/bleve/v2/analysis/token/lowercase"
	"github.com/blevesearch/bleve/v2/analysis/tokenizer/unicode"
	"github.com/blevesearch/bleve/v2/search/query"
)

// baseline is the same passages in a bleve index as its manual would make one:
// one text field for each language, BM25.
type baseline struct{ bleve.Index }

func newBaseline(ctx context.Context, all []passage) (*baseline, error) {
	m := bleve.NewIndexMapping()
	m.ScoringModel = "bm25"
	own := map[string][]any{
		"es": {lowercase.Name, es.StopName, es.NormalizeName, es.SnowballStemmerName},
		"fr": {lowercase.Name, fr.ElisionName, fr.StopName, fr.SnowballStemmerName},
		"it": {lowercase.Name, it.ElisionName, it.StopName, it.SnowballStemmerName},
		"xx": {lowercase.Name},
	}
	for _, f := range (retrieve.Lexicon{}).Fields() {
		analyzer := f
		if filters, ok := own[f]; ok {
			analyzer = "own_" + f
			if err := m.AddCustomAnalyzer(analyzer, map[string]any{"type": custom.Name, "tokenizer": unicode.Name, "token_filters": filters}); err != nil {
				return nil, err
			}
		}
		field := bleve.NewTextFieldMapping()
		field.Analyzer, field.Store, field.IncludeTermVectors, field.IncludeInAll, field.DocValues = analyzer, false, false, false, false
		m.DefaultMapping.AddFieldMappingsAt(f, field)
	}
	ix, err := bleve.NewMemOnly(m)
	if err != nil {
		return nil, err
	}
	batch := ix.NewBatch()
	for i, p := range all {
		if err := batch.Index(strconv.Itoa(i), map[string]string{p.Field: p.Text}); err != nil {
			return nil, err
		}
		if batch.Size() == 1000 || i == len(all)-1 {
			if err := ix.Batch(batch); err != nil {
				return nil, err
			}
			batch.Reset()
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return &baseline{ix}, nil
}

// search returns the numbers of the k best passages.
func (b *baseline) search(ctx context.Context, text string, k int) ([]int, error) {
	var each []query.Query
	for _, f := range (retrieve.Lexicon{}).Fields() {
		q := bleve.NewMatchQuery(text)
		q.SetField(f)
		each = append(each, q)
	}
	res, err := b.SearchInContext(ctx, bleve.NewSearchRequestOptions(bleve.NewDisjunctionQuery(each...), k, 0, false))
	if err != nil {
		return nil, err
	}
	var out []int
	for _, h := range res.Hits {
		n, err := strconv.Atoi(h.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}
