// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"

	"dsai.example/dsai/internal/verifiable/token"
)

// Read returns the text that Generate makes of an output, and whether the output ends by itself: with a
// token that ends an answer, or with one of the texts that stop it.
func Read(v *token.Vocabulary, output []token.ID, stop []string) (text string, stopped bool) {
	o, ends := newOutput(v, stop), endTokens(v)
	ended := false
	for _, id := range output {
		if ended = slices.Contains(ends, id); ended {
			break
		}
		if stopped = o.add(id); stopped {
			break
		}
	}
	o.end(stopped)
	text, _ = o.take(true)
	return text, stopped || ended
}
