// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/gguf/gguftest"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
)

// A shape is a llama model without a language: what it takes to run it is that of a real one.
type shape struct {
	name                                         string
	layers, width, inner, heads, keyHeads, vocab int
	tied                                         bool
	decode, prefill                              int // tokens to measure, for a run of all in minutes
}

// shapes are near SmolLM2-135M, Qwen2-0.5B and TinyLlama, with widths that K-quants can have.
var shapes = []shape{
	{"135M", 18, 768, 2048, 12, 4, 32000, true, 64, 512},
	{"0.5B", 26, 1024, 4864, 16, 4, 32000, true, 48, 512},
	{"1.1B", 22, 2048, 5632, 32, 4, 32000, false, 32, 512},
}

// A mixture says which type each tensor has.
type mixture struct {
	name string
	of   func(tensor string, layer, layers int) gguf.Type
}

var mixtures = []mixture{
	{"Q8_0", func(string, int, int) gguf.Type { return gguf.Q8_0 }},
	{"Q4_0", mixQ4},
	{"Q4_K_M", mixQ4KM},
}

// mixQ4 keeps the output finer, as llama.cpp does.
func mixQ4(tensor string, _, _ int) gguf.Type {
	if tensor == "output" {
		return gguf.Q6_K
	}
	return gguf.Q4_0
}

// mixQ4KM is the mixture of llama.cpp's use_more_bits: finer where it matters most.
func mixQ4KM(tensor string, layer, layers int) gguf.Type {
	more := layer < layers/8 || layer >= 7*layers/8 || (layer-layers/8)%3 == 2
	if tensor == "output" || more && (tensor == "attn_v" || tensor == "ffn_down") {
		return gguf.Q6_K
	}
	return gguf.Q4_K
}

// write writes the model to a file and returns how many bytes a token reads: all but the rows of the
// embedding, unless that is the output too. Without words the model has no vocabulary.
func (s shape) write(path string, m mixture, words ...gguftest.Pair) (read int64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	tensors := s.tensors(m)
	for _, t := range tensors {
		if s.tied || t.Name != "token_embd.weight" {
			read += int64(len(t.Data))
		}
	}
	b := bufio.NewWriterSize(f, 1<<20)
	if err := gguftest.Write(b, s.meta(m, words), tensors); err != nil {
		return 0, err
	}
	if err := b.Flush(); err != nil {
		return 0, err
	}
	return read, f.Close()
}

func (s shape) meta(m mixture, words []gguftest.Pair) []gguftest.Pair {
	if words == nil {
		words = []gguftest.Pair{{Key: "tokenizer.ggml.model", Value: "no_vocab"}}
	}
	return append([]gguftest.Pair{
		{Key: "general.architecture", Value: "llama"},
		{Key: "general.name", Value: s.name + " " + m.name},
		{Key: "llama.block_count", Value: uint32(s.layers)},
		{Key: "llama.embedding_length", Value: uint32(s.width)},
		{Key: "llama.feed_forward_length", Value: uint32(s.inner)},
		{Key: "llama.attention.head_count", Value: uint32(s.heads)},
		{Key: "llama.attention.head_count_kv", Value: uint32(s.keyHeads)},
		{Key: "llama.attention.layer_norm_rms_epsilon", Value: float32(1e-5)},
		{Key: "llama.context_length", Value: uint32(2048)},
		{Key: "llama.vocab_size", Value: uint32(s.vocab)},
	}, words...)
}

func (s shape) tensors(m mixture) []gguftest.Tensor {
	w := writer{pools: map[gguf.Type][]byte{}}
	keys := s.width / s.heads * s.keyHeads
	embedding := "token_embd"
	if s.tied {
		embedding = "output" // it is both, and has the finer type
	}
	w.matrix("token_embd", m.of(embedding, 0, s.layers), s.width, s.vocab)
	for i := range s.layers {
		add := func(name string, columns, rows int) {
			w.matrix(fmt.Sprintf("blk.%d.%s", i, name), m.of(name, i, s.layers), columns, rows)
		}
		w.ones(fmt.Sprintf("blk.%d.attn_norm", i), s.width)
		add("attn_q", s.width, s.width)
		add("attn_k", s.width, keys)
		add("attn_v", s.width, keys)
		add("attn_output", s.width, s.width)
		w.ones(fmt.Sprintf("blk.%d.ffn_norm", i), s.width)
		add("ffn_gate", s.width, s.inner)
		add("ffn_up", s.width, s.inner)
		add("ffn_down", s.inner, s.width)
	}
	w.ones("output_norm", s.width)
	if !s.tied {
		w.matrix("output", m.of("output", 0, s.layers), s.width, s.vocab)
	}
	return w.tensors
}

// writer collects tensors. Those of one type share a pool of random blocks, so that a model of a
// gigabyte takes seconds to make and little memory.
type writer struct {
	tensors []gguftest.Tensor
	pools   map[gguf.Type][]byte
}

func (w *writer) matrix(name string, t gguf.Type, columns, rows int) {
	numbers, size := t.Block()
	n := columns / numbers * rows * size
	pool := w.pools[t]
	for len(pool) < n+len(w.tensors)*size {
		pool = append(pool, infertest.Blocks(t, 1<<16, uint64(len(pool)), 0.02)...)
	}
	w.pools[t] = pool
	w.tensors = append(w.tensors, gguftest.Tensor{Name: name + ".weight", Type: t, Shape: []int{columns, rows}, Data: pool[len(w.tensors)*size:][:n]})
}

func (w *writer) ones(name string, n int) {
	data := []byte(strings.Repeat("\x00\x00\x80\x3f", n)) // 1, little endian
	w.tensors = append(w.tensors, gguftest.Tensor{Name: name + ".weight", Type: gguf.F32, Shape: []int{n}, Data: data})
}
