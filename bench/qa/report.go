// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"dsai.example/dsai/internal/verifiable/extract"
	"dsai.example/dsai/internal/verifiable/rank"
)

// tally counts outcomes of answerable questions.
type tally struct{ n, hit, bleve, top, right, first, quoted int }

func (t *tally) add(o outcome) {
	t.n++
	for _, c := range []struct {
		n  *int
		ok bool
	}{
		{&t.hit, o.hit}, {&t.bleve, o.bleve}, {&t.top, o.top}, {&t.right, o.right}, {&t.first, o.first},
		{&t.quoted, o.right && o.answered(o.coverage, extract.Threshold)},
	} {
		if c.ok {
			*c.n++
		}
	}
}

// splits are in the order in which they were written. Those before held3 have
// been looked at while the engine was made; see README.md.
var splits = []string{"tune", "held", "held2", "held3"}

// sealed reports whether nobody may look at single questions of a split.
func sealed(split string) bool { return split == "held3" }

// first stands for the questions that were committed before there was anything to
// tune, of tune and held together: those that the targets were set for.
const first = "the first 125"

// in returns the outcomes of one split, or of the first 125.
func in(split string, all []outcome) []outcome {
	return slices.DeleteFunc(slices.Clone(all), func(o outcome) bool {
		if split == first {
			return !o.early()
		}
		return o.Split != split
	})
}

// report prints the figures of one run, then the curve.
func report(all []outcome) {
	for _, split := range splits {
		if some := in(split, all); len(some) > 0 {
			fmt.Printf("\n## %s\n\n", split)
			figures(some)
			fmt.Printf("\nThreshold in force: %d\n\n", extract.Threshold)
			curve([]string{split}, some)
		}
	}
}

func figures(all []outcome) {
	rows := map[string]*tally{}
	for _, o := range all {
		if !o.Answerable {
			continue
		}
		for _, key := range []string{"all", "corpus " + o.Corpus, "language " + o.Lang} {
			if rows[key] == nil {
				rows[key] = &tally{}
			}
			rows[key].add(o)
		}
	}
	var keys []string
	for key := range rows {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	fmt.Println("| questions | n | hit@10 | bleve hit@10 | hit@1 | right sentence | of them first | right at the threshold |\n|---|---|---|---|---|---|---|---|")
	for _, key := range keys {
		t := rows[key]
		share := func(n int) string { return fmt.Sprintf("%.3f", float64(n)/float64(t.n)) }
		fmt.Printf("| %s | %d | %s | %s | %s | %s | %s | %s |\n", key, t.n, share(t.hit), share(t.bleve), share(t.top), share(t.right), share(t.first), share(t.quoted))
	}
}

// counts are how many questions were answered at a threshold.
type counts struct{ answered, answerable, wrong, without, withheld int }

func count(all []outcome, threshold int) (c counts) {
	one := func(o outcome, coverage int) int {
		if o.answered(coverage, threshold) {
			return 1
		}
		return 0
	}
	for _, o := range all {
		if o.Answerable {
			c.answerable++
			c.answered += one(o, o.coverage)
			c.withheld += one(o, o.withheld)
		} else {
			c.without++
			c.wrong += one(o, o.coverage)
		}
	}
	return c
}

// Thresholds that curves show.
const (
	lowest  = 3400
	highest = 6400
	step    = 200
)

// curve prints what each threshold lets through of some splits.
func curve(of []string, all []outcome) {
	fmt.Print("| threshold |")
	for _, split := range of {
		c := count(in(split, all), 0)
		fmt.Printf(" %s (of %d / %d / %d) |", split, c.answerable, c.without, c.answerable)
	}
	fmt.Println("\n|---|" + strings.Repeat("---|", len(of)))
	for t := lowest; t <= highest; t += step {
		mark := ""
		if t == extract.Threshold {
			mark = "**"
		}
		fmt.Printf("| %s%d%s |", mark, t, mark)
		for _, split := range of {
			c := count(in(split, all), t)
			fmt.Printf(" %d / %d / %d |", c.answered, c.wrong, c.withheld)
		}
		fmt.Println()
	}
}

// describe prints what became of a question that missed, for tuning.
func describe(o outcome, a *extract.Answer, words []rank.Word) {
	if o.Answerable && o.right && o.hit {
		return
	}
	fmt.Printf("\n%s answerable %v hit %v bleve %v right %v coverage %d: %s\n", o.ID, o.Answerable, o.hit, o.bleve, o.right, o.coverage, o.question.Question)
	for _, w := range words {
		fmt.Printf("  %s:%.1f", w.Text, float64(w.IDF("en"))/rank.One)
	}
	fmt.Println()
	for _, g := range o.Gold {
		fmt.Printf("  gold %s: %s\n", g.Document, g.Quote)
	}
	fmt.Println("  " + strings.ReplaceAll(a.Text, "\n", "\n  "))
}
