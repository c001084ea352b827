// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"golang.org/x/sys/cpu"

	"dsai.example/dsai/internal/verifiable/gguf"
)

// The assembly of Q8_0 and Q4_0; the other types are computed by the portable code. It is called by
// name, because what is handed to a function value moves to the heap.

//go:noescape
func q8NEON(w *byte, a *smallBlock, out *float32, blocks, groups int)

//go:noescape
func q8TileNEON(w *byte, a *[tile]*smallBlock, out *[tile][RowGroup]float32, blocks int)

//go:noescape
func q4NEON(w *byte, a *smallBlock, out *float32, blocks, groups int)

//go:noescape
func q4TileNEON(w *byte, a *[tile]*smallBlock, out *[tile][RowGroup]float32, blocks int)

func detected() []kernel {
	if cpu.ARM64.HasASIMDDP {
		return []kernel{neon}
	}
	return nil
}

// fastQuantize makes a form of the activation, if the kernel can.
func fastQuantize(kernel, *Activation, Form) bool { return false }

// fastStream multiplies groups of rows, from group first on, with one activation, if the kernel can.
func fastStream(k kernel, m *Matrix, out []float32, a *Activation, first, groups int) bool {
	if k != neon || m.rule.form != Small {
		return false
	}
	w, x, dst := &m.data[first*m.group], &a.small[0], &out[:groups*RowGroup][0]
	switch m.Type {
	case gguf.Q8_0:
		q8NEON(w, x, dst, len(a.small), groups)
	case gguf.Q4_0:
		q4NEON(w, x, dst, len(a.small), groups)
	}
	return true
}

// fastTile multiplies a group of rows with a tile of activations, if the kernel can.
func fastTile(k kernel, m *Matrix, out *[tile][RowGroup]float32, first int, a [tile]*Activation) bool {
	if k != neon || m.rule.form != Small {
		return false
	}
	w, n := &m.data[first*m.group], len(a[0].small)
	x := [tile]*smallBlock{&a[0].small[0], &a[1].small[0], &a[2].small[0], &a[3].small[0]}
	switch m.Type {
	case gguf.Q8_0:
		q8TileNEON(w, &x, out, n)
	case gguf.Q4_0:
		q4TileNEON(w, &x, out, n)
	}
	return true
}
