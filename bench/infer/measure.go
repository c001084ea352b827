// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
	"dsai.example/dsai/internal/verifiable/tensor"
)

func printMachine(o options) {
	commit, _ := exec.Command("git", "describe", "--always", "--dirty").Output()
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Printf("dsai %s, %s, %s/%s, %d CPUs, load %s\n", strings.TrimSpace(string(commit)), runtime.Version(), runtime.GOOS, runtime.GOARCH,
		runtime.NumCPU(), strings.TrimSpace(string(load)))
	for _, n := range o.threads {
		fmt.Printf("read bandwidth, %d threads: %.1f GB/s\n", n, bandwidth(n))
	}
	if o.cpu {
		fmt.Println("tokens per second of CPU time, not of the clock")
	}
	fmt.Printf("decode %d, prefill %d, best of %d rounds\n\n", o.decode, o.prefill, o.rounds)
	fmt.Println("| model | vocabulary | measure | threads | tokens/s | llama.cpp | ratio | GB/s |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
}

// bandwidth returns how many GB a second threads read of half a gigabyte each, the best of four times.
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
		start := time.Now()
		var group sync.WaitGroup
		for i := range x {
			group.Go(func() { tensor.Finite(x[i]) })
		}
		group.Wait()
		best = min(best, time.Since(start))
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
	label := fmt.Sprintf("| %s %s | %d |", s.name, m.name, s.vocab)
	for _, threads := range o.threads {
		if err := measureThreads(o, subject{ours, path, theirs, threads, o.cpu}, label, read); err != nil {
			return err
		}
	}
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
		fmt.Printf("%s decode | %d | %.1f | %s | %.1f |\n", label, s.threads, our, beside(our, their), our*float64(read)/1e9)
	}
	if slices.Contains(o.only, "prefill") {
		our, their, err := s.inTurn(o.rounds, func() float64 { return s.prefill(o.prefill) }, o.prefill, 0)
		if err != nil {
			return err
		}
		fmt.Printf("%s prefill | %d | %.1f | %s | |\n", label, s.threads, our, beside(our, their))
	}
	if slices.Contains(o.only, "together") {
		one, four := 0.0, 0.0
		for range o.rounds {
			one, four = max(one, s.decode(o.decode/2, 1)), max(four, s.decode(o.decode/2, 4))
		}
		fmt.Printf("%s 4 sequences | %d | %.1f | %.2fx of one | | |\n", label, s.threads, four, four/one)
	}
	return nil
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
