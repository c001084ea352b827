// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"math"

	"dsai.example/dsai/internal/verifiable/gguf"
)

// Compare compares a kernel of this CPU with the portable code.
func Compare(name string) error {
	for _, k := range tried() {
		if k.Name == name {
			return compare(k.id)
		}
	}
	return nil
}

// Random makes a matrix of any weights.
func Random(kind gguf.Type, rows, columns int) *Matrix {
	m, err := newMatrix("random", kind, rows, columns)
	if err != nil {
		panic(err)
	}
	s := stream(7)
	part := &Matrix{Rows: min(rows, 3*RowGroup), Columns: columns, rule: m.rule}
	b := s.weights(part)
	for at := 0; at < rows; at += part.Rows {
		if err := m.put(b[:min(part.Rows, rows-at)*m.stride()], at); err != nil {
			panic(err)
		}
	}
	return m
}

// CompareWrong compares a kernel with portable code that errs in one bit of one row.
func CompareWrong(name string, kind gguf.Type) error {
	right := rules[kind]
	defer func() { rules[kind] = right }()
	wrong := right
	wrong.dot = func(group []byte, a *Activation) [RowGroup]float32 {
		acc := right.dot(group, a)
		acc[5] = math.Float32frombits(math.Float32bits(acc[5]) ^ 1)
		return acc
	}
	rules[kind] = wrong
	return Compare(name)
}
