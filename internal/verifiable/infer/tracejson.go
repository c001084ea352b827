// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"dsai.example/dsai"
)

// ErrTrace says that what should be a trace is none.
var ErrTrace = errors.New("not a trace of an answer")

// The fields stand in the order of RFC 8785 and hold nothing that it would write otherwise, so that
// the encoding is canonical as it comes.
type traceText struct {
	Count    int          `json:"count"`
	Digest   dsai.Digest  `json:"digest"`
	Profile  string       `json:"profile"`
	Prompt   dsai.Digest  `json:"prompt"`
	Sampling samplingText `json:"sampling"`
	Steps    string       `json:"steps"` // 16 digits for each token
	Tokens   []int32      `json:"tokens"`
	Whole    bool         `json:"whole"`
}

type samplingText struct {
	Frequency   string `json:"frequency"`
	MinP        string `json:"minP"`
	Presence    string `json:"presence"`
	Seed        string `json:"seed"`
	Temperature string `json:"temperature"`
	TopK        int    `json:"topK"`
	TopP        string `json:"topP"`
}

func decimal(f float32) string { return strconv.FormatFloat(float64(f), 'g', -1, 32) }

func (s Sampling) text() samplingText {
	return samplingText{
		Frequency: decimal(s.Frequency), MinP: decimal(s.MinP), Presence: decimal(s.Presence),
		Seed: strconv.FormatUint(s.Seed, 10), Temperature: decimal(s.Temperature), TopK: s.TopK, TopP: decimal(s.TopP),
	}
}

func (s Sampling) json() []byte { return encode(s.text()) }

// Text returns the settings as canonical JSON: what stands in a receipt.
func (s Sampling) Text() string { return string(s.json()) }

func (s samplingText) read() (out Sampling, err error) {
	for _, v := range []struct {
		to   *float32
		text string
	}{{&out.Frequency, s.Frequency}, {&out.MinP, s.MinP}, {&out.Presence, s.Presence}, {&out.Temperature, s.Temperature}, {&out.TopP, s.TopP}} {
		f, err := strconv.ParseFloat(v.text, 32)
		if err != nil {
			return out, err
		}
		*v.to = float32(f)
	}
	out.TopK = s.TopK
	out.Seed, err = strconv.ParseUint(s.Seed, 10, 64)
	return out, errors.Join(err, out.Check())
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("infer: " + err.Error()) // strings, numbers and digests always have a text
	}
	return b
}

// JSON returns the trace as canonical JSON (RFC 8785).
func (t Trace) JSON() []byte {
	steps := make([]byte, 0, 16*len(t.Steps))
	for _, s := range t.Steps {
		steps = hex.AppendEncode(steps, s[:])
	}
	return encode(traceText{
		Count: t.Count, Digest: t.Digest, Profile: t.Profile, Prompt: t.Prompt, Sampling: t.Sampling.text(),
		Steps: string(steps), Tokens: append([]int32{}, t.Tokens...), Whole: t.Whole,
	})
}

// maxOutput bounds the tokens of a trace, which is a stranger's.
const maxOutput = maxContext

// ParseTrace reads what JSON wrote, and nothing else.
func ParseTrace(b []byte) (Trace, error) {
	t, err := parseTrace(b)
	if err != nil {
		return Trace{}, fmt.Errorf("%w: %w", ErrTrace, err)
	}
	if !bytes.Equal(t.JSON(), b) {
		return Trace{}, fmt.Errorf("%w: not in its canonical form", ErrTrace)
	}
	return t, nil
}

func parseTrace(b []byte) (Trace, error) {
	var in traceText
	if err := json.Unmarshal(b, &in); err != nil {
		return Trace{}, err
	}
	s, err := in.Sampling.read()
	if err != nil {
		return Trace{}, err
	}
	steps, err := hex.DecodeString(in.Steps)
	switch {
	case err != nil:
		return Trace{}, err
	case in.Profile != Profile:
		return Trace{}, fmt.Errorf("numeric profile %.40q, want %q", in.Profile, Profile)
	case in.Count < 1 || in.Count > maxContext || len(in.Tokens) > maxOutput:
		return Trace{}, fmt.Errorf("%d tokens after a prompt of %d", len(in.Tokens), in.Count)
	case len(steps) != 8*len(in.Tokens):
		return Trace{}, fmt.Errorf("digests of %d bytes for %d tokens", len(steps), len(in.Tokens))
	}
	out := Trace{Profile: in.Profile, Prompt: in.Prompt, Count: in.Count, Sampling: s, Tokens: in.Tokens, Whole: in.Whole, Digest: in.Digest}
	for len(steps) > 0 {
		out.Steps = append(out.Steps, [8]byte(steps))
		steps = steps[8:]
	}
	return out, nil
}
