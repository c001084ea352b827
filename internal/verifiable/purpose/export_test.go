// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package purpose

// Edges returns the table: each term's IRI with those of its broader terms.
func Edges() map[string][]string {
	out := map[string][]string{}
	for _, e := range table {
		up := []string{}
		for _, b := range e.broader {
			up = append(up, Namespace+b)
		}
		out[Namespace+e.name] = up
	}
	return out
}
