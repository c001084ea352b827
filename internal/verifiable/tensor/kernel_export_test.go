// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

// Compare compares a kernel of this CPU with the portable code.
func Compare(name string) error {
	for _, k := range tried() {
		if k.Name == name {
			return compare(k.id)
		}
	}
	return nil
}
