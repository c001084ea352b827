// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package extract

import (
	"encoding/json"

	"dsai.example/dsai"
)

// Trace is how an answer came about, for the receipt's trace commitment. Its
// fields stand in the order of their names, so that encoding/json writes the
// canonical form (RFC 8785); see Bytes.
type Trace struct {
	Coverage  int             `json:"coverage"` // of the quoted sentence that has most, in basis points
	Engine    string          `json:"engine"`   // Version, or SearchVersion
	Passages  []TracePassage  `json:"passages"`
	Sentences []TraceSentence `json:"sentences"`
	Threshold int             `json:"threshold"` // what was needed, in basis points: see Need; a search needs none
}

// TracePassage is one passage that the engine was given.
type TracePassage struct {
	Commitment dsai.Digest `json:"commitment"`
	Score      int64       `json:"score"`
}

// TraceSentence is one sentence that it quoted.
type TraceSentence struct {
	Coverage int   `json:"coverage"` // basis points
	End      int   `json:"end"`
	N        int   `json:"n"`
	Score    int64 `json:"score"`
	Start    int   `json:"start"`
}

// Bytes returns the canonical JSON of t. Every value is an integer below 2^53 or
// a plain ASCII string, so JCS has nothing left to do.
func (t Trace) Bytes() []byte {
	b, err := json.Marshal(t)
	if err != nil {
		panic("extract: " + err.Error()) // no value of these types can fail
	}
	return b
}

// Terms returns the DF of an Input from the term proofs of a bundle, which the
// caller has checked: a term without a proof has no passages.
func Terms(proofs []dsai.TermProof) func(field, term string) int {
	return func(field, term string) int {
		for _, p := range proofs {
			if p.Field == field && p.Term == term {
				return p.DF
			}
		}
		return 0
	}
}
