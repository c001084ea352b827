// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 && !arm64

package tensor

// Without assembly the loops of vector.go do everything.

func fastDot(_ kernel, _, _ []float32, _ *[lanes]float32) int  { return 0 }
func fastAdd(_ kernel, _, _ []float32) int                     { return 0 }
func fastNormalize(_ kernel, _, _, _ []float32, _ float32) int { return 0 }
func fastWiden(_ kernel, _ []float32, _ []Half) int            { return 0 }
func fastScores(_ kernel, _, _, _ []float32, _ float32) int    { return 0 }
func fastMix(_ kernel, _, _, _ []float32) int                  { return 0 }
func fastSum(_ kernel, _ []float32, _ *[lanes]float32) int     { return 0 }
func fastMax(_ kernel, _ []float32, _ *float32) int            { return 0 }
func fastDivide(_ kernel, _ []float32, _ float32) int          { return 0 }
func fastFinite(_ kernel, _ []float32) (int, bool)             { return 0, true }
func fastNarrow(_ kernel, _ []Half, _ []float32) int           { return 0 }
func fastTurnPairs(_ kernel, _, _, _ []float32) int            { return 0 }
func fastTurnHalves(_ kernel, _, _, _, _ []float32) int        { return 0 }
func fastExp(_ kernel, _ []float32, _ float32) int             { return 0 }
func fastGate(_ kernel, _, _ []float32) int                    { return 0 }
