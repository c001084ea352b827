// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/verify"
)

// allHolds is the outcome that ends with exit code 0: what was asked for holds.
const allHolds control.Kind = "ok"

// outcome is how dsai verify ends. An answer that was to be made again, and was
// not, is no fault of the bundle: it may work with what is missing here.
func outcome(r *verify.Result, replay bool) control.Kind {
	switch {
	case !r.OK:
		return control.Unverified
	case replay && r.Assurance == dsai.Replayable && r.Kind != dsai.TypeRefusalReceipt && !r.Replayed:
		return control.Unavailable
	}
	return allHolds
}

// verdictDocument is what dsai verify --json prints. OK and Verdict speak of what
// was asked for, and agree with the exit code; the rest speaks of the bundle.
type verdictDocument struct {
	OK      bool           `json:"ok"`
	Verdict control.Kind   `json:"verdict"`
	Error   *control.Error `json:"error,omitempty"`
	*verify.Result
}

// verdictOf gives the document of --json a verdict also where nothing was verified.
func (a *app) verdictOf(err error) error {
	if _, said := errors.AsType[shown](err); err == nil || said || !a.json {
		return err
	}
	e := a.described(err)
	return errors.Join(shown(e.Kind), a.document(verdictDocument{Verdict: e.Kind, Error: e}))
}

func (a *app) showResult(r *verify.Result, f verifyFlags, ref string, o openings) error {
	kind := outcome(r, f.replay)
	end := error(nil)
	if kind != allHolds {
		end = shown(kind)
	}
	if a.json {
		return errors.Join(end, a.document(verdictDocument{OK: kind == allHolds, Verdict: kind, Result: r}))
	}
	passed, made := 0, 0
	var rows [][]string
	for _, c := range r.Checks {
		mark := "FAIL"
		switch {
		case c.Name == "replay" && c.OK && !r.Replayed:
			mark = "--" // a note, not a check that was made
			made--
		case c.OK:
			mark = "ok"
			passed++
		}
		made++
		rows = append(rows, []string{mark, c.Name, inert.Line(c.Reason)})
	}
	a.table(rows...)
	a.say("\n%d of %d checks hold. %s\n", passed, made, verdict(r, f.replay, o))
	a.say("%sIt does not show that the answer is true, nor that nothing else was used.\n", lines(answeredBy(r.Model)))
	if !r.Consistent {
		a.note("dsai: error: %s does not verify\n", ref)
		a.note("dsai: hint: the lines with FAIL say which part; do not rely on it\n")
		return end
	}
	if !r.OK {
		e := unanchored(r.Anchor)
		a.note("dsai: error: %s\ndsai: hint: %s\n", e.Message, a.here(e.Hint))
		return end
	}
	if kind == control.Unavailable {
		a.note("dsai: error: the answer was not made again; everything else holds\n")
		a.note("dsai: hint: the line with replay says why; without --replay the rest is checked alone\n")
	}
	if !f.replay && o.whole && r.Assurance == dsai.Replayable {
		trust := ""
		if f.trust != "" {
			trust = " --trust " + quote(f.trust)
		}
		a.next("dsai verify --replay%s %s", trust, quoteFile(ref))
	}
	return end
}

// answeredBy says what identifies the model, and that its id does not.
func answeredBy(m *dsai.ModelRef) string {
	switch {
	case m == nil, m.Class == dsai.EngineExtract:
		return ""
	case m.Class == dsai.EngineInfer:
		return fmt.Sprintf("The model is the file %s; %s is the node's name for it.\n", m.Fingerprint, inert.Line(m.ID))
	}
	return fmt.Sprintf("Nothing identifies the model: %s is the node's name for what a server ran.\n", inert.Line(m.ID))
}

// openings is what a bundle tells of making its answer again.
type openings struct {
	whole bool       // it holds the texts that a replay needs
	ended dsai.Ended // "" of a refusal
}

func opened(bundle []byte) (o openings) {
	var b dsai.Bundle
	var r struct {
		Subject struct {
			Ended dsai.Ended `json:"ended"`
		} `json:"credentialSubject"`
	}
	if json.Unmarshal(bundle, &b) != nil || json.Unmarshal(b.Receipt, &r) != nil {
		return o
	}
	o.ended = r.Subject.Ended
	o.whole = b.Openings != nil && b.Openings.Response != nil && b.Openings.Prompt != nil &&
		o.ended != dsai.EndedCrashed && o.ended != dsai.EndedDegraded
	return o
}

// verdict says what is shown, and no more: whether the answer was made again,
// could be, or was only recorded, and that a log without witnesses could have
// been rewritten by its node.
func verdict(r *verify.Result, asked bool, o openings) string {
	var s []string
	switch r.Anchor {
	case verify.AnchorPinned:
		s = append(s, "Signed by a node that you believe.")
	case verify.AnchorMismatch:
		s = append(s, "Signed by others than your trust file names.")
	default:
		s = append(s, "Nobody you believe vouches for who signed.")
	}
	switch {
	case r.Kind == dsai.TypeRefusalReceipt:
		s = append(s, "It is a refusal: nothing was answered.")
	case r.Assurance == dsai.Recorded:
		s = append(s, "The answer was recorded; it cannot be made again.")
	case r.Replayed:
		s = append(s, "The answer was made again and came out the same.")
	case o.ended == dsai.EndedCrashed, o.ended == dsai.EndedDegraded:
		s = append(s, fmt.Sprintf("It ended %s: there is no whole answer to make again.", o.ended))
	case slices.ContainsFunc(r.Checks, func(c verify.Check) bool { return c.Name == "replay" && !c.OK }):
		s = append(s, "Making the answer again does not confirm it.")
	case asked || !o.whole:
		s = append(s, "The answer could not be made again.")
	default:
		s = append(s, "The answer can be made again with --replay.")
	}
	if r.Witnesses == 0 {
		s = append(s, "No witness saw the log: its node could still show others another one.")
	} else {
		s = append(s, fmt.Sprintf("%s of %s saw the log.", witnesses(r.Witnesses), plural(r.Operators, "operator")))
	}
	return strings.Join(s, " ")
}
