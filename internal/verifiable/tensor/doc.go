// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package tensor is the arithmetic of inference: weights as they stand in a model file, activations
// rounded to bytes, and the few operations of a transformer, each with one defined result.
//
// Everything here follows spec/numerics.md, profile w8a8-r1: the order of every sum and the rounding
// of every product are written down, so that the same numbers come out of any CPU, any count of
// threads and any batch. Work is split over rows, heads or positions, never along a sum.
//
// The Go code is what is defined. Assembly for the CPU at hand stands beside it (_amd64.s, _arm64.s): a
// register holds several rows, or several numbers of a vector, each of which meets the operations of its
// Go twin in their order, so that the bits are the same. The first use of a program compares both, for the
// products of every type of weights, the rounding of activations, and every other operation; a kernel that
// differs in one bit is not used at all, and Kernels says why.
package tensor
