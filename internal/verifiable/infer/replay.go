// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import "fmt"

// A Divergence says where an answer that was made again differs from its trace.
type Divergence struct {
	Position  int    // of the output; its length: what follows the last token
	What      string // "token", "state", "logits" or "header"
	Want, Got int32  // tokens, if What is "token"
}

func (d *Divergence) Error() string {
	if d.What == "token" {
		return fmt.Sprintf("the answer made again differs at token %d: it is %d, the trace has %d", d.Position, d.Got, d.Want)
	}
	return fmt.Sprintf("the answer made again differs at token %d: another %s", d.Position, d.What)
}

// Replay makes the answer of a trace again: it gives prompt and output to the model many tokens at once,
// chooses each token again, and compares. A *Divergence names the first difference.
func Replay(m *Model, prompt []int32, t Trace, parallel Parallel) error { panic("not yet") }
