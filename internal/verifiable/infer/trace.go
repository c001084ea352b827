// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import "dsai.example/dsai"

// A Trace commits to how an answer was computed: each token and the state that it was chosen from.
// Whoever has model and prompt can make it again (Replay). It holds the answer's tokens and digests of
// the prompt without a salt, so it is as confidential as they are (spec/numerics.md#trace).
type Trace struct {
	Profile  string
	Prompt   dsai.Digest // Hash("trace-prompt", tokens)
	Count    int         // tokens of the prompt
	Sampling Sampling
	Tokens   []int32   // the output
	Steps    [][8]byte // of each token, the start of the digest up to it
	Whole    bool      // the output ended by itself; else it was cut off after Tokens
	Digest   dsai.Digest
}

// JSON returns the trace as canonical JSON (RFC 8785).
func (t Trace) JSON() []byte { panic("not yet") }

// ParseTrace reads what JSON wrote, and nothing else.
func ParseTrace(b []byte) (Trace, error) { panic("not yet") }
