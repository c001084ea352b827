// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package verify checks a bundle offline: whether the receipt in it is the
// node's, stands in the node's log, and rests on consents that permitted what
// was done.
//
// Every check is reported on its own line with its reason and claims no more
// than it shows. A bundle proves which passages a node says it gave to an
// engine and which consents it showed for them; it proves neither that an
// answer is true nor that nothing else was used.
//
// The package reads no clock, file or network: what holds is judged at the
// receipt's time, and whom to believe comes from the caller's Trust. It links no
// engine; whoever can re-execute answers hands in a Replayer. It is public and
// anybody may import it. See spec/verification.md.
package verify

import (
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
)

// Anchors: whether the verifier's own trust file vouches for who signed.
const (
	AnchorPinned   = "pinned"   // co-op, node and keys are those of the trust file
	AnchorUnknown  = "unknown"  // no trust file: anybody can found a co-op of this name
	AnchorMismatch = "mismatch" // the trust file names others
)

// Options say whom to believe and what else is known.
type Options struct {
	// Trust is the verifier's own; nil leaves the bundle unanchored.
	Trust *dsai.Trust
	// Revocations are Revocation credentials learnt from elsewhere, and
	// WithdrawalReceipts, which prove that the node knew.
	Revocations []json.RawMessage
	// Replayer re-executes replayable answers; nil leaves them unreplayed.
	Replayer Replayer
}

// Replayer re-executes an answer from its openings. Replay returns nil when all
// that the execution decides is as the receipt and its openings say, an error
// wrapping ErrWithheld when openings that it needs are absent, one wrapping
// ErrMissing when it lacks something else, such as the engine or a model's file,
// and the first difference otherwise.
type Replayer interface {
	Replay(Replay) error
}

// Replay is what a Replayer needs; all of it was checked before.
type Replay struct {
	Receipt    dsai.InferenceReceipt
	Statistics *dsai.Statistics // nil when nothing was ranked
	Openings   dsai.Openings
	Policy     json.RawMessage // the document in force, in canonical form
	QuoteMax   []int           // of the consent of each use: the most that it lets be quoted of the document, 0: any
}

// ErrWithheld reports that a bundle does not hold what a replay needs.
var ErrWithheld = errors.New("openings are withheld")

// ErrMissing reports that a Replayer has not what a replay needs beside the
// bundle. It says nothing about the answer.
var ErrMissing = errors.New("it is not here")

// Result is what a bundle shows. Its JSON form is stable.
type Result struct {
	OK         bool           `json:"ok"`         // every check holds and the anchor is pinned
	Consistent bool           `json:"consistent"` // every check holds that needs no trust
	Anchor     string         `json:"anchor"`
	Assurance  dsai.Assurance `json:"assurance"`
	Replayed   bool           `json:"replayed"`
	Witnesses  int            `json:"witnesses"` // valid cosignatures by pinned witnesses
	Operators  int            `json:"operators"` // distinct operators among them
	Checks     []Check        `json:"checks"`

	Kind    string      `json:"kind"`    // credential type of the receipt
	Receipt dsai.Digest `json:"receipt"` // its digest

	// Model is what answered, by the receipt; nil for a refusal. What it is, is its
	// class with its fingerprint; its id is the node's own name for it.
	Model *dsai.ModelRef `json:"model,omitempty"`
}

// Check is one line of a Result.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Reason string `json:"reason"`
}

// Bundle checks the bundle raw. It returns an error only when raw cannot be
// read as a bundle at all; whatever is wrong with one is in the Result.
func Bundle(raw []byte, o Options) (*Result, error) { return New(o).Bundle(raw) }

// Verifier checks many bundles and opens what they share once. It must not be
// used by several goroutines at a time; use one for each.
type Verifier struct {
	o         Options
	witnesses []witness
	cosigners note.Verifiers // the same
	err       error          // of the trust handed in, reported by the anchor
	memo      map[string]any
	held      int // bytes that memo stands for, about
}

// maxMemo bounds what a Verifier remembers, in bytes of what was read: enough for
// all that the bundles of a co-op share, whatever strangers put into theirs.
const maxMemo = 64 << 20

// New returns a Verifier.
func New(o Options) *Verifier {
	v := &Verifier{o: o, memo: map[string]any{}}
	if o.Trust != nil {
		v.witnesses, v.err = checkTrust(o.Trust)
	}
	var known []note.Verifier
	for _, w := range v.witnesses {
		known = append(known, w.Verifier)
	}
	v.cosigners = note.VerifierList(known...)
	return v
}

// recall returns what read makes of raw, from memory when the same bytes were
// read before. Only successes are remembered: a failure may be the caller's.
func recall[T any](v *Verifier, raw []byte, read func([]byte) (*T, error)) (*T, error) {
	return recallSized(v, raw, len(raw), read)
}

// recallSized is recall for what raw only names: size says what it holds.
func recallSized[T any](v *Verifier, raw []byte, size int, read func([]byte) (*T, error)) (*T, error) {
	if t, ok := v.memo[string(raw)].(*T); ok {
		return t, nil
	}
	t, err := read(raw)
	if err != nil || size > maxMemo/8 {
		return t, err
	}
	const entry = 512 // of the map and of whatever is small
	if v.held += size + entry; v.held > maxMemo {
		clear(v.memo)
		v.held = size + entry
	}
	v.memo[string(raw)] = t
	return t, nil
}

// open is vc.Open with the Verifier's memory.
func open[S any](v *Verifier, raw []byte, typ string) (*vc.Sealed[S], error) {
	return recall(v, raw, func(raw []byte) (*vc.Sealed[S], error) {
		s, err := vc.Open[S](raw, typ)
		return &s, err
	})
}

// Bundle is as the function Bundle.
func (v *Verifier) Bundle(raw []byte) (*Result, error) {
	members, err := readOuter(raw)
	if err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	a := &audit{v: v, done: make(map[string]Check, len(checkOrder)), needed: map[dsai.MemberID]bool{}}
	return a.run(members), nil
}
