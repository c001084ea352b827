// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Command qa measures how well dsai finds and quotes answers: it ingests the
// sample library and Go's own documentation, asks the questions of
// questions.json, and prints the figures that README.md defines, beside those of
// bleve's own ranking over the same passages and analyzers.
//
//	go run ./bench/qa [-corpus library,godoc,system] [-split tune|held|held2|held3|all]
//	go run ./bench/qa -tables    # every table of docs/BENCHMARKS.md that is about questions
//
// It is a measuring program: nothing imports it and it decides nothing.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	corpora := flag.String("corpus", "library,godoc", "what to search: library, godoc, system (/usr/share/doc, distractors only)")
	flag.StringVar(&o.split, "split", "tune", "questions to ask: tune, held, held2, held3 or all")
	flag.StringVar(&o.questions, "questions", "bench/qa/questions.json", "file of questions")
	flag.BoolVar(&o.alone, "alone", false, "ask an index of one document: the one that answers, or seems to")
	flag.BoolVar(&o.misses, "misses", false, "print each question that missed and may be looked at")
	tables := flag.Bool("tables", false, "print the tables of docs/BENCHMARKS.md, in Markdown")
	flag.Parse()
	o.corpora = strings.Split(*corpora, ",")
	do := run
	if *tables {
		do = table
	}
	if err := do(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "qa: error:", err)
		os.Exit(1)
	}
}

// options are what the flags say.
type options struct {
	corpora   []string
	split     string
	questions string
	alone     bool
	misses    bool
}
