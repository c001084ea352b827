// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package infertest makes model files whose weights come from a seed, so that tests and benchmarks
// need no download. Such a model speaks no language; its arithmetic is that of a real one.
package infertest

import (
	"encoding/binary"
	"fmt"
	"math"

	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/gguf/gguftest"
	"dsai.example/dsai/internal/verifiable/tensor"
)

// Shape says what to make.
type Shape struct {
	Architecture string // llama, qwen2 or qwen3
	Type         gguf.Type
	Seed         uint64
	Layers       int
	Width        int // a multiple of the type's block
	Inner        int // likewise
	Heads        int
	KeyHeads     int
	Head         int // 0: Width / Heads
	Vocabulary   int
	Context      int
	Base         float32         // of the turns; 0: 10000
	Gain         float64         // of queries and keys, 0: 2; the more, the less a token looks at many
	Tied         bool            // no output matrix of its own
	Extra        []gguftest.Pair // more metadata, such as a vocabulary
	Turns        []float32       // rope_freqs.weight, or nil
}

// Small is a model of a few hundred kilobytes for tests.
func Small(architecture string, t gguf.Type) Shape {
	s := Shape{Architecture: architecture, Type: t, Seed: 1, Layers: 2, Width: 256, Inner: 256, Heads: 4, KeyHeads: 2, Vocabulary: 160, Context: 128}
	if architecture == "qwen3" {
		s.Head = 128 // not Width / Heads
	}
	return s
}

// A Case is a model and the tokens that it is given, for digests of all its logits.
type Case struct {
	Name   string // of one word
	Shape  Shape
	Tokens int
}

// Cases are small models of each architecture and each type of weights, given a few tokens, and then some
// that are given more than two pages of keys and values hold: of each architecture, and with heads of
// queries that share one head of keys, that share none, and whose length no register has.
func Cases() (out []Case) {
	architectures := []string{"llama", "qwen2", "qwen3"}
	for _, a := range architectures {
		for _, t := range []gguf.Type{gguf.F32, gguf.F16, gguf.BF16, gguf.Q8_0, gguf.Q4_0, gguf.Q5_0, gguf.Q4_K, gguf.Q5_K, gguf.Q6_K} {
			out = append(out, Case{a + "/" + t.String(), Small(a, t), 12})
		}
	}
	far := func(name string, s Shape) { out = append(out, Case{"far/" + name, s, 70}) }
	for _, a := range architectures {
		far(a, Small(a, gguf.Q8_0))
	}
	one, each, odd := Small("llama", gguf.Q8_0), Small("llama", gguf.Q8_0), Small("llama", gguf.F32)
	one.KeyHeads, each.KeyHeads, odd.Head = 1, each.Heads, 38
	far("one-key-head", one)
	far("key-head-each", each)
	far("heads-of-38", odd)
	return out
}

// File returns the model's file.
func (s Shape) File() []byte {
	if s.Head == 0 {
		s.Head = s.Width / s.Heads
	}
	if s.Base == 0 {
		s.Base = 10000
	}
	if s.Gain == 0 {
		s.Gain = 2
	}
	r := random(s.Seed)
	return gguftest.File(s.meta(), s.tensors(&r))
}

func (s Shape) meta() []gguftest.Pair {
	p := s.Architecture + "."
	return append([]gguftest.Pair{
		{Key: "general.architecture", Value: s.Architecture},
		{Key: "general.name", Value: fmt.Sprintf("seeded %s %v %d", s.Architecture, s.Type, s.Seed)},
		{Key: p + "block_count", Value: uint32(s.Layers)},
		{Key: p + "embedding_length", Value: uint32(s.Width)},
		{Key: p + "feed_forward_length", Value: uint32(s.Inner)},
		{Key: p + "attention.head_count", Value: uint32(s.Heads)},
		{Key: p + "attention.head_count_kv", Value: uint32(s.KeyHeads)},
		{Key: p + "attention.key_length", Value: uint32(s.Head)},
		{Key: p + "attention.value_length", Value: uint32(s.Head)},
		{Key: p + "attention.layer_norm_rms_epsilon", Value: float32(1e-5)},
		{Key: p + "context_length", Value: uint32(s.Context)},
		{Key: p + "rope.freq_base", Value: s.Base},
	}, s.Extra...)
}

func (s Shape) tensors(r *random) []gguftest.Tensor {
	queries, keys := s.Heads*s.Head, s.KeyHeads*s.Head
	out := []gguftest.Tensor{s.matrix(r, "token_embd.weight", s.Width, s.Vocabulary, 1)}
	add := func(t gguftest.Tensor) { out = append(out, t) }
	for i := range s.Layers {
		p := fmt.Sprintf("blk.%d.", i)
		add(vector(r, p+"attn_norm.weight", s.Width, 1))
		add(s.matrix(r, p+"attn_q.weight", s.Width, queries, s.Gain))
		add(s.matrix(r, p+"attn_k.weight", s.Width, keys, s.Gain))
		add(s.matrix(r, p+"attn_v.weight", s.Width, keys, 1))
		add(s.matrix(r, p+"attn_output.weight", queries, s.Width, 1))
		add(vector(r, p+"ffn_norm.weight", s.Width, 1))
		add(s.matrix(r, p+"ffn_gate.weight", s.Width, s.Inner, 1))
		add(s.matrix(r, p+"ffn_up.weight", s.Width, s.Inner, 1))
		add(s.matrix(r, p+"ffn_down.weight", s.Inner, s.Width, 1))
		if s.Architecture == "qwen2" {
			add(vector(r, p+"attn_q.bias", queries, 0))
			add(vector(r, p+"attn_k.bias", keys, 0))
			add(vector(r, p+"attn_v.bias", keys, 0))
		}
		if s.Architecture == "qwen3" {
			add(vector(r, p+"attn_q_norm.weight", s.Head, 1))
			add(vector(r, p+"attn_k_norm.weight", s.Head, 1))
		}
	}
	add(vector(r, "output_norm.weight", s.Width, 1))
	if !s.Tied {
		add(s.matrix(r, "output.weight", s.Width, s.Vocabulary, 3))
	}
	if s.Turns != nil {
		add(gguftest.Tensor{Name: "rope_freqs.weight", Type: gguf.F32, Shape: []int{len(s.Turns)}, Data: floats(s.Turns)})
	}
	return out
}

// vector is norms and biases: numbers around a mean.
func vector(r *random, name string, n int, mean float32) gguftest.Tensor {
	v := make([]float32, n)
	for i := range v {
		v[i] = mean + float32(r.normal()*0.25)
	}
	return gguftest.Tensor{Name: name, Type: gguf.F32, Shape: []int{n}, Data: floats(v)}
}

func floats(v []float32) []byte {
	var b []byte
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}

// matrix is weights whose products with a normalized vector have about the variance gain².
func (s Shape) matrix(r *random, name string, columns, rows int, gain float64) gguftest.Tensor {
	numbers, size := s.Type.Block()
	deviation := float32(gain / math.Sqrt(float64(columns)))
	data := make([]byte, columns/numbers*rows*size)
	for at := 0; at < len(data); at += size {
		fill(s.Type, data[at:][:size], r, deviation)
	}
	return gguftest.Tensor{Name: name, Type: s.Type, Shape: []int{columns, rows}, Data: data}
}

// Blocks returns n blocks of a type from a seed, of weights with about this deviation.
func Blocks(t gguf.Type, n int, seed uint64, deviation float32) []byte {
	r := random(seed)
	_, size := t.Block()
	data := make([]byte, n*size)
	for at := 0; at < len(data); at += size {
		fill(t, data[at:][:size], &r, deviation)
	}
	return data
}

func fill(t gguf.Type, b []byte, r *random, deviation float32) {
	switch t {
	case gguf.F32:
		binary.LittleEndian.PutUint32(b, math.Float32bits(float32(r.normal()*deviation)))
	case gguf.F16:
		putHalf(b, float32(r.normal()*deviation))
	case gguf.BF16:
		binary.LittleEndian.PutUint16(b, uint16(math.Float32bits(float32(r.normal()*deviation))>>16))
	case gguf.Q8_0: // uniform bytes have the deviation 73.9
		r.bytes(b)
		putHalf(b, float32(deviation/74))
	case gguf.Q4_0: // uniform nibbles: 4.6
		r.bytes(b)
		putHalf(b, float32(deviation/4.6))
	case gguf.Q5_0: // uniform numbers of five bits: 9.2
		r.bytes(b)
		putHalf(b, float32(deviation/9.2))
	case gguf.Q4_K: // factor around 36 times nibble, less about its mean
		fillOffset(b, r, float32(deviation/170), 7.5)
	case gguf.Q5_K:
		fillOffset(b, r, float32(deviation/340), 15.5)
	case gguf.Q6_K: // signed factors of deviation 74 times six bits of deviation 18.5
		r.bytes(b)
		putHalf(b[208:], float32(deviation/1370))
	default:
		panic("infertest: a type that it cannot make")
	}
}

func fillOffset(b []byte, r *random, factor, middle float32) {
	r.bytes(b)
	for j := range 4 { // each offset like its factor, so that the weights lie around 0
		b[8+j] = b[4+j]
		b[12+j] = b[12+j]&15 | b[12+j]<<4
	}
	putHalf(b, factor)
	putHalf(b[2:], float32(factor*middle))
}

func putHalf(b []byte, f float32) { binary.LittleEndian.PutUint16(b, uint16(tensor.ToHalf(f))) }

// random is splitmix64 (Steele, Lea and Flood, OOPSLA 2014): the same numbers everywhere.
type random uint64

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (r *random) bytes(b []byte) {
	for i := range b {
		b[i] = byte(r.next())
	}
}

// normal is nearly normal with deviation 1, and exact in float32: the sum of four 16-bit numbers.
func (r *random) normal() float32 {
	u := r.next()
	sum := int32(u&0xffff) + int32(u>>16&0xffff) + int32(u>>32&0xffff) + int32(u>>48) - 131070
	return float32(float32(sum) * (1.0 / 37837))
}

// Tokens returns n tokens below vocabulary, drawn from the seed.
func Tokens(seed uint64, n, vocabulary int) []int32 {
	r := random(seed)
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(r.next() % uint64(vocabulary))
	}
	return out
}
