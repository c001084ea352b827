// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"fmt"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
)

// parts is a dsai.Bundle in canonical form with its lists split.
type parts struct {
	receipt, charter, node, undertaking, policy, statistics []byte

	salt     dsai.Salt
	proof    string
	passages []dsai.PassageProof
	openings *dsai.Openings
	bodies   [][]byte // of the opened passages

	members, keyEvents, adoptions, consents, delegations, additions, revocations, statusLists, derivations [][]byte
}

// readOuter returns the members of the canonical form of raw.
func readOuter(raw []byte) ([]vc.Member, error) {
	_, members, err := vc.CanonicalObject(raw)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(members, func(m vc.Member) bool { return string(m.Name) == "format" }) {
		return nil, fmt.Errorf("%w: no format", dsai.ErrSyntax)
	}
	return members, nil
}

// read takes a bundle apart. It reads the outermost object by hand, under the
// rule of vc.Decode, because most of a bundle is credentials that may have been
// opened before.
func (p *parts) read(members []vc.Member) error {
	var format string
	fields := map[string]func(json []byte) error{
		"format": into(&format), "salt": into(&p.salt), "proof": into(&p.proof), "passages": into(&p.passages),
		"receipt": keep(&p.receipt), "charter": keep(&p.charter), "node": keep(&p.node),
		"undertaking": keep(&p.undertaking), "policy": keep(&p.policy),
		"members": list(&p.members), "keyEvents": list(&p.keyEvents), "adoptions": list(&p.adoptions),
		"consents": list(&p.consents), "delegations": list(&p.delegations), "additions": list(&p.additions),
		"revocations": list(&p.revocations), "statusLists": list(&p.statusLists), "derivations": list(&p.derivations),
	}
	optional := map[string]func(json []byte) error{"statistics": keep(&p.statistics), "openings": p.readOpenings}
	required := len(fields)
	for _, m := range members {
		read, ok := fields[string(m.Name)]
		if ok {
			required--
		} else if read, ok = optional[string(m.Name)]; !ok {
			return fmt.Errorf("%w: unknown field %.40q", dsai.ErrSyntax, m.Name)
		}
		if err := read(m.Value); err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
	}
	switch {
	case required != 0:
		return fmt.Errorf("%w: %d fields are missing", dsai.ErrSyntax, required)
	case format != dsai.BundleFormat:
		return fmt.Errorf("format %.40q is not %q", format, dsai.BundleFormat)
	}
	return nil
}

func into[T any](dst *T) func([]byte) error {
	return func(raw []byte) (err error) {
		*dst, err = vc.DecodeCanonical[T](raw)
		return err
	}
}

// readOpenings refuses an empty shell: what is withheld is absent. It keeps the
// bodies of passages as they stand: their commitments are over canonical form.
func (p *parts) readOpenings(raw []byte) error {
	if string(raw) == "{}" {
		return fmt.Errorf("%w: empty, should be absent", dsai.ErrSyntax)
	}
	if err := into(&p.openings)(raw); err != nil || len(p.openings.Passages) == 0 {
		return err
	}
	passages, err := vc.Elements(member(raw, "passages"))
	for _, each := range passages {
		p.bodies = append(p.bodies, member(each, "body"))
	}
	return err
}

func keep(dst *[]byte) func([]byte) error {
	return func(raw []byte) error {
		if len(raw) == 0 || raw[0] != '{' {
			return fmt.Errorf("%w: not an object", dsai.ErrSyntax)
		}
		*dst = raw
		return nil
	}
}

func list(dst *[][]byte) func([]byte) error {
	return func(raw []byte) (err error) {
		*dst, err = vc.Elements(raw)
		return err
	}
}
