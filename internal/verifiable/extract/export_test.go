// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package extract

// Units returns the units of text, headlines marked by "!".
func Units(text string) []string {
	var out []string
	for _, u := range units(text) {
		s := text[u.start:u.end]
		if u.kind == headline {
			s += "!"
		}
		out = append(out, s)
	}
	return out
}
