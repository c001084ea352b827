// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"fmt"

	"dsai.example/dsai/internal/verifiable/gguf"
)

// RowGroup is how many rows are computed together: work on a matrix is split at its multiples.
const RowGroup = 16

// A Matrix is weights, 16 rows side by side: where the file has a block of each row after the other,
// the blocks of 16 rows that meet the same activations stand interleaved, so that a register holds one
// part of several rows. What is missing in the last group is zeros. The layouts are with their types, in
// q32.go, q256.go and float.go.
type Matrix struct {
	Name    string
	Type    gguf.Type
	Rows    int
	Columns int

	data  []byte
	group int // bytes of 16 rows
	rule  rule
}

// A rule is what a type of weights means.
type rule struct {
	form   Form
	number int       // of weights in a block
	bytes  int       // of a block in the file
	packed int       // of the blocks of 16 rows side by side
	layout gguf.Type // whose groups these are: Q5_0 stands as Q8_0 does
	finite []int     // where in a block of the file there are Halfs, which must be numbers
	single finite    // whether the block is one number that is no Half, and it is finite

	pack func(dst []byte, lane int, block []byte)            // puts a row's block among those of its group
	row  func(dst []float32, packed []byte, lane int)        // widens it
	dot  func(group []byte, a *Activation) [RowGroup]float32 // multiplies 16 rows
}

type finite func(block []byte) bool

var rules = map[gguf.Type]rule{
	gguf.F32:  {form: Whole, packed: 64, single: finiteF32, pack: packF32, row: rowF32, dot: dotF32},
	gguf.F16:  {form: Whole, packed: 32, finite: []int{0}, pack: packF16, row: rowF16, dot: dotF16},
	gguf.BF16: {form: Whole, packed: 32, single: finiteBF16, pack: packF16, row: rowBF16, dot: dotBF16},
	gguf.Q8_0: {form: Small, packed: q8Group, finite: []int{0}, pack: packQ8, row: rowQ8, dot: dotQ8},
	gguf.Q4_0: {form: Small, packed: q4Group, finite: []int{0}, pack: packQ4, row: rowQ4, dot: dotQ4},
	gguf.Q5_0: {form: Small, packed: q8Group, finite: []int{0}, pack: packQ5, row: rowQ8, dot: dotQ8, layout: gguf.Q8_0},
	gguf.Q4_K: {form: Large, packed: q4KGroup, finite: []int{0, 2}, pack: packQ4K, row: rowQ4K, dot: dotQ4K},
	gguf.Q5_K: {form: Large, packed: q5KGroup, finite: []int{0, 2}, pack: packQ5K, row: rowQ5K, dot: dotQ5K},
	gguf.Q6_K: {form: Large, packed: q6KGroup, finite: []int{208}, pack: packQ6K, row: rowQ6K, dot: dotQ6K},
}

func init() {
	for t, r := range rules { //arch:ordered each entry is independent
		r.number, r.bytes = t.Block()
		if r.layout == 0 && t != gguf.F32 {
			r.layout = t
		}
		rules[t] = r
	}
}

// check reports whether the factors of a block are numbers.
func (r *rule) check(block []byte) bool {
	for _, at := range r.finite {
		if !halfAt(block[at:]).Finite() {
			return false
		}
	}
	return r.single == nil || r.single(block)
}

// mostColumns is far beyond the widest models. It bounds what the filling of the last group takes, which
// for a single row is 15 times what the file holds.
const mostColumns = 1 << 20

// chunk is about how many bytes of the file are held while they are put side by side.
const chunk = 1 << 20

// Load reads a matrix from the file. It fails if a factor in it is no number. What it reads into is kept in
// buf for the next one.
func Load(f *gguf.File, t *gguf.Tensor, buf *[]byte) (*Matrix, error) {
	m, err := newMatrix(t.Name, t.Type, t.Rows(), t.Columns())
	if err != nil {
		return nil, err
	}
	stride := m.stride()
	rows := max(1, chunk/(RowGroup*stride)) * RowGroup
	if n := min(rows, m.Rows) * stride; len(*buf) < n {
		*buf = make([]byte, n)
	}
	for at := 0; at < m.Rows; at += rows {
		b := (*buf)[:min(rows, m.Rows-at)*stride]
		if err := f.ReadTensor(t, b, int64(at)*int64(stride)); err != nil {
			return nil, err
		}
		if err := m.put(b, at); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Size returns how many bytes of memory the matrix takes that Load makes of a tensor of more than one row; 0
// for a type without a rule.
func Size(t *gguf.Tensor) int64 {
	r, ok := rules[t.Type]
	if !ok {
		return 0
	}
	return int64((t.Rows()+RowGroup-1)/RowGroup) * int64(t.Columns()/r.number*r.packed)
}

func newMatrix(name string, t gguf.Type, rows, columns int) (*Matrix, error) {
	r, ok := rules[t]
	if !ok {
		return nil, fmt.Errorf("load tensor %q: no rule for %v", name, t)
	}
	if columns > mostColumns {
		return nil, fmt.Errorf("load tensor %q: rows of %d numbers, more than %d", name, columns, mostColumns)
	}
	m := &Matrix{Name: name, Type: t, Rows: rows, Columns: columns, rule: r}
	m.group = columns / r.number * r.packed
	m.data = make([]byte, (rows+RowGroup-1)/RowGroup*m.group)
	return m, nil
}

// stride is the bytes of a row in the file.
func (m *Matrix) stride() int { return m.Columns / m.rule.number * m.rule.bytes }

// put places rows, as they stand in the file, from row first on.
func (m *Matrix) put(rows []byte, first int) error {
	stride := m.stride()
	for r := first; len(rows) > 0; r++ {
		group := m.data[r/RowGroup*m.group:][:m.group]
		for b := 0; b*m.rule.bytes < stride; b++ {
			block := rows[b*m.rule.bytes:][:m.rule.bytes]
			if !m.rule.check(block) {
				return fmt.Errorf("load tensor %q: row %d holds a factor that is no finite number", m.Name, r)
			}
			m.rule.pack(group[b*m.rule.packed:][:m.rule.packed], r%RowGroup, block)
		}
		rows = rows[stride:]
	}
	return nil
}

// Form is how the matrix takes its activations.
func (m *Matrix) Form() Form { return m.rule.form }

// Row widens row r into dst, of m.Columns numbers.
func (m *Matrix) Row(dst []float32, r int) {
	group := m.data[r/RowGroup*m.group:][:m.group]
	for b := 0; b*m.rule.packed < len(group); b++ {
		m.rule.row(dst[b*m.rule.number:][:m.rule.number], group[b*m.rule.packed:][:m.rule.packed], r%RowGroup)
	}
}

const (
	tile        = 4  // activations that a kernel multiplies at once
	tilesAtOnce = 16 // tiles that stay in the cache while the rows of a call pass by
)

// Multiply writes the products of the rows from (a multiple of RowGroup) up to and without to with
// each activation: dst[i][r] is that of row r with a[i], which must have been quantized to the matrix's
// form. It allocates nothing, and calls for different rows may run at the same time.
func (m *Matrix) Multiply(dst [][]float32, a []*Activation, from, to int) {
	m.multiply(current(), dst, a, from, to)
}

func (m *Matrix) multiply(k kernel, dst [][]float32, a []*Activation, from, to int) {
	if len(a) == 1 {
		from += m.stream(k, dst[0], a[0], from, to)
	}
	for len(a) > 0 {
		n := min(len(a), tile*tilesAtOnce)
		for r := from; r < to; r += RowGroup {
			m.multiplyGroup(k, dst[:n], a[:n], r, min(r+RowGroup, to))
		}
		dst, a = dst[n:], a[n:]
	}
}

// stream multiplies whole groups with one activation, if the kernel can, and returns how many rows.
func (m *Matrix) stream(k kernel, dst []float32, a *Activation, from, to int) int {
	groups := (to - from) / RowGroup
	if groups == 0 || !fastStream(k, m, dst[from:][:groups*RowGroup], a, from/RowGroup, groups) {
		return 0
	}
	return groups * RowGroup
}

// multiplyGroup multiplies the rows of a group, or the first of them, with each activation.
func (m *Matrix) multiplyGroup(k kernel, dst [][]float32, a []*Activation, from, to int) {
	var out [tile][RowGroup]float32
	for len(a) > 0 {
		n := m.multiplyTile(k, &out, a, from/RowGroup)
		for i := range n {
			copy(dst[i][from:to], out[i][:])
		}
		dst, a = dst[n:], a[n:]
	}
}

// multiplyTile multiplies a group with the first of the activations and returns with how many. A tile
// with one of them twice is faster than three, one by one.
func (m *Matrix) multiplyTile(k kernel, out *[tile][RowGroup]float32, a []*Activation, group int) int {
	switch {
	case len(a) >= tile && fastTile(k, m, out, group, [tile]*Activation(a)):
		return tile
	case len(a) == tile-1 && fastTile(k, m, out, group, [tile]*Activation{a[0], a[1], a[2], a[2]}):
		return tile - 1
	case fastStream(k, m, out[0][:], a[0], group, 1):
		return 1
	}
	out[0] = m.rule.dot(m.data[group*m.group:][:m.group], a[0])
	return 1
}
