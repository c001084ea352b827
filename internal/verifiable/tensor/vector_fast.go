// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package tensor

// whole is how many of n numbers fill registers of size, 0 if these are not used.
func whole(n, size int) int {
	if n &^= size - 1; n == 0 || current() == portable {
		return 0
	}
	return n
}
