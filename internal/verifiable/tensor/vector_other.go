// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 && !arm64

package tensor

// Without assembly the loops of vector.go do everything.

func fastDot(_, _ []float32, _ *[lanes]float32) int  { return 0 }
func fastAdd(_, _ []float32) int                     { return 0 }
func fastNormalize(_, _, _ []float32, _ float32) int { return 0 }
func fastWiden(_ []float32, _ []Half) int            { return 0 }
func fastScores(_, _, _ []float32, _ float32) int    { return 0 }
func fastMix(_, _, _ []float32) int                  { return 0 }
