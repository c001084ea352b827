// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/gguf/gguftest"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
	"dsai.example/dsai/internal/verifiable/tensor"
	"dsai.example/dsai/internal/verifiable/token"
)

const poison = 7 // a token that makes the model below leave the range of numbers

// poisoned is a model in which one direction of the hidden state, which only the poison has, overflows.
func poisoned(t *testing.T) string {
	t.Helper()
	s := small()
	s.Type = gguf.F32
	file := s.File()
	f, err := gguf.Open(gguftest.Reader(file))
	if err != nil {
		t.Fatal(err)
	}
	set := func(name string, row, column int, v float32) {
		tensor, _ := f.Tensor(name)
		data := make([]byte, tensor.Size)
		if err := f.ReadTensor(tensor, data, 0); err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(file, data) + 4*(row*tensor.Columns()+column)
		binary.LittleEndian.PutUint32(file[at:], math.Float32bits(v))
	}
	for row := range s.Vocabulary {
		set("token_embd.weight", row, 5, 0)
	}
	set("token_embd.weight", poison, 5, 1000)
	for column := range s.Width {
		set("blk.0.attn_output.weight", 5, column, 0)
	}
	set("blk.0.ffn_gate.weight", 0, 5, 3e37)
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := os.WriteFile(path, file, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// A request whose numbers overflow fails; those beside it in the same steps do not notice.
func TestFaultStaysAlone(t *testing.T) {
	e := engine.New(engine.Config{Threads: 2})
	defer e.Close()
	m := add(t, e, poisoned(t))
	healthy := func(i int) engine.Request {
		r := request(uint64(i+1), 10, 60)
		for j, id := range r.Prompt {
			if id == poison {
				r.Prompt[j]++
			}
		}
		r.Sampling.Temperature = 0
		return r
	}
	var want []*engine.Result
	for i := range 4 {
		want = append(want, generate(t, m, healthy(i)))
	}
	var group sync.WaitGroup
	for i, w := range want {
		group.Go(func() {
			if got := generate(t, m, healthy(i)); !bytes.Equal(got.Trace.JSON(), w.Trace.JSON()) {
				t.Errorf("request %d beside failing ones differs", i)
			}
		})
	}
	for range 4 {
		r := healthy(9)
		r.Prompt = append(r.Prompt, poison, token.ID(20))
		got, err := m.Generate(t.Context(), r, func(engine.Piece) error { return nil })
		if !errors.Is(err, tensor.ErrNotFinite) || got.Finish != engine.Cancelled || len(got.Output) != 0 {
			t.Errorf("Generate of a prompt that overflows = %+v, %v, want ErrNotFinite", got, err)
		}
	}
	group.Wait()
	if s := m.Status(); s.Running != 0 || s.Held != 0 {
		t.Errorf("Status after faults = %+v", s)
	}
}

// withWords gives a file without a vocabulary one.
func withWords(t *testing.T, b []byte) []byte {
	t.Helper()
	f, err := gguf.Open(gguftest.Reader(b))
	if err != nil {
		t.Fatal(err)
	}
	pairs := infertest.Words(512)
	for _, key := range f.Keys() {
		if strings.HasPrefix(key, "tokenizer.") {
			continue
		}
		if v, err := f.Text(key); err == nil {
			pairs = append(pairs, gguftest.Pair{Key: key, Value: v})
		} else if v, err := f.Int(key, 0, 1<<30); err == nil {
			pairs = append(pairs, gguftest.Pair{Key: key, Value: uint32(v)})
		} else if v, err := f.Float(key); err == nil {
			pairs = append(pairs, gguftest.Pair{Key: key, Value: float32(v)})
		}
	}
	var tensors []gguftest.Tensor
	for _, entry := range f.Tensors() {
		data := make([]byte, entry.Size)
		if err := f.ReadTensor(&entry, data, 0); err != nil {
			t.Fatal(err)
		}
		tensors = append(tensors, gguftest.Tensor{Name: entry.Name, Type: entry.Type, Shape: entry.Shape, Data: data})
	}
	return gguftest.File(pairs, tensors)
}

// A small real model, whose file has no vocabulary: its answers, through files, threads and batches,
// replay in every type.
func TestTiny(t *testing.T) {
	e := engine.New(engine.Config{Threads: 2})
	defer e.Close()
	for _, name := range []string{"f32", "q8_0", "q4_0"} {
		b, err := os.ReadFile(filepath.FromSlash("../../../../shared/models/tiny1m/tiny1m-" + name + ".gguf"))
		if err != nil {
			t.Skip("SKIPPED: no ../shared/models beside this checkout")
		}
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, withWords(t, b), 0o666); err != nil {
			t.Fatal(err)
		}
		m := add(t, e, path)
		r := engine.Request{Prompt: []token.ID{1, 300, 301, 302}, MaxTokens: 100, Logprobs: -1}
		got := generate(t, m, r)
		if err := m.Replay(t.Context(), r.Prompt, got.Trace); err != nil || len(got.Output) < 2 || m.Parameters != 935_040 {
			t.Errorf("%s: Replay = %v, %d tokens, %d parameters", name, err, len(got.Output), m.Parameters)
		}
	}
}

// The texts of a file are a stranger's.
func FuzzOpenFile(f *testing.F) {
	s := infertest.Shape{Architecture: "llama", Type: gguf.F32, Seed: 1, Layers: 1, Width: 4, Inner: 4, Heads: 1, KeyHeads: 1, Vocabulary: 300, Context: 8,
		Extra: infertest.Words(300)}
	whole := s.File()
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add([]byte("GGUF"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		file, err := engine.OpenFile(path)
		if err != nil {
			return
		}
		if file.Size != int64(len(b)) || file.Context < 1 || file.Weights < 1 || file.Weights > 2*tensor.RowGroup*file.Size || file.PerToken <= 0 {
			t.Errorf("OpenFile = %+v of %d bytes", file.Info, len(b))
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
}
