// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package tensor is the arithmetic of inference: weights as they stand in a model file, activations
// rounded to bytes, and the few operations of a transformer, each with one defined result.
//
// Everything here follows spec/numerics.md, profile w8a8-r1: the order of every sum and the rounding
// of every product are written down, so that the same numbers come out of any CPU, any count of
// threads and any batch. Work is split over rows, heads or positions, never along a sum.
//
// The loops are the plainest that have the defined result. Faster ones may stand beside them and must
// give the same bits.
package tensor
