// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"golang.org/x/sys/cpu"

	"dsai.example/dsai/internal/verifiable/gguf"
)

// The assembly of each type: one activation with whole groups of rows that follow each other, and a
// tile of activations with one group. They are called by name, because what is handed to a function
// value moves to the heap.

//go:noescape
func q8NEON(w *byte, a *smallBlock, out *float32, blocks, groups int)

//go:noescape
func q8TileNEON(w *byte, a *[tile]*smallBlock, out *[tile][RowGroup]float32, blocks int)

//go:noescape
func q4NEON(w *byte, a *smallBlock, out *float32, blocks, groups int)

//go:noescape
func q4TileNEON(w *byte, a *[tile]*smallBlock, out *[tile][RowGroup]float32, blocks int)

//go:noescape
func q4KNEON(w *byte, a *largeBlock, out *float32, blocks, groups int)

//go:noescape
func q4KTileNEON(w *byte, a *[tile]*largeBlock, out *[tile][RowGroup]float32, blocks int)

//go:noescape
func q5KNEON(w *byte, a *largeBlock, out *float32, blocks, groups int)

//go:noescape
func q5KTileNEON(w *byte, a *[tile]*largeBlock, out *[tile][RowGroup]float32, blocks int)

//go:noescape
func q6KNEON(w *byte, a *largeBlock, out *float32, blocks, groups int)

//go:noescape
func q6KTileNEON(w *byte, a *[tile]*largeBlock, out *[tile][RowGroup]float32, blocks int)

//go:noescape
func f32NEON(w *byte, a, out *float32, columns, groups int)

//go:noescape
func f32TileNEON(w *byte, a *[tile]*float32, out *[tile][RowGroup]float32, columns int)

//go:noescape
func f16NEON(w *byte, a, out *float32, columns, groups int)

//go:noescape
func f16TileNEON(w *byte, a *[tile]*float32, out *[tile][RowGroup]float32, columns int)

//go:noescape
func bf16NEON(w *byte, a, out *float32, columns, groups int)

//go:noescape
func bf16TileNEON(w *byte, a *[tile]*float32, out *[tile][RowGroup]float32, columns int)

//go:noescape
func quantizeSmallNEON(b *smallBlock, x *float32, blocks int)

//go:noescape
func quantizeLargeNEON(b *largeBlock, x *float32, blocks int)

// detected asks for FEAT_DotProd; the rest of what the assembly uses belongs to every arm64.
func detected() []kernel {
	if cpu.ARM64.HasASIMDDP {
		return []kernel{neon}
	}
	return nil
}

// fastQuantize makes a form of the activation, if the kernel can.
func fastQuantize(k kernel, a *Activation, f Form) bool {
	switch {
	case k == portable:
		return false
	case f == Small && len(a.small) > 0:
		quantizeSmallNEON(&a.small[0], &a.Floats[0], len(a.small))
	case f == Large && len(a.large) > 0:
		quantizeLargeNEON(&a.large[0], &a.Floats[0], len(a.large))
	}
	return true
}

// fastStream multiplies groups of rows, from group first on, with one activation, if the kernel can.
func fastStream(k kernel, m *Matrix, out []float32, a *Activation, first, groups int) bool {
	if k == portable {
		return false
	}
	w, dst := &m.data[first*m.group], &out[:groups*RowGroup][0]
	switch m.rule.form {
	case Whole:
		wholeStream(m, dst, w, a, groups)
	case Small:
		smallStream(m, dst, w, a, groups)
	case Large:
		largeStream(m, dst, w, a, groups)
	}
	return true
}

func wholeStream(m *Matrix, dst *float32, w *byte, a *Activation, groups int) {
	switch m.Type {
	case gguf.F32:
		f32NEON(w, &a.Floats[0], dst, m.Columns, groups)
	case gguf.F16:
		f16NEON(w, &a.Floats[0], dst, m.Columns, groups)
	case gguf.BF16:
		bf16NEON(w, &a.Floats[0], dst, m.Columns, groups)
	}
}

func smallStream(m *Matrix, dst *float32, w *byte, a *Activation, groups int) {
	x, n := &a.small[0], len(a.small)
	switch m.rule.layout {
	case gguf.Q8_0:
		q8NEON(w, x, dst, n, groups)
	case gguf.Q4_0:
		q4NEON(w, x, dst, n, groups)
	}
}

func largeStream(m *Matrix, dst *float32, w *byte, a *Activation, groups int) {
	x, n := &a.large[0], len(a.large)
	switch m.Type {
	case gguf.Q4_K:
		q4KNEON(w, x, dst, n, groups)
	case gguf.Q5_K:
		q5KNEON(w, x, dst, n, groups)
	case gguf.Q6_K:
		q6KNEON(w, x, dst, n, groups)
	}
}

// fastTile multiplies a group of rows with a tile of activations, if the kernel can.
func fastTile(k kernel, m *Matrix, out *[tile][RowGroup]float32, first int, a [tile]*Activation) bool {
	if k == portable {
		return false
	}
	w := &m.data[first*m.group]
	switch m.rule.form {
	case Whole:
		wholeTile(m, out, w, &a)
	case Small:
		smallTile(m, out, w, &a)
	case Large:
		largeTile(m, out, w, &a)
	}
	return true
}

func wholeTile(m *Matrix, out *[tile][RowGroup]float32, w *byte, a *[tile]*Activation) {
	x := [tile]*float32{&a[0].Floats[0], &a[1].Floats[0], &a[2].Floats[0], &a[3].Floats[0]}
	switch m.Type {
	case gguf.F32:
		f32TileNEON(w, &x, out, m.Columns)
	case gguf.F16:
		f16TileNEON(w, &x, out, m.Columns)
	case gguf.BF16:
		bf16TileNEON(w, &x, out, m.Columns)
	}
}

func smallTile(m *Matrix, out *[tile][RowGroup]float32, w *byte, a *[tile]*Activation) {
	x := [tile]*smallBlock{&a[0].small[0], &a[1].small[0], &a[2].small[0], &a[3].small[0]}
	n := len(a[0].small)
	switch m.rule.layout {
	case gguf.Q8_0:
		q8TileNEON(w, &x, out, n)
	case gguf.Q4_0:
		q4TileNEON(w, &x, out, n)
	}
}

func largeTile(m *Matrix, out *[tile][RowGroup]float32, w *byte, a *[tile]*Activation) {
	x := [tile]*largeBlock{&a[0].large[0], &a[1].large[0], &a[2].large[0], &a[3].large[0]}
	switch m.Type {
	case gguf.Q4_K:
		q4KTileNEON(w, &x, out, len(a[0].large))
	case gguf.Q5_K:
		q5KTileNEON(w, &x, out, len(a[0].large))
	case gguf.Q6_K:
		q6KTileNEON(w, &x, out, len(a[0].large))
	}
}
