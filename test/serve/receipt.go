// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/verify"
)

// verifier checks as dsai verify --replay --model does.
func (l *ledger) verifier() *verify.Verifier {
	models := map[dsai.Digest]string{}
	for _, m := range l.home.models {
		models[m.print] = m.path
	}
	return verify.New(verify.Options{Trust: l.home.trust, Replayer: node.Replayer{Models: models}})
}

// finding is what a bundle shows.
type finding struct {
	fact
	class    string
	replayed bool
}

// verified verifies a bundle. A whole or cut answer must come out the same again; of one that ended
// before its first token, or crashed, there is nothing to make again.
func verified(v *verify.Verifier, raw []byte) (f finding, r dsai.InferenceReceipt, err error) {
	res, err := v.Bundle(raw)
	if err != nil {
		return f, r, err
	}
	if !res.OK {
		return f, r, fmt.Errorf("does not verify: %s", failed(res))
	}
	var b dsai.Bundle
	if err := json.Unmarshal(raw, &b); err != nil {
		return f, r, err
	}
	// Both kinds of receipt name their request so.
	var c struct {
		Subject dsai.InferenceReceipt `json:"credentialSubject"`
	}
	if res.Kind == dsai.TypeRefusalReceipt {
		var no struct {
			Subject dsai.RefusalReceipt `json:"credentialSubject"`
		}
		err := json.Unmarshal(b.Receipt, &no)
		c.Subject.Request, f.class = no.Subject.Request, "refused"
		return f, c.Subject, err
	}
	if err := json.Unmarshal(b.Receipt, &c); err != nil {
		return f, r, err
	}
	r = c.Subject
	f.ended, f.class, f.replayed = r.Ended, strings.TrimPrefix(string(r.Ended), "consent_"), res.Replayed
	if b.Openings != nil && b.Openings.Response != nil {
		f.text = b.Openings.Response.Text
	}
	if r.Assurance != dsai.Replayable {
		return f, r, fmt.Errorf("an answer of %s is %s", r.Model.ID, r.Assurance)
	}
	if !f.replayed && !nothing(r, b.Openings) {
		return f, r, fmt.Errorf("ended %s and was not made again: %s", r.Ended, failed(res))
	}
	return f, r, nil
}

// failed is what a result says of the checks that failed, and of the replay.
func failed(r *verify.Result) string {
	var out []string
	for _, c := range r.Checks {
		if !c.OK || c.Name == "replay" {
			out = append(out, c.Name+": "+c.Reason)
		}
	}
	return strings.Join(out, "; ")
}

// nothing returns whether there is nothing to make again.
func nothing(r dsai.InferenceReceipt, o *dsai.Openings) bool {
	switch {
	case r.Ended == dsai.EndedCrashed, r.Ended == dsai.EndedDegraded:
		return true
	case r.Ended == dsai.EndedComplete, r.Ended == dsai.EndedStopped:
		return false
	}
	return o != nil && o.Response != nil && o.Response.Text == "" && (o.Trace == nil || o.Trace.Text == "")
}

// again checks some receipts once more: since they were made, consents were withdrawn, models replaced
// and keys revoked, and the node may have been killed.
func (l *ledger) again(r *rand.Rand) error {
	v := l.verifier()
	all := slices.Collect(maps.Keys(l.listed))
	slices.SortFunc(all, func(a, b dsai.Digest) int { return strings.Compare(a.String(), b.String()) })
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, d := range all[:min(len(all), 20+len(all)/50)] {
		raw, err := l.home.bundle(d)
		if err == nil {
			_, _, err = verified(v, raw)
		}
		if err != nil {
			return fmt.Errorf("receipt %s, again: %w", d, err)
		}
		l.repeated++
	}
	return nil
}

// byHand has the program itself make an answer of each class again, as people do.
func (l *ledger) byHand() error {
	for name, c := range l.classes {
		for _, m := range l.home.models {
			if m.print != c.model {
				continue
			}
			if _, err := l.home.dsai("verify", "--replay", "--model", m.path, c.example.String()); err != nil {
				return fmt.Errorf("an answer that ended %s: %w", name, err)
			}
		}
	}
	return nil
}
