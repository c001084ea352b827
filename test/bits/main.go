// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Command bits prints the SHA-256 of all logits of a few models: one line for each, the same on every
// machine. It runs each model in every way that may not show, with each kernel of the CPU, on one
// thread and two, with prompts in batches of 1, 4, 8 and whole, and fails if two ways differ.
//
//	bits [-few] [-models DIR]
package main

import (
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"sync"

	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/gguf/gguftest"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
	"dsai.example/dsai/internal/verifiable/tensor"
)

var files = []string{"tiny1m-f32.gguf", "tiny1m-q8_0.gguf", "tiny1m-q4_0.gguf"}

func main() {
	few := flag.Bool("few", false, "each thread, batch and kernel once, not with each other: for emulators")
	models := flag.String("models", "", "folder of tiny1m-*.gguf")
	flag.Parse()
	for _, c := range infertest.Cases() {
		show(c.Name, c.Shape.File(), c.Tokens, *few)
	}
	for _, name := range files {
		if *models == "" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(*models, name))
		if err != nil {
			log.Fatalf("bits: %v", err)
		}
		show(name, b, 12, *few)
	}
}

// show prints the digest of a model's logits after each of so many tokens.
func show(name string, file []byte, count int, few bool) {
	f, err := gguf.Open(gguftest.Reader(file))
	if err != nil {
		log.Fatalf("bits: %s: %v", name, err)
	}
	m, err := infer.Load(f)
	if err != nil {
		log.Fatalf("bits: %s: %v", name, err)
	}
	tokens := infertest.Tokens(3, count, m.Vocabulary)
	first := ""
	for i, w := range ways(few, len(tokens)) {
		got, err := w.digest(m, tokens)
		if err != nil {
			log.Fatalf("bits: %s: %v", name, err)
		}
		if i == 0 {
			first = got
		}
		if got != first {
			log.Fatalf("bits: %s: %+v gives %s, and %+v %s", name, w, got, ways(few, len(tokens))[0], first)
		}
	}
	fmt.Println(name, first)
}

// A way to run a model.
type way struct {
	kernel         string
	batch, threads int
}

func ways(few bool, whole int) []way {
	var out []way
	for _, k := range tensor.Kernels() {
		if few {
			out = append(out, way{k.Name, 1, 1}, way{k.Name, 4, 2}, way{k.Name, 8, 1}, way{k.Name, whole, 2})
			continue
		}
		for _, batch := range []int{1, 4, 8, whole} {
			out = append(out, way{k.Name, batch, 1}, way{k.Name, batch, 2})
		}
	}
	return out
}

// digest gives the tokens to a new sequence, a batch at a time.
func (w way) digest(m *infer.Model, tokens []int32) (string, error) {
	if err := tensor.Use(w.kernel); err != nil {
		return "", err
	}
	h, work, s := sha256.New(), m.NewWorkspace(), m.NewSequence()
	for len(tokens) > 0 {
		items := make([]infer.Item, min(w.batch, len(tokens)))
		for i := range items {
			items[i] = infer.Item{Sequence: s, Token: tokens[i], Logits: true}
		}
		results, err := work.Step(items, w.parallel)
		if err != nil {
			return "", err
		}
		for _, r := range results {
			for _, v := range r.Logits {
				h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
			}
		}
		tokens = tokens[len(items):]
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// parallel spreads calls over threads that take what is left, so that the order differs in every run.
func (w way) parallel(n int, f func(i int)) {
	if w.threads == 1 {
		infer.Serial(n, f)
		return
	}
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	var group sync.WaitGroup
	for range w.threads {
		group.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	group.Wait()
}
