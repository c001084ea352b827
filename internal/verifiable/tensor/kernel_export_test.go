// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"fmt"
	"math"
	"slices"

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

// Quantized prints the blocks that a kernel makes of x.
func Quantized(name string, x []float32, f Form) string {
	a := NewActivation(len(x))
	copy(a.Floats, x)
	for _, k := range tried() {
		if k.Name == name {
			a.quantize(k.id, f)
		}
	}
	return fmt.Sprint(a.small, a.large)
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

// Operations are the names of those that are compared beside the products.
func Operations() (names []string) {
	for _, op := range operations {
		names = append(names, op.name)
	}
	return names
}

// CompareWrongOperation compares a kernel with a portable operation that errs in one bit.
func CompareWrongOperation(name, wrong string) error {
	right := operations
	defer func() { operations = right }()
	operations = slices.Clone(right)
	for i, op := range right {
		if op.name == wrong {
			operations[i].run = func(k kernel, out, a, b []float32) {
				op.run(k, out, a, b)
				if k == portable {
					out[0] = math.Float32frombits(math.Float32bits(out[0]) ^ 1)
				}
			}
		}
	}
	return Compare(name)
}

// CompareOperations compares all operations of a kernel, without the products.
func CompareOperations(name string) error {
	for _, k := range tried() {
		if k.Name == name {
			return compareOperations(k.id)
		}
	}
	return nil
}
