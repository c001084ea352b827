// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/extract"
	"dsai.example/dsai/internal/verifiable/retrieve"
)

// k is how many passages the engine is given.
const k = 10

// outcome is what happened to one question.
type outcome struct {
	question
	hit, bleve bool // a gold quote is in one of the ten passages
	top        bool // in the first of them
	right      bool // a quoted sentence is a gold quote, had it been answered
	first      bool // the first quoted sentence is
	coverage   int  // basis points; -1 when nothing was found
	withheld   int  // the same, when no passage of a gold document may be used
	words      int  // of the question, as the engine counts them
}

// answered reports whether a coverage suffices at a threshold.
func (o outcome) answered(coverage, threshold int) bool {
	return coverage >= 0 && coverage >= extract.Need(threshold, o.words)
}

// run measures one library and prints its figures.
func run(ctx context.Context, o options) error {
	out, passages, err := measure(ctx, o)
	if err != nil {
		return err
	}
	fmt.Printf("corpus %s: %d passages; split %s: %d questions\n", strings.Join(o.corpora, ","), passages, o.split, len(out))
	report(out)
	return nil
}

// measure asks the questions of a split, and says of how many passages.
func measure(ctx context.Context, o options) ([]outcome, int, error) {
	questions, err := readQuestions(o)
	if err != nil {
		return nil, 0, err
	}
	all, err := load(ctx, o.corpora)
	if err != nil {
		return nil, 0, err
	}
	ix, err := build(ctx, all)
	if err != nil {
		return nil, 0, err
	}
	defer ix.close()
	base, err := newBaseline(ctx, all)
	if err != nil {
		return nil, 0, err
	}
	var out []outcome
	for _, q := range questions {
		r, err := ask(ctx, ix, base, all, q, o)
		if err != nil {
			return nil, 0, fmt.Errorf("ask %s: %w", q.ID, err)
		}
		out = append(out, r)
	}
	return out, len(all), nil
}

// pinned is an index with its statistics, in a folder of its own.
type pinned struct {
	*retrieve.Index
	epoch *retrieve.Epoch
	dir   string
}

func (x *pinned) close() { _ = errors.Join(x.Index.Close(), os.RemoveAll(x.dir)) }

func build(ctx context.Context, all []passage) (*pinned, error) {
	dir, err := os.MkdirTemp("", "qa")
	if err != nil {
		return nil, err
	}
	ix, err := retrieve.Create(filepath.Join(dir, "index"))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	x := &pinned{Index: ix, dir: dir}
	var add []retrieve.Passage
	for _, p := range all {
		add = append(add, p.Passage)
	}
	for c := range slices.Chunk(add, 1000) {
		if err == nil {
			err = ix.Apply(ctx, retrieve.Change{Add: c})
		}
	}
	if err == nil {
		x.epoch, err = pin(ctx, ix, filepath.Join(dir, "statistics"))
	}
	if err != nil {
		x.close()
		return nil, err
	}
	return x, nil
}

func pin(ctx context.Context, ix *retrieve.Index, dir string) (*retrieve.Epoch, error) {
	into, err := retrieve.CreateEpochs(dir)
	if err != nil {
		return nil, err
	}
	return ix.Pin(ctx, into, dsai.Salt{})
}

// ask puts one question to both indexes and to the engine.
func ask(ctx context.Context, ix *pinned, base *baseline, all []passage, q question, o options) (outcome, error) {
	out := outcome{question: q}
	sources, err := q.sources(all)
	if err != nil {
		return out, err
	}
	res, a, err := answer(ctx, ix, all, q, func(uint32) string { return "" })
	if err == nil && o.alone {
		res, a, err = answerAlone(ctx, all, q, sources, res)
	}
	if err != nil {
		return out, err
	}
	out.coverage, out.words = coverage(a), len(res.Query.Words)
	for i, h := range res.Hits {
		p := all[h.ID]
		out.hit = out.hit || q.hit(p)
		out.top = out.top || i == 0 && q.hit(p)
	}
	theirs, err := base.search(ctx, q.Question, k)
	if err != nil {
		return out, err
	}
	for _, i := range theirs {
		out.bleve = out.bleve || q.hit(all[i])
	}
	for i, quote := range a.Quotes {
		p := all[res.Hits[quote.N-1].ID]
		right := q.right(p, p.body.Text[quote.Start-p.body.Start:quote.End-p.body.Start])
		out.right = out.right || right
		out.first = out.first || right && i == 0
	}
	if o.misses && !sealed(q.Split) {
		describe(out, a, res.Query.Words)
	}
	if o.alone {
		out.withheld = -1
		return out, nil
	}
	_, a, err = answer(ctx, ix, all, q, func(document uint32) string {
		if slices.Contains(sources, document) {
			return "withheld"
		}
		return ""
	})
	if err != nil {
		return out, err
	}
	out.withheld = coverage(a)
	return out, nil
}

// answer searches and lets the engine answer whatever the coverage: the curve is
// drawn afterwards.
func answer(ctx context.Context, ix *pinned, all []passage, q question, permit func(uint32) string) (*retrieve.Result, *extract.Answer, error) {
	res, err := ix.Search(ctx, ix.epoch, retrieve.Request{Question: q.Question, K: k, Permit: permit})
	if err != nil {
		return nil, nil, err
	}
	in := extract.Input{Question: q.Question, Fields: ix.epoch.Statistics().Fields, DF: ix.epoch.DF, Any: true}
	for _, h := range res.Hits {
		in.Passages = append(in.Passages, extract.Passage{Body: all[h.ID].body, Commitment: all[h.ID].Commitment})
	}
	a, err := extract.Run(retrieve.Lexicon{}, in)
	if refusal := (*dsai.Refusal)(nil); errors.As(err, &refusal) {
		return res, &extract.Answer{}, nil
	}
	return res, a, err
}

// answerAlone asks an index of one document: the first that holds a gold quote
// or, for a question without an answer, that of the first hit in the whole.
func answerAlone(ctx context.Context, all []passage, q question, sources []uint32, whole *retrieve.Result) (*retrieve.Result, *extract.Answer, error) {
	if len(sources) == 0 && len(whole.Hits) > 0 {
		sources = []uint32{whole.Hits[0].Document}
	}
	var one []passage
	for _, p := range all {
		if len(sources) > 0 && p.Document == sources[0] {
			one = append(one, p)
		}
	}
	ix, err := build(ctx, one)
	if err != nil {
		return nil, nil, err
	}
	defer ix.close()
	return answer(ctx, ix, all, q, func(uint32) string { return "" })
}

// coverage returns what decides whether an answer is given, or -1 for none.
func coverage(a *extract.Answer) int {
	if len(a.Quotes) == 0 {
		return -1
	}
	return a.Trace.Coverage
}
