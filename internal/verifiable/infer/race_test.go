// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build race

package infer_test

// The race detector makes everything ten times slower.
func init() { slow = true }
