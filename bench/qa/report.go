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
		{&t.quoted, o.right && o.coverage >= extract.Threshold},
	} {
		if c.ok {
			*c.n++
		}
	}
}

// report prints the figures of one run, then the curve.
func report(all []outcome) {
	for _, split := range []string{"tune", "held", "held2"} {
		in := slices.DeleteFunc(slices.Clone(all), func(o outcome) bool { return o.Split != split })
		if len(in) > 0 {
			fmt.Printf("\n## %s\n\n", split)
			figures(in)
			curve(in)
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

// curve prints what each threshold lets through.
func curve(all []outcome) {
	fmt.Printf("\nThreshold in force: %d\n\n| threshold | answerable answered | without an answer answered | source withheld answered |\n|---|---|---|---|\n", extract.Threshold)
	for t := 3000; t <= 9000; t += 250 {
		var answered, n, wrong, m, withheld int
		count := func(coverage int, of *int) {
			if coverage >= t {
				*of++
			}
		}
		for _, o := range all {
			if o.Answerable {
				n++
				count(o.coverage, &answered)
				count(o.withheld, &withheld)
			} else {
				m++
				count(o.coverage, &wrong)
			}
		}
		fmt.Printf("| %d | %d of %d | %d of %d | %d of %d |\n", t, answered, n, wrong, m, withheld, n)
	}
}

// describe prints what became of a question, for tuning.
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
