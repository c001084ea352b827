// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/verify"
)

// The forger's word: a dose, half as much again.
const (
	said   = "six"
	forged = "nine"
)

// forge changes one word of the answer and expects the check of the openings to
// find out, and no other but the replay, which rests on it.
func (p *play) forge(_ context.Context, s *Step) error {
	raw, err := changeAnswer(p.answer, said, forged)
	if err != nil {
		return err
	}
	r, err := verify.Bundle(raw, verify.Options{Trust: p.trust, Replayer: node.Replayer{}})
	if err != nil {
		return err
	}
	var failed []verify.Check
	for _, c := range r.Checks {
		if !c.OK {
			failed = append(failed, c)
		}
	}
	if r.OK || len(failed) == 0 || failed[0].Name != "openings" || len(failed) > 2 || len(failed) == 2 && failed[1].Name != "replay" {
		return fmt.Errorf("a forged answer: ok is %t, and these checks fail: %+v", r.OK, failed)
	}
	s.Detail = fmt.Sprintf("%q changed to %q in the answer: check %q fails", said, forged, failed[0].Name)
	s.More = []string{failed[0].Reason}
	return nil
}

// changeAnswer returns the bundle with the word old replaced by new in the opened
// answer, and in nothing else.
func changeAnswer(bundle []byte, old, new string) ([]byte, error) {
	var b dsai.Bundle
	if err := json.Unmarshal(bundle, &b); err != nil {
		return nil, err
	}
	old, new = " "+old+" ", " "+new+" " // a whole word
	if b.Openings == nil || b.Openings.Response == nil || !strings.Contains(b.Openings.Response.Text, old) {
		return nil, fmt.Errorf("the answer does not say %q", old)
	}
	b.Openings.Response.Text = strings.Replace(b.Openings.Response.Text, old, new, 1)
	return vc.Canonical(b)
}
