// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

// Plainly runs f with the loops that define the operations, and nothing faster.
func Plainly(f func()) {
	defer setWide(setWide(false))
	f()
}
