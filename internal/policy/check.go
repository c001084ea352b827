// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"dsai.example/dsai"
)

const (
	day = 24 * 3600

	// maxAge bounds MaxStatusAge and MaxPolicyAge: the constitution lets nobody
	// act for longer than this on what they last heard.
	maxAge dsai.Seconds = 30 * day
	// minPolicyAge keeps a slow source from stopping every node.
	minPolicyAge dsai.Seconds = 60

	maxWitnesses = 16
	maxText      = 1000 // bytes in a name or a rule
	maxModels    = 256
)

var engines = []dsai.EngineClass{dsai.EngineExtract, dsai.EngineInfer, dsai.EngineUpstream}

// check returns nil when everything but the rules and tests can be adopted.
func (d *Document) check() error {
	switch {
	case d.Format != Format:
		return fmt.Errorf("format %.40q, want %q", d.Format, Format)
	case d.Name == "" || len(d.Name) > maxText:
		return fmt.Errorf("name has %d bytes, want 1 to %d", len(d.Name), maxText)
	case len(d.Rules) == 0 || len(d.Rules) > MaxRules:
		return fmt.Errorf("%d rules, want 1 to %d", len(d.Rules), MaxRules)
	case len(d.Tests) == 0 || len(d.Tests) > MaxTests:
		return fmt.Errorf("%d tests, want 1 to %d", len(d.Tests), MaxTests)
	}
	if err := d.Parameters.check(); err != nil {
		return fmt.Errorf("parameters: %w", err)
	}
	for i, r := range d.Rules {
		switch {
		case !isID(r.ID):
			return fmt.Errorf("rule %d: id %.60q, want lower-case letters, digits and hyphens", i+1, r.ID)
		case slices.ContainsFunc(d.Rules[:i], func(o Rule) bool { return o.ID == r.ID }):
			return fmt.Errorf("rule %d: id %q is taken", i+1, r.ID)
		case r.Effect != Allow && r.Effect != Deny:
			return fmt.Errorf("rule %s: effect %.40q, want %q or %q", r.ID, r.Effect, Allow, Deny)
		case r.When == "" || len(r.When) > maxText:
			return fmt.Errorf("rule %s: condition has %d bytes, want 1 to %d", r.ID, len(r.When), maxText)
		}
	}
	return nil
}

func (p *Parameters) check() error {
	within := func(n, low, high int) bool { return n >= low && n <= high }
	switch {
	case p.MaxStatusAge < 1 || p.MaxStatusAge > maxAge:
		return fmt.Errorf("maxStatusAgeSeconds %d, want 1 to %d", p.MaxStatusAge, maxAge)
	case p.MaxPolicyAge < minPolicyAge || p.MaxPolicyAge > maxAge:
		return fmt.Errorf("maxPolicyAgeSeconds %d, want %d to %d", p.MaxPolicyAge, minPolicyAge, maxAge)
	case !within(p.MinWitnesses, 0, maxWitnesses):
		return fmt.Errorf("minWitnesses %d, want 0 to %d", p.MinWitnesses, maxWitnesses)
	case !within(int(p.ReplayAuditRate), 0, int(Whole)):
		return fmt.Errorf("replayAuditRateBasisPoints %d, want 0 to %d", p.ReplayAuditRate, Whole)
	case !within(int(p.EvidenceFloor), 0, int(Whole)):
		return fmt.Errorf("evidenceFloorBasisPoints %d, want 0 to %d", p.EvidenceFloor, Whole)
	case !within(p.PowerFloor, 0, 100):
		return fmt.Errorf("powerFloorPercent %d, want 0 to 100", p.PowerFloor)
	case len(p.Engines) == 0:
		return errors.New("engines is empty: nothing could answer")
	case len(p.Models) > maxModels:
		return fmt.Errorf("%d models, at most %d", len(p.Models), maxModels)
	}
	for i, e := range p.Engines {
		if !slices.Contains(engines, e) || slices.Contains(p.Engines[:i], e) {
			return fmt.Errorf("engine %.40q: want some of %q, each once", e, engines)
		}
	}
	for i, m := range p.Models {
		if slices.Contains(p.Models[:i], m) {
			return fmt.Errorf("model %v is named twice", m)
		}
	}
	if err := p.Prices.check(); err != nil {
		return err
	}
	return p.Split.check()
}

func isID(s string) bool {
	return s != "" && len(s) <= 40 && s[0] != '-' && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
