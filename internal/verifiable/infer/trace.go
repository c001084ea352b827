// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import (
	"encoding/binary"
	"math"

	"dsai.example/dsai"
)

// A Trace commits to how an answer was computed: each token and the state that it was chosen from.
// Whoever has model and prompt can make it again (Replay). It holds the answer's tokens and digests of
// the prompt without a salt, so it is as confidential as they are (spec/numerics.md#trace).
type Trace struct {
	Profile  string
	Prompt   dsai.Digest // of its tokens
	Count    int         // tokens of the prompt
	Sampling Sampling
	Tokens   []int32   // the output
	Steps    [][8]byte // of each token, the start of the digest up to it
	Whole    bool      // the output ended by itself; else it was cut off after Tokens
	Digest   dsai.Digest
}

// logitsEach is how often the digests take in all logits. The last ones always are, unless the output
// was cut off.
const logitsEach = 32

// A Tracer makes a trace while an output grows.
type Tracer struct {
	head   Trace
	tokens []int32
	links  []dsai.Digest // links[i] is the digest up to token i-1
	end    *dsai.Digest  // once the output has ended by itself
	buf    []byte
}

// NewTracer begins the trace of an output after a prompt.
func NewTracer(prompt []int32, s Sampling) *Tracer {
	t := &Tracer{head: Trace{Profile: Profile, Prompt: promptDigest(prompt), Count: len(prompt), Sampling: s}}
	t.links = []dsai.Digest{t.head.start()}
	return t
}

func promptDigest(tokens []int32) dsai.Digest {
	b := make([]byte, 0, 4*len(tokens))
	for _, token := range tokens {
		b = binary.BigEndian.AppendUint32(b, uint32(token))
	}
	return dsai.Hash("trace-prompt", b)
}

// start is the digest before the first token.
func (t *Trace) start() dsai.Digest {
	count := binary.BigEndian.AppendUint64(nil, uint64(t.Count))
	return dsai.Hash("trace-start", []byte(t.Profile), t.Prompt[:], count, t.Sampling.json())
}

// Add adds the next token with the state and the logits that it was chosen from.
func (t *Tracer) Add(token int32, r Result) {
	t.links = append(t.links, t.link(token, r))
	t.tokens = append(t.tokens, token)
}

// link is the digest up to a token, the next one.
func (t *Tracer) link(token int32, r Result) dsai.Digest {
	at := len(t.tokens)
	t.buf = binary.BigEndian.AppendUint32(t.buf[:0], uint32(token))
	t.buf = appendBits(t.buf, r.Hidden)
	if at%logitsEach == logitsEach-1 {
		t.buf = appendBits(t.buf, r.Logits)
	}
	return dsai.Hash("trace-step", t.links[at][:], t.buf)
}

// End says that the output has ended by itself, with the token that was added last.
func (t *Tracer) End(r Result) {
	t.buf = appendBits(t.buf[:0], r.Logits)
	d := dsai.Hash("trace-end", t.links[len(t.tokens)][:], t.buf)
	t.end = &d
}

// Trace returns the trace of the first n tokens.
func (t *Tracer) Trace(n int) Trace {
	out := t.head
	out.Tokens = t.tokens[:n:n]
	for _, link := range t.links[1 : n+1] {
		out.Steps = append(out.Steps, [8]byte(link[:8]))
	}
	if t.end != nil && n == len(t.tokens) {
		out.Whole, out.Digest = true, *t.end
	} else {
		out.Digest = dsai.Hash("trace-end", t.links[n][:])
	}
	return out
}

func appendBits(b []byte, v []float32) []byte {
	for _, f := range v {
		b = binary.BigEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}
