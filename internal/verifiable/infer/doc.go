// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package infer runs language models of the llama family, token by token or many at once, with one
// defined result: the same logits, bit for bit, on every machine, for any number of threads, in any
// batch, whether a position came in a long prompt or alone (spec/numerics.md).
//
// It is handed an open model file and a Parallel to spread work with. It owns no threads, reads no
// clock and draws no random numbers: files, scheduling and the queue belong to package engine.
package infer

// Profile names the numbers that this package computes. Whatever changes one bit of a logit is
// another profile.
const Profile = "w8a8-r1"

// Parallel calls f(0) … f(n-1), in any order, at once or one after another, and returns when all have
// returned. The calls write to places of their own, so the order cannot show.
type Parallel func(n int, f func(i int))

// Serial is the Parallel of one thread.
func Serial(n int, f func(i int)) {
	for i := range n {
		f(i)
	}
}
