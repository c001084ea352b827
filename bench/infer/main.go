// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

// Command infer measures the inference of package infer beside llama.cpp's, on the same model files,
// in turn. The models are llama models whose weights come from a seed. DSAI_LLAMA_CPP is the folder of
// llama.cpp's programs, of which it runs llama-bench; without it only ours is measured. Each row is
// printed as soon as it is known.
//
//	DSAI_LLAMA_CPP=…/build/bin go run ./bench/infer
//	go run ./bench/infer -models 135M -types Q8_0 -vocabularies 32000 -profile cpu.out -only decode
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
)

// options is what to measure.
type options struct {
	models, types, vocabularies, only []string
	threads                           []int
	rounds, decode, prefill           int
	dir, profile                      string
	cpu                               bool
	bandwidth                         map[int]float64 // by threads, GB/s
	portable                          bool            // measure portable Go too
}

func main() {
	var o options
	models := flag.String("models", "135M,0.5B,1.1B", "sizes")
	types := flag.String("types", "Q8_0,Q4_0,Q4_K_M", "types")
	vocabularies := flag.String("vocabularies", "32000,128000", "sizes of the vocabulary")
	only := flag.String("only", "decode,prefill,together,requests,trace,portable", "measures; together is several sequences in one step, requests several clients of the engine, portable is our Go without assembly, on the first model alone")
	threads := flag.String("threads", "1,2", "numbers of threads")
	flag.IntVar(&o.rounds, "rounds", 2, "times in turn; the best of each counts")
	flag.IntVar(&o.decode, "decode", 0, "tokens, one by one (default: by the size of the model)")
	flag.IntVar(&o.prefill, "prefill", 0, "tokens at once (default: by the size of the model)")
	flag.StringVar(&o.dir, "dir", "", "where to put the models (default: a temporary folder)")
	flag.StringVar(&o.profile, "profile", "", "write a CPU profile of our part")
	flag.BoolVar(&o.cpu, "cpu", false, "tokens per second of CPU time, on one thread: for a machine that others use too")
	flag.Parse()
	o.models, o.types, o.vocabularies, o.only = list(*models), list(*types), list(*vocabularies), list(*only)
	for _, t := range list(*threads) {
		n, err := strconv.Atoi(t)
		if err != nil || n < 1 {
			log.Fatalf("bench infer: %q is no number of threads", t)
		}
		o.threads = append(o.threads, n)
	}
	if o.cpu {
		o.threads = []int{1} // waiting threads spin
	}
	if err := run(o); err != nil {
		log.Fatalf("bench infer: %v", err)
	}
}

func list(s string) []string { return strings.Split(s, ",") }

func run(o options) error {
	dir, err := os.MkdirTemp(o.dir, "dsai-bench-infer-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if o.profile != "" {
		f, err := os.Create(o.profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	theirs := findLlama()
	o.bandwidth = printMachine(o)
	first := true
	for _, s := range shapes {
		for _, m := range mixtures {
			for _, v := range o.vocabularies {
				if !slices.Contains(o.models, s.name) || !slices.Contains(o.types, m.name) {
					continue
				}
				if s.vocab, err = strconv.Atoi(v); err != nil {
					return err
				}
				o.portable, first = first && slices.Contains(o.only, "portable"), false
				if err := measure(o, filepath.Join(dir, "model.gguf"), s, m, theirs); err != nil {
					return fmt.Errorf("%s %s: %w", s.name, m.name, err)
				}
			}
		}
	}
	if theirs != nil {
		fmt.Println(theirs.describe())
	}
	return nil
}
