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
func q8AVX2(w *byte, a *smallBlock, out *float32, blocks, groups int)

//go:noescape
func q8TileAVX2(w *byte, a *[tile]*smallBlock, out *[tile][RowGroup]float32, blocks int)

//go:noescape
func q4AVX2(w *byte, a *smallBlock, out *float32, blocks, groups int)

//go:noescape
func q4TileAVX2(w *byte, a *[tile]*smallBlock, out *[tile][RowGroup]float32, blocks int)

//go:noescape
func q4KAVX2(w *byte, a *largeBlock, out *float32, blocks, groups int)

//go:noescape
func q4KTileAVX2(w *byte, a *[tile]*largeBlock, out *[tile][RowGroup]float32, blocks int)

//go:noescape
func q5KAVX2(w *byte, a *largeBlock, out *float32, blocks, groups int)

//go:noescape
func q5KTileAVX2(w *byte, a *[tile]*largeBlock, out *[tile][RowGroup]float32, blocks int)

//go:noescape
func q6KAVX2(w *byte, a *largeBlock, out *float32, blocks, groups int)

//go:noescape
func q6KTileAVX2(w *byte, a *[tile]*largeBlock, out *[tile][RowGroup]float32, blocks int)

//go:noescape
func f32AVX2(w *byte, a, out *float32, columns, groups int)

//go:noescape
func f32TileAVX2(w *byte, a *[tile]*float32, out *[tile][RowGroup]float32, columns int)

//go:noescape
func f16AVX2(w *byte, a, out *float32, columns, groups int)

//go:noescape
func f16TileAVX2(w *byte, a *[tile]*float32, out *[tile][RowGroup]float32, columns int)

//go:noescape
func bf16AVX2(w *byte, a, out *float32, columns, groups int)

//go:noescape
func bf16TileAVX2(w *byte, a *[tile]*float32, out *[tile][RowGroup]float32, columns int)

//go:noescape
func q8VNNI(w *byte, a *smallBlock, out *float32, blocks, groups int)

//go:noescape
func q8TileVNNI(w *byte, a *[tile]*smallBlock, out *[tile][RowGroup]float32, blocks int)

//go:noescape
func q4VNNI(w *byte, a *smallBlock, out *float32, blocks, groups int)

//go:noescape
func q4TileVNNI(w *byte, a *[tile]*smallBlock, out *[tile][RowGroup]float32, blocks int)

//go:noescape
func quantizeSmallAVX2(b *smallBlock, x *float32, blocks int)

//go:noescape
func quantizeLargeAVX2(b *largeBlock, x *float32, blocks int)

// detected asks for the CPU's and the system's support. avx512vnni has its own assembly for Q8_0 and
// Q4_0 and that of avx2 for the rest.
func detected() (out []kernel) {
	x := &cpu.X86
	if !x.HasAVX2 || !x.HasF16C {
		return nil
	}
	out = append(out, avx2)
	if x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VNNI {
		out = append(out, avx512vnni)
	}
	return out
}

// fastQuantize makes a form of the activation, if the kernel can.
func fastQuantize(k kernel, a *Activation, f Form) bool {
	switch {
	case k == portable:
		return false
	case f == Small && len(a.small) > 0:
		quantizeSmallAVX2(&a.small[0], &a.Floats[0], len(a.small))
	case f == Large && len(a.large) > 0:
		quantizeLargeAVX2(&a.large[0], &a.Floats[0], len(a.large))
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
		smallStream(k, m, dst, w, a, groups)
	case Large:
		largeStream(m, dst, w, a, groups)
	}
	return true
}

func wholeStream(m *Matrix, dst *float32, w *byte, a *Activation, groups int) {
	switch m.Type {
	case gguf.F32:
		f32AVX2(w, &a.Floats[0], dst, m.Columns, groups)
	case gguf.F16:
		f16AVX2(w, &a.Floats[0], dst, m.Columns, groups)
	case gguf.BF16:
		bf16AVX2(w, &a.Floats[0], dst, m.Columns, groups)
	}
}

func smallStream(k kernel, m *Matrix, dst *float32, w *byte, a *Activation, groups int) {
	x, n := &a.small[0], len(a.small)
	switch {
	case m.rule.layout == gguf.Q8_0 && k == avx512vnni:
		q8VNNI(w, x, dst, n, groups)
	case m.rule.layout == gguf.Q8_0:
		q8AVX2(w, x, dst, n, groups)
	case k == avx512vnni:
		q4VNNI(w, x, dst, n, groups)
	default:
		q4AVX2(w, x, dst, n, groups)
	}
}

func largeStream(m *Matrix, dst *float32, w *byte, a *Activation, groups int) {
	x, n := &a.large[0], len(a.large)
	switch m.Type {
	case gguf.Q4_K:
		q4KAVX2(w, x, dst, n, groups)
	case gguf.Q5_K:
		q5KAVX2(w, x, dst, n, groups)
	case gguf.Q6_K:
		q6KAVX2(w, x, dst, n, groups)
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
		smallTile(k, m, out, w, &a)
	case Large:
		largeTile(m, out, w, &a)
	}
	return true
}

func wholeTile(m *Matrix, out *[tile][RowGroup]float32, w *byte, a *[tile]*Activation) {
	x := [tile]*float32{&a[0].Floats[0], &a[1].Floats[0], &a[2].Floats[0], &a[3].Floats[0]}
	switch m.Type {
	case gguf.F32:
		f32TileAVX2(w, &x, out, m.Columns)
	case gguf.F16:
		f16TileAVX2(w, &x, out, m.Columns)
	case gguf.BF16:
		bf16TileAVX2(w, &x, out, m.Columns)
	}
}

func smallTile(k kernel, m *Matrix, out *[tile][RowGroup]float32, w *byte, a *[tile]*Activation) {
	x := [tile]*smallBlock{&a[0].small[0], &a[1].small[0], &a[2].small[0], &a[3].small[0]}
	n := len(a[0].small)
	switch {
	case m.rule.layout == gguf.Q8_0 && k == avx512vnni:
		q8TileVNNI(w, &x, out, n)
	case m.rule.layout == gguf.Q8_0:
		q8TileAVX2(w, &x, out, n)
	case k == avx512vnni:
		q4TileVNNI(w, &x, out, n)
	default:
		q4TileAVX2(w, &x, out, n)
	}
}

func largeTile(m *Matrix, out *[tile][RowGroup]float32, w *byte, a *[tile]*Activation) {
	x := [tile]*largeBlock{&a[0].large[0], &a[1].large[0], &a[2].large[0], &a[3].large[0]}
	switch m.Type {
	case gguf.Q4_K:
		q4KTileAVX2(w, &x, out, len(a[0].large))
	case gguf.Q5_K:
		q5KTileAVX2(w, &x, out, len(a[0].large))
	case gguf.Q6_K:
		q6KTileAVX2(w, &x, out, len(a[0].large))
	}
}
