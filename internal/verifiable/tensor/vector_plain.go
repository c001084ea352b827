// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build !amd64

package tensor

// What has assembly for amd64 only.

func fastSum(_ []float32, _ *[lanes]float32) int { return 0 }
func fastMax(_ []float32, _ *float32) int        { return 0 }
func fastDivide(_ []float32, _ float32) int      { return 0 }
func fastFinite(_ []float32) (int, bool)         { return 0, true }
func fastNarrow(_ []Half, _ []float32) int       { return 0 }
func fastTurnPairs(_, _, _ []float32) int        { return 0 }
func fastTurnHalves(_, _, _, _ []float32) int    { return 0 }
func fastExp(_ []float32, _ float32) int         { return 0 }
func fastGate(_, _ []float32) int                { return 0 }
