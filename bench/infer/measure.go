// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
	"dsai.example/dsai/internal/verifiable/tensor"
	"dsai.example/dsai/internal/verifiable/token"
)

// printMachine prints what measures, and returns how many GB a second it reads by threads.
func printMachine(o options) map[int]float64 {
	commit, _ := exec.Command("git", "describe", "--always", "--dirty").Output()
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Printf("dsai %s, %s, %s/%s, %d CPUs, load %s\n", strings.TrimSpace(string(commit)), runtime.Version(), runtime.GOOS, runtime.GOARCH,
		runtime.NumCPU(), strings.TrimSpace(string(load)))
	read := map[int]float64{}
	for _, n := range o.threads {
		read[n] = bandwidth(n)
		fmt.Printf("read bandwidth, %d threads: %.1f GB/s\n", n, read[n])
	}
	if o.cpu {
		fmt.Println("tokens per second of CPU time, not of the clock")
	}
	fmt.Printf("best of %d rounds\n\n", o.rounds)
	fmt.Println("| model | vocabulary | measure | threads | tokens/s | llama.cpp | ratio | GB/s | of what it reads |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	return read
}

// bandwidth returns how many GB a second threads read of half a gigabyte each, the best of three loops,
// for a processor may be held up by the work of one of them, and of four times. By the clock: what other
// programs read at that time is missing in it.
func bandwidth(threads int) float64 {
	x := make([][]float32, threads)
	for i := range x {
		x[i] = make([]float32, 1<<27)
		for j := range x[i] {
			x[i][j] = 1
		}
	}
	best := time.Hour
	for range 4 {
		for _, read := range []func(x []float32){
			func(x []float32) { tensor.Finite(x) },
			func(x []float32) { tensor.Sum(x) },
			func(x []float32) { tensor.Dot(x[:len(x)/2], x[len(x)/2:]) },
		} {
			start := time.Now()
			var group sync.WaitGroup
			for i := range x {
				group.Go(func() { read(x[i]) })
			}
			group.Wait()
			best = min(best, time.Since(start))
		}
	}
	return float64(threads) * 4 * (1 << 27) / 1e9 / best.Seconds()
}

// measure writes a model and measures it, ours and theirs in turn.
func measure(o options, path string, s shape, m mixture, theirs *llama) error {
	read, err := s.write(path, m)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	ours, err := load(path)
	if err != nil {
		return err
	}
	if o.decode == 0 {
		o.decode = s.decode
	}
	if o.prefill == 0 {
		o.prefill = s.prefill
	}
	label := fmt.Sprintf("| %s %s | %d |", s.name, m.name, s.vocab)
	for _, threads := range o.threads {
		if err := measureThreads(o, subject{ours, path, theirs, threads, o.cpu}, label, read); err != nil {
			return err
		}
	}
	if slices.Contains(o.only, "requests") {
		if err := measureRequests(o, path, s, m, label); err != nil {
			return err
		}
	}
	if !o.portable {
		return nil
	}
	return measurePortable(o, subject{ours, path, theirs, 1, o.cpu}, label)
}

// measurePortable measures the Go that is no assembly, which is for auditors: fewer tokens, and one thread.
func measurePortable(o options, s subject, label string) error {
	fast := tensor.InUse()
	if err := tensor.Use("portable"); err != nil {
		return err
	}
	defer func() { _ = tensor.Use(fast) }() // it was in use before
	decode, prefill := max(1, o.decode/4), max(1, o.prefill/4)
	our, their, err := s.inTurn(1, func() float64 { return s.decode(decode, 1) }, 0, decode)
	if err != nil {
		return err
	}
	fmt.Printf("%s decode %d, portable Go | 1 | %.2f | %s | | |\n", label, decode, our, beside(our, their))
	our, their, err = s.inTurn(1, func() float64 { return s.prefill(prefill) }, prefill, 0)
	if err != nil {
		return err
	}
	fmt.Printf("%s prefill %d, portable Go | 1 | %.2f | %s | | |\n", label, prefill, our, beside(our, their))
	return nil
}

func load(path string) (*infer.Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	g, err := gguf.Open(f, info.Size())
	if err != nil {
		return nil, err
	}
	return infer.Load(g)
}

// subject is a model and what runs it.
type subject struct {
	ours    *infer.Model
	path    string
	theirs  *llama
	threads int
	cpu     bool
}

func measureThreads(o options, s subject, label string, read int64) error {
	if slices.Contains(o.only, "decode") {
		our, their, err := s.inTurn(o.rounds, func() float64 { return s.decode(o.decode, 1) }, 0, o.decode)
		if err != nil {
			return err
		}
		gigabytes, part := our*float64(read)/1e9, ""
		if !s.cpu { // what the machine reads is by the clock
			part = fmt.Sprintf("%.2f", gigabytes/o.bandwidth[s.threads])
		}
		fmt.Printf("%s decode %d | %d | %.1f | %s | %.1f | %s |\n", label, o.decode, s.threads, our, beside(our, their), gigabytes, part)
	}
	if slices.Contains(o.only, "prefill") {
		our, their, err := s.inTurn(o.rounds, func() float64 { return s.prefill(o.prefill) }, o.prefill, 0)
		if err != nil {
			return err
		}
		fmt.Printf("%s prefill %d | %d | %.1f | %s | | |\n", label, o.prefill, s.threads, our, beside(our, their))
	}
	if slices.Contains(o.only, "together") {
		one, four := 0.0, 0.0
		for range o.rounds {
			one, four = max(one, s.decode(o.decode/2, 1)), max(four, s.decode(o.decode/2, 4))
		}
		fmt.Printf("%s 4 sequences | %d | %.1f | %.2fx of one | | | |\n", label, s.threads, four, four/one)
	}
	if slices.Contains(o.only, "trace") {
		step, link := s.traced(o.decode)
		fmt.Printf("%s trace, %.0f of %.0f µs | %d | | %.2f %% of a step | | | |\n", label, link*1e6, step*1e6, s.threads, 100*link/step)
	}
	return nil
}

// measureRequests measures answers as clients get them: through the engine's queue and batches, drawn, with
// text and trace. Four at once are beside one alone.
func measureRequests(o options, path string, s shape, m mixture, label string) error {
	if _, err := s.write(path, m, infertest.Words(s.vocab)...); err != nil {
		return err
	}
	for _, threads := range o.threads {
		one, four := 0.0, 0.0
		err := func() error {
			e := engine.New(engine.Config{Threads: threads, KeepAlive: -1})
			defer e.Close()
			file, err := engine.OpenFile(path)
			if err != nil {
				return err
			}
			model := e.Add(file, dsai.Digest{})
			if err := model.Load(context.Background(), nil); err != nil {
				return err
			}
			for round := range o.rounds {
				for _, r := range []struct {
					n    int
					best *float64
				}{{1, &one}, {4, &four}} {
					speed, err := requests(o, model, s, 100*round, r.n)
					if err != nil {
						return err
					}
					*r.best = max(*r.best, speed)
				}
			}
			return nil
		}()
		if err != nil {
			return err
		}
		fmt.Printf("%s 4 requests | %d | %.1f | %.2fx of one | | | |\n", label, threads, four, four/one)
	}
	return nil
}

// requests returns how many tokens of answers a second come, from the first question to the last token, of n
// requests that are made at once with prompts of 16 tokens.
func requests(o options, model *engine.Model, s shape, seed, n int) (float64, error) {
	var tokens atomic.Int64
	var group errgroup.Group
	begin := subject{cpu: o.cpu}.now()
	for i := range n {
		group.Go(func() error {
			r := engine.Request{MaxTokens: s.decode, Logprobs: -1, Sampling: infer.Sampling{Seed: uint64(seed + i), Temperature: 0.9, TopP: 0.95}}
			for _, t := range infertest.Tokens(uint64(seed+i), 16, s.vocab-300) {
				r.Prompt = append(r.Prompt, token.ID(t+300)) // a word
			}
			out, err := model.Generate(context.Background(), r, func(engine.Piece) error { return nil })
			if err == nil {
				tokens.Add(int64(len(out.Output)))
			}
			return err
		})
	}
	err := group.Wait()
	return float64(tokens.Load()) / (subject{cpu: o.cpu}.now() - begin).Seconds(), err
}

func beside(our, their float64) string {
	if their == 0 {
		return "| "
	}
	return fmt.Sprintf("%.1f | %.2f", their, our/their)
}

// inTurn returns the best of the rounds.
func (s subject) inTurn(rounds int, f func() float64, prompt, decode int) (our, their float64, err error) {
	for range rounds {
		our = max(our, f())
		if s.theirs == nil {
			continue
		}
		speed, err := s.their(prompt, decode)
		if err != nil {
			return 0, 0, err
		}
		their = max(their, speed)
	}
	return our, their, nil
}

func (s subject) their(prompt, decode int) (float64, error) {
	if s.cpu {
		return s.theirs.speedCPU(s.path, prompt, decode)
	}
	return s.theirs.speed(s.path, s.threads, prompt, decode)
}

// now is the time that counts: that of the clock, or of the CPU.
func (s subject) now() time.Duration {
	if !s.cpu {
		return time.Since(began)
	}
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it knows who asks, and RUSAGE_SELF
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

var began = time.Now()

// decode returns how many tokens a second come of so many sequences, one token each at a time.
func (s subject) decode(tokens, sequences int) float64 {
	w, items := s.ours.NewWorkspace(), make([]infer.Item, sequences)
	for i := range items {
		items[i] = infer.Item{Sequence: s.ours.NewSequence(), Logits: true}
	}
	p := engine.NewPool(s.threads) // ends with the measurement: waiting threads would disturb the next one
	defer p.Close()
	step := func() {
		for i := range items { // as llama-bench does, any token
			items[i].Token = (items[i].Token*31 + int32(i) + 7) % int32(s.ours.Vocabulary)
		}
		if _, err := w.Step(items, p.Parallel); err != nil {
			panic(err) // these weights give numbers
		}
	}
	step() // memory is touched, threads are awake
	start := s.now()
	for range tokens {
		step()
	}
	return float64(tokens*sequences) / (s.now() - start).Seconds()
}

// traced returns the seconds of a step of one token, and those of adding its result to a trace.
func (s subject) traced(tokens int) (step, link float64) {
	w, p := s.ours.NewWorkspace(), engine.NewPool(s.threads)
	defer p.Close()
	items := []infer.Item{{Sequence: s.ours.NewSequence(), Logits: true}}
	tracer := infer.NewTracer([]int32{0}, infer.Sampling{})
	for i := range tokens {
		items[0].Token = infertest.Tokens(uint64(i), 1, s.ours.Vocabulary)[0]
		begin := s.now()
		results, err := w.Step(items, p.Parallel)
		if err != nil {
			panic(err) // these weights give numbers
		}
		stepped := s.now()
		tracer.Add(items[0].Token, results[0])
		step, link = step+(stepped-begin).Seconds(), link+(s.now()-stepped).Seconds()
	}
	return step / float64(tokens), link / float64(tokens)
}

// prefill returns how many tokens of a prompt are taken in a second.
func (s subject) prefill(tokens int) float64 {
	w, p := s.ours.NewWorkspace(), engine.NewPool(s.threads)
	defer p.Close()
	run := func() float64 {
		sequence := s.ours.NewSequence()
		items := make([]infer.Item, tokens)
		for i, token := range infertest.Tokens(1, tokens, s.ours.Vocabulary) {
			items[i] = infer.Item{Sequence: sequence, Token: token, Logits: i == tokens-1}
		}
		start := s.now()
		if _, err := w.Step(items, p.Parallel); err != nil {
			panic(err)
		}
		return float64(tokens) / (s.now() - start).Seconds()
	}
	run() // memory is touched; llama-bench does so too
	return run()
}
