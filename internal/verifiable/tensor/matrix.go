// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"fmt"

	"dsai.example/dsai/internal/verifiable/gguf"
)

// RowGroup is how many rows are computed together: work on a matrix is split at its multiples.
const RowGroup = 16

// A Matrix is weights as they stand in the model file, row after row, each of whole blocks.
type Matrix struct {
	Name    string
	Type    gguf.Type
	Rows    int
	Columns int

	data   []byte
	stride int // bytes of a row
	rule   rule
}

// A rule is what a type of weights means.
type rule struct {
	form   Form
	check  func(block []byte) bool // whether its factors are numbers
	widen  func(dst []float32, block []byte)
	dot    func(row []byte, a *Activation) float32
	number int // of weights in a block
	bytes  int
}

var rules = map[gguf.Type]rule{
	gguf.F32:  {form: Whole, check: finiteF32, widen: widenF32, dot: dotF32},
	gguf.F16:  {form: Whole, check: finiteHalf, widen: widenF16, dot: dotF16},
	gguf.BF16: {form: Whole, check: finiteBF16, widen: widenBF16, dot: dotBF16},
	gguf.Q8_0: {form: Small, check: finiteHalf, widen: widenQ8, dot: dotQ8},
	gguf.Q4_0: {form: Small, check: finiteHalf, widen: widenQ4, dot: dotQ4},
	gguf.Q4_K: {form: Large, check: finiteTwoHalves, widen: widenQ4K, dot: dotQ4K},
	gguf.Q5_K: {form: Large, check: finiteTwoHalves, widen: widenQ5K, dot: dotQ5K},
	gguf.Q6_K: {form: Large, check: finiteQ6K, widen: widenQ6K, dot: dotQ6K},
}

func init() {
	for t, r := range rules { //arch:ordered each entry is independent
		r.number, r.bytes = t.Block()
		rules[t] = r
	}
}

// Load reads a matrix from the file. It fails if a factor in it is no number.
func Load(f *gguf.File, t *gguf.Tensor) (*Matrix, error) {
	r, ok := rules[t.Type]
	if !ok {
		return nil, fmt.Errorf("load tensor %q: no rule for %v", t.Name, t.Type)
	}
	m := &Matrix{Name: t.Name, Type: t.Type, Rows: t.Rows(), Columns: t.Columns(), data: make([]byte, t.Size), rule: r}
	m.stride = m.Columns / r.number * r.bytes
	if err := f.ReadTensor(t, m.data, 0); err != nil {
		return nil, err
	}
	for at := 0; at < len(m.data); at += r.bytes {
		if !r.check(m.data[at:][:r.bytes]) {
			return nil, fmt.Errorf("load tensor %q: row %d holds a factor that is no finite number", t.Name, at/m.stride)
		}
	}
	return m, nil
}

// Form is how the matrix takes its activations.
func (m *Matrix) Form() Form { return m.rule.form }

// Row widens row r into dst, of m.Columns numbers.
func (m *Matrix) Row(dst []float32, r int) {
	row := m.row(r)
	for b := 0; b*m.rule.bytes < len(row); b++ {
		m.rule.widen(dst[b*m.rule.number:][:m.rule.number], row[b*m.rule.bytes:][:m.rule.bytes])
	}
}

// Multiply writes the products of the rows from (a multiple of RowGroup) up to and without to with
// each activation: dst[i][r] is that of row r with a[i], which must have been quantized to the matrix's
// form. It allocates nothing, and calls for different rows may run at the same time.
func (m *Matrix) Multiply(dst [][]float32, a []*Activation, from, to int) {
	for r := from; r < to; r++ {
		for i := range a {
			dst[i][r] = m.rule.dot(m.row(r), a[i])
		}
	}
}

func (m *Matrix) row(r int) []byte { return m.data[r*m.stride:][:m.stride] }
