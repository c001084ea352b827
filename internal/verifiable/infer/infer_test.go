// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/gguf/gguftest"
	"dsai.example/dsai/internal/verifiable/infer"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
)

var (
	architectures = []string{"llama", "qwen2", "qwen3"}
	types         = []gguf.Type{gguf.F32, gguf.F16, gguf.BF16, gguf.Q8_0, gguf.Q4_0, gguf.Q5_0, gguf.Q4_K, gguf.Q5_K, gguf.Q6_K}
)

// small reports whether to try a part only. Other machines are mostly emulated, and the goldens, which
// are of every type, hold them to the same bits as the one where all is tried.
func small() bool { return slow || testing.Short() || runtime.GOARCH != "amd64" }

var slow bool // see race_test.go

func open(t testing.TB, b []byte) *gguf.File {
	t.Helper()
	f, err := gguf.Open(gguftest.Reader(b))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func load(t testing.TB, f *gguf.File) *infer.Model {
	t.Helper()
	m, err := infer.Load(f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// threads is a Parallel of n goroutines that take what is left, so that the order differs in every run.
func threads(n int) infer.Parallel {
	return func(count int, f func(i int)) {
		next := make(chan int, count)
		for i := range count {
			next <- i
		}
		close(next)
		var group sync.WaitGroup
		for range n {
			group.Go(func() {
				for i := range next {
					f(i)
				}
			})
		}
		group.Wait()
	}
}

// logits gives the tokens to a new sequence, batch at a time, and returns what came after each.
func logits(t testing.TB, m *infer.Model, tokens []int32, batch int, parallel infer.Parallel) [][]float32 {
	t.Helper()
	s := m.NewSequence()
	var out [][]float32
	for len(tokens) > 0 {
		n := min(batch, len(tokens))
		items := make([]infer.Item, n)
		for i := range items {
			items[i] = infer.Item{Sequence: s, Token: tokens[i], Logits: true}
		}
		results, err := m.Step(items, parallel)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			out = append(out, r.Logits)
		}
		tokens = tokens[n:]
	}
	return out
}

func digest(rows [][]float32) string {
	h := sha256.New()
	for _, row := range rows {
		for _, v := range row {
			h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// The engine against the reference: floats closely, quantized weights as well as bytes allow.
func TestReference(t *testing.T) {
	for _, arch := range architectures {
		for _, kind := range types {
			if small() && arch != "llama" {
				continue
			}
			t.Run(arch+"/"+kind.String(), func(t *testing.T) {
				f := open(t, infertest.Small(arch, kind).File())
				m, ref := load(t, f), newReference(t, f)
				tokens := infertest.Tokens(7, 16, m.Vocabulary)
				got := logits(t, m, tokens, 5, infer.Serial)
				limit := 2e-2
				if kind == gguf.F32 || kind == gguf.F16 || kind == gguf.BF16 {
					limit = 1e-5 // what is left are the 16 bits of keys and values
				}
				sum := 0.0
				for i, token := range tokens {
					sum += divergence(ref.step(int(token), i), got[i])
				}
				if mean := sum / float64(len(tokens)); !(mean <= limit) {
					t.Errorf("mean divergence = %.3g nats, want at most %.3g", mean, limit)
				} else {
					t.Logf("mean divergence %.3g nats", mean)
				}
			})
		}
	}
}

const goldens = "testdata/logits.txt"

// The bits of the logits: the same on every machine, for every batch and count of threads.
func TestBits(t *testing.T) {
	want := map[string]string{}
	for line := range strings.Lines(string(read(t, goldens))) {
		name, hash, _ := strings.Cut(strings.TrimSpace(line), " ")
		want[name] = hash
	}
	var fresh bytes.Buffer
	for _, c := range infertest.Cases() {
		m := load(t, open(t, c.Shape.File()))
		fmt.Fprintf(&fresh, "%s %s\n", c.Name, checkBits(t, c.Name, m, infertest.Tokens(3, c.Tokens, m.Vocabulary), want[c.Name]))
	}
	if os.Getenv("DSAI_UPDATE_GOLDEN") != "" && !small() {
		if err := os.WriteFile(goldens, fresh.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil && os.Getenv("DSAI_UPDATE_GOLDEN") == "" {
		t.Fatal(err)
	}
	return b
}

func checkBits(t *testing.T, name string, m *infer.Model, tokens []int32, want string) string {
	t.Helper()
	first := digest(logits(t, m, tokens, 1, infer.Serial))
	if first != want && os.Getenv("DSAI_UPDATE_GOLDEN") == "" {
		t.Errorf("%s: logits of one token at a time = %s, want %s", name, first, want)
	}
	for batch, n := range map[int]int{4: 2, 8: 1, len(tokens): 2} {
		if got := digest(logits(t, m, tokens, batch, threads(n))); got != first {
			t.Errorf("%s: logits with batches of %d and %d threads = %s, want %s", name, batch, n, got, first)
		}
	}
	return first
}

// Tokens of several sequences in one step do not touch each other.
func TestSequencesTogether(t *testing.T) {
	m := load(t, open(t, infertest.Small("llama", gguf.Q4_K).File()))
	a, b := infertest.Tokens(1, 9, m.Vocabulary), infertest.Tokens(2, 9, m.Vocabulary)
	sa, sb := m.NewSequence(), m.NewSequence()
	var gotA, gotB [][]float32
	for i := range a {
		results, err := m.Step([]infer.Item{{sa, a[i], true}, {sb, b[i], true}}, threads(2))
		if err != nil {
			t.Fatal(err)
		}
		gotA, gotB = append(gotA, results[0].Logits), append(gotB, results[1].Logits)
	}
	if digest(gotA) != digest(logits(t, m, a, 1, infer.Serial)) || digest(gotB) != digest(logits(t, m, b, 1, infer.Serial)) {
		t.Error("two sequences in one step give other logits than each alone")
	}
	sa = sa.Copy(4)
	for i, token := range a[4:] {
		results, err := m.Step([]infer.Item{{sa, token, true}}, infer.Serial)
		if err != nil {
			t.Fatal(err)
		}
		if digest([][]float32{results[0].Logits}) != digest([][]float32{gotA[4+i]}) {
			t.Errorf("logits %d after a copy differ", 4+i)
		}
	}
}

// A copy goes on from where it was made as if it had been given all of it, whatever becomes of the first.
func TestCopy(t *testing.T) {
	m := load(t, open(t, infertest.Small("llama", gguf.Q8_0).File()))
	a, b := infertest.Tokens(1, 80, m.Vocabulary), infertest.Tokens(2, 40, m.Vocabulary)
	for _, n := range []int{1, 32, 33, 79} {
		s := m.NewSequence()
		give(t, m, s, a)
		c := s.Copy(n)
		if c.Len() != n || c.Bytes() != m.SequenceBytes(n) {
			t.Errorf("Copy(%d) has %d tokens in %d bytes, want %d", n, c.Len(), c.Bytes(), m.SequenceBytes(n))
		}
		s.Erase()
		if got, want := give(t, m, c, b), give(t, m, m.NewSequence(), slices.Concat(a[:n], b)); got != want {
			t.Errorf("a copy of %d tokens goes on with other logits", n)
		}
		if got, want := give(t, m, s, b), give(t, m, m.NewSequence(), b); got != want {
			t.Error("an erased sequence goes on with other logits than a new one")
		}
	}
}

// give gives the tokens to a sequence and returns the digest of the logits after the last.
func give(t *testing.T, m *infer.Model, s *infer.Sequence, tokens []int32) string {
	t.Helper()
	items := make([]infer.Item, len(tokens))
	for i, token := range tokens {
		items[i] = infer.Item{Sequence: s, Token: token, Logits: i == len(tokens)-1}
	}
	results, err := m.Step(items, infer.Serial)
	if err != nil {
		t.Fatal(err)
	}
	return digest([][]float32{results[len(items)-1].Logits})
}

// A step that fails leaves the sequence as it was.
func TestFailedStep(t *testing.T) {
	m := load(t, open(t, infertest.Small("llama", gguf.Q8_0).File()))
	s := m.NewSequence()
	want := give(t, m, s, []int32{1, 2, 3, 4})
	s = s.Copy(3)
	if _, err := m.Step([]infer.Item{{Sequence: s, Token: 5}, {Sequence: s, Token: -1}}, infer.Serial); err == nil || s.Len() != 3 {
		t.Errorf("a step with a token of -1: %v, then %d tokens, want an error and 3", err, s.Len())
	}
	if got := give(t, m, s, []int32{4}); got != want {
		t.Error("after a failed step the logits are others")
	}
}

// Decoding allocates nothing but pages of the sequence.
func TestNoAllocation(t *testing.T) {
	m := load(t, open(t, infertest.Small("llama", gguf.Q8_0).File()))
	w, s := m.NewWorkspace(), m.NewSequence()
	items := []infer.Item{{Sequence: s, Logits: true}}
	step := func() {
		if _, err := w.Step(items, infer.Serial); err != nil {
			t.Fatal(err)
		}
	}
	for range 30 {
		step()
	}
	items[0].Sequence = s.Copy(5) // so that steps are no larger, and stay within its page
	if n := testing.AllocsPerRun(20, step); n > 0 {
		t.Errorf("a step allocates %v times", n)
	}
}

// A small real model, by others: the loss against the reference on its float weights.
func TestQuality(t *testing.T) {
	sequences := trained(t)
	whole, m := open(t, sharedModel(t, "tiny1m-f32.gguf")), load(t, open(t, sharedModel(t, "tiny1m-q8_0.gguf")))
	if small() {
		sequences = sequences[:1]
	}
	sum, n := 0.0, 0
	for _, tokens := range sequences {
		ref := newReference(t, whole)
		for j, got := range logits(t, m, tokens, 32, threads(2)) {
			sum += divergence(ref.step(int(tokens[j]), j), got)
			n++
		}
	}
	t.Logf("tiny1m Q8_0: mean divergence %.3g nats over %d positions", sum/float64(n), n)
	if len(sequences) > 1 && sum/float64(n) > 1.1e-3 {
		t.Errorf("mean divergence = %.3g, want at most 1.1e-3", sum/float64(n))
	}
}
