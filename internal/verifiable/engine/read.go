// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"

	"dsai.example/dsai/internal/verifiable/token"
)

// Read returns the text that Generate makes of an output, and whether the output ends by itself: with a
// token that ends an answer, or with one of the texts that stop it. Generate takes no token after
// those, so an output of more than read tokens is not one of its own.
func Read(v *token.Vocabulary, output []token.ID, stop []string) (text string, read int, ended bool) {
	o, ends := newOutput(v, stop), endTokens(v)
	stopped := false
	for read < len(output) && !ended {
		stopped = o.add(output[read])
		ended = stopped || slices.Contains(ends, output[read])
		read++
	}
	o.end(stopped)
	text, _ = o.take(true)
	return text, read, ended
}
