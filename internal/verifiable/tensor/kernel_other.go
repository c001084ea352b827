// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 && !arm64

package tensor

// Without assembly the portable code does everything.

func detected() []kernel { return nil }

func fastQuantize(kernel, *Activation, Form) bool { return false }

func fastStream(kernel, *Matrix, []float32, *Activation, int, int) bool { return false }

func fastTile(kernel, *Matrix, *[tile][RowGroup]float32, int, [tile]*Activation) bool { return false }
