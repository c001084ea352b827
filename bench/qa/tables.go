// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"dsai.example/dsai/internal/verifiable/extract"
	"dsai.example/dsai/internal/verifiable/rank"
)

// table prints every table about questions of docs/BENCHMARKS.md, so that the
// document holds what this program said and nothing else.
func table(ctx context.Context, o options) error {
	o.split, o.misses = "all", false
	libraries := []struct {
		name    string
		corpora []string
		alone   bool
	}{
		{"library and Go documentation, %d passages", []string{"library", "godoc"}, false},
		{"with system documentation, %d passages", []string{"library", "godoc", "system"}, false},
		{"one document alone", []string{"library", "godoc"}, true},
	}
	fmt.Printf("`%s`, `%s`, threshold %d.\n\n", extract.Version, rank.ID, extract.Threshold)
	fmt.Println("| library | split | hit@10 | bleve | right sentence | answerable answered | without an answer answered | source withheld answered |\n|---|---|---|---|---|---|---|---|")
	var plain []outcome // of the first library
	for _, l := range libraries {
		o.corpora, o.alone = l.corpora, l.alone
		all, passages, err := measure(ctx, o)
		if err != nil {
			return err
		}
		if plain == nil {
			plain = all
		}
		name := l.name
		if !l.alone {
			name = fmt.Sprintf(name, passages)
		}
		for _, split := range append([]string{first}, splits...) {
			if some := in(split, all); len(some) > 0 {
				row(name, split, some, l.alone)
			}
		}
	}
	present := []string{first}
	for _, split := range splits {
		if len(in(split, plain)) > 0 {
			present = append(present, split)
		}
	}
	fmt.Print("\nThe curves, library and Go documentation: answerable answered / without an answer answered / source withheld answered.\n\n")
	curve(present, plain)
	generalise(plain)
	return nil
}

func row(name, split string, all []outcome, alone bool) {
	var t tally
	for _, o := range all {
		if o.Answerable {
			t.add(o)
		}
	}
	c := count(all, extract.Threshold)
	share := func(n int) string { return fmt.Sprintf("%.3f", float64(n)/float64(t.n)) }
	hit, bleve, withheld := share(t.hit), share(t.bleve), fmt.Sprintf("%d of %d", c.withheld, c.answerable)
	if alone {
		hit, bleve, withheld = "-", "-", "-"
	}
	fmt.Printf("| %s | %s | %s | %s | %s | %d of %d | %d of %d | %s |\n", name, split, hit, bleve, share(t.right), c.answered, c.answerable, c.wrong, c.without, withheld)
}

// Cross-validation of the threshold, the one number that is fixed on counts.
const (
	folds   = 10
	rounds  = 100
	samples = 2000
	aim     = 83 // percent of the answerable ones that the other folds answer
)

// generalise prints how well a threshold does on questions that it was not fixed
// on, and how far chance alone moves the shares: over exposed splits, with a
// fixed seed.
func generalise(all []outcome) {
	all = slices.DeleteFunc(slices.Clone(all), func(o outcome) bool { return sealed(o.Split) })
	random := rand.New(rand.NewPCG(1, 2))
	var answered, answerable, wrong, without int
	for range rounds {
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for f := range folds {
			var rest, fold []outcome
			for i, o := range all {
				if i%folds == f {
					fold = append(fold, o)
				} else {
					rest = append(rest, o)
				}
			}
			c := count(fold, fix(rest))
			answered, answerable = answered+c.answered, answerable+c.answerable
			wrong, without = wrong+c.wrong, without+c.without
		}
	}
	fmt.Printf("\nThreshold fixed on nine tenths so that %d %% of their answerable questions are answered, applied to the other tenth, %d times over: answered %.1f %% of %d, without an answer %.1f %% of %d.\n",
		aim, rounds, 100*float64(answered)/float64(answerable), answerable/rounds, 100*float64(wrong)/float64(without), without/rounds)
	for _, split := range append([]string{"tune, held, held2"}, splits[:3]...) {
		some := in(split, all)
		if len(some) == 0 {
			some = all
		}
		a, w := bootstrap(random, some)
		fmt.Printf("\n%s at %d, 95 %% of %d resamples: answerable answered %.0f to %.0f %%, without an answer answered %.0f to %.0f %%.\n", split, extract.Threshold, samples, a[0], a[1], w[0], w[1])
	}
}

// fix returns the highest threshold at which enough answerable ones are answered.
func fix(all []outcome) int {
	for t := highest; ; t -= 25 {
		if c := count(all, t); t <= 0 || 100*c.answered >= aim*c.answerable {
			return t
		}
	}
}

// bootstrap returns the 2.5 and 97.5 percent quantiles of both shares, in percent.
func bootstrap(random *rand.Rand, all []outcome) (answered, wrong [2]float64) {
	var a, w []float64
	for range samples {
		var some []outcome
		for range all {
			some = append(some, all[random.IntN(len(all))])
		}
		c := count(some, extract.Threshold)
		a = append(a, 100*float64(c.answered)/float64(max(1, c.answerable)))
		w = append(w, 100*float64(c.wrong)/float64(max(1, c.without)))
	}
	slices.Sort(a)
	slices.Sort(w)
	low, high := samples/40, samples-samples/40-1
	return [2]float64{a[low], a[high]}, [2]float64{w[low], w[high]}
}
