// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package gguftest writes GGUF files: for tests, and for the generators of models whose weights
// come from a seed. It writes what it is told, lies included, so that readers can be tried on them.
package gguftest

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"

	"dsai.example/dsai/internal/verifiable/gguf"
)

const alignment = 32

// Pair is an entry of the metadata. Value is a string, bool, uint32, int32, uint64, float32,
// []string, []float32 or []int32.
type Pair struct {
	Key   string
	Value any
}

// Tensor is a tensor with its bytes.
type Tensor struct {
	Name  string
	Type  gguf.Type
	Shape []int
	Data  []byte
}

// File returns the bytes of a GGUF file, version 3.
func File(meta []Pair, tensors []Tensor) []byte {
	var b bytes.Buffer
	_ = Write(&b, meta, tensors) // a buffer takes everything
	return b.Bytes()
}

// Write writes the file without holding it in memory. Tensors may share their bytes.
func Write(w io.Writer, meta []Pair, tensors []Tensor) error {
	if _, err := w.Write(header(meta, tensors)); err != nil {
		return err
	}
	for _, t := range tensors {
		if _, err := w.Write(t.Data); err != nil {
			return err
		}
		if _, err := w.Write(make([]byte, padding(len(t.Data)))); err != nil {
			return err
		}
	}
	return nil
}

func header(meta []Pair, tensors []Tensor) []byte {
	b := []byte("GGUF")
	b = binary.LittleEndian.AppendUint32(b, 3)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(tensors)))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(meta)))
	for _, p := range meta {
		b = appendText(b, p.Key)
		b = appendValue(b, p.Value)
	}
	at := 0
	for _, t := range tensors {
		b = appendText(b, t.Name)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(t.Shape)))
		for _, d := range t.Shape {
			b = binary.LittleEndian.AppendUint64(b, uint64(d))
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(t.Type))
		b = binary.LittleEndian.AppendUint64(b, uint64(at))
		at += len(t.Data) + padding(len(t.Data))
	}
	return append(b, make([]byte, padding(len(b)))...)
}

// padding returns how many bytes are missing after n.
func padding(n int) int { return -n & (alignment - 1) }

func appendText(b []byte, s string) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(len(s)))
	return append(b, s...)
}

func appendValue(b []byte, v any) []byte {
	kind := func(k uint32) []byte { return binary.LittleEndian.AppendUint32(b, k) }
	switch v := v.(type) {
	case uint32:
		return binary.LittleEndian.AppendUint32(kind(4), v)
	case int32:
		return binary.LittleEndian.AppendUint32(kind(5), uint32(v))
	case float32:
		return binary.LittleEndian.AppendUint32(kind(6), math.Float32bits(v))
	case bool:
		return append(kind(7), map[bool]byte{true: 1}[v])
	case string:
		return appendText(kind(8), v)
	case uint64:
		return binary.LittleEndian.AppendUint64(kind(10), v)
	case []string:
		return appendList(b, 8, v, appendText)
	case []float32:
		return appendList(b, 6, v, func(b []byte, f float32) []byte {
			return binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
		})
	case []int32:
		return appendList(b, 5, v, func(b []byte, i int32) []byte {
			return binary.LittleEndian.AppendUint32(b, uint32(i))
		})
	}
	panic("gguftest: a metadata value of another type")
}

func appendList[T any](b []byte, kind uint32, list []T, one func([]byte, T) []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, 9)
	b = binary.LittleEndian.AppendUint32(b, kind)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(list)))
	for _, v := range list {
		b = one(b, v)
	}
	return b
}

// Reader returns the file for gguf.Open.
func Reader(b []byte) (*bytes.Reader, int64) { return bytes.NewReader(b), int64(len(b)) }
