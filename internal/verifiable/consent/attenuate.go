// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"errors"
	"fmt"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/purpose"
	"dsai.example/dsai/internal/verifiable/vc"
)

// ErrAttenuation reports a delegated grant that goes beyond what was delegated.
var ErrAttenuation = errors.New("delegation is exceeded")

// MaxDelegations is the most delegations that may stand between a member and
// the key that signs a consent.
const MaxDelegations = 3

// Scope is what a delegation hands on and a consent makes use of.
type Scope struct {
	Member      dsai.MemberID
	Coop        dsai.CoopID
	From, Until dsai.Time
	Purposes    dsai.Purposes
	Operations  []dsai.Operation
	Engines     []dsai.EngineClass
	Data        dsai.DataScope
}

// ScopeOf returns the scope of a consent.
func ScopeOf(c vc.Sealed[dsai.ConsentBundle]) Scope {
	b := c.Subject
	return Scope{b.Member, b.Coop, c.ValidFrom, c.ValidUntil, b.Purposes, b.Operations, b.Engines, b.Data}
}

// ScopeOfDelegation returns the scope that a delegation hands on.
func ScopeOfDelegation(c vc.Sealed[dsai.ConsentDelegation]) Scope {
	d := c.Subject
	return Scope{d.Member, d.Coop, c.ValidFrom, c.ValidUntil, d.Purposes, d.Ops, d.Engines, d.Data}
}

// Attenuates returns nil when child lies within parent in every field: the same
// member and co-op, no purpose, operation, engine or document more, and a
// validity inside the other. Errors wrap ErrAttenuation.
func Attenuates(parent, child Scope) error {
	refuse := func(what string) error { return fmt.Errorf("%w: %s", ErrAttenuation, what) }
	if child.Member != parent.Member || child.Coop != parent.Coop {
		return refuse("another member or co-op")
	}
	// An open end would outlive any parent.
	if parent.Until == 0 || child.Until == 0 || child.From < parent.From || child.Until > parent.Until {
		return refuse("validity")
	}
	for _, p := range [...]dsai.Purposes{parent.Purposes, child.Purposes} {
		if err := checkPurposes(p); err != nil {
			return fmt.Errorf("%w: %w", ErrAttenuation, err)
		}
	}
	// checkPurposes has called both, so neither fails here.
	have, _ := purpose.Permitted(parent.Purposes.Allow, parent.Purposes.Deny)
	want, _ := purpose.Permitted(child.Purposes.Allow, child.Purposes.Deny)
	switch {
	case !want.Within(have):
		return refuse("purposes")
	case !distinct(operations, child.Operations) || !maskOf(operations, child.Operations).within(maskOf(operations, parent.Operations)):
		return refuse("operations")
	case !distinct(engines, child.Engines) || !maskOf(engines, child.Engines).within(maskOf(engines, parent.Engines)):
		return refuse("engines")
	}
	if what := exceeds(parent.Data, child.Data); what != "" {
		return refuse(what)
	}
	return nil
}

// exceeds names what child covers beyond parent, or returns "". A document that
// child names must be named by parent: that it may belong to parent's
// collection is nothing that the two can show.
func exceeds(parent, child dsai.DataScope) string {
	if err := errors.Join(checkData(parent), checkData(child)); err != nil {
		return err.Error()
	}
	if child.Collection != nil && (parent.Collection == nil || *child.Collection != *parent.Collection) {
		return "collection"
	}
	have := make(map[dsai.DocumentID]dsai.DocumentGrant, len(parent.Documents))
	for _, d := range parent.Documents {
		have[d.Document] = d
	}
	for _, d := range child.Documents {
		p, ok := have[d.Document]
		frozen := p.Mode == dsai.ModeFrozen
		if !ok || frozen && (d.Mode != dsai.ModeFrozen || *d.Version != *p.Version) {
			return "document " + d.Document.String()
		}
	}
	return ""
}

// checkChain checks that delegations, outermost first, lead from the member to
// the issuer of a consent, which stays within all of them.
func checkChain(chain []vc.Sealed[dsai.ConsentDelegation], c vc.Sealed[dsai.ConsentBundle]) error {
	named := c.Subject.Delegation
	if len(named) == 0 && len(chain) == 0 {
		return nil
	}
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("%w: "+format, append([]any{ErrAttenuation}, args...)...)
	}
	if len(chain) != len(named) || len(chain) > MaxDelegations {
		return refuse("%d delegations for the %d that are named, at most %d", len(chain), len(named), MaxDelegations)
	}
	holder, parent := c.Subject.ID, (*vc.Sealed[dsai.ConsentDelegation])(nil)
	holders := []string{holder}
	for i := range chain {
		d := &chain[i]
		switch s := &d.Subject; {
		case d.Digest != named[i]:
			return refuse("delegation %d is %v, the consent names %v", i+1, d.Digest, named[i])
		case d.Issuer != holder || s.ID != holder:
			return refuse("delegation %d is by %.80q, want %.80q", i+1, d.Issuer, holder)
		case slices.Contains(holders, s.Delegate):
			return refuse("delegation %d goes back to %.80q", i+1, s.Delegate)
		case s.Depth < 0 || s.Depth > MaxDelegations-1-i:
			return refuse("delegation %d allows %d more", i+1, s.Depth)
		case (parent == nil) != (s.Parent == nil):
			return refuse("delegation %d is not the %d-th", i+1, i+1)
		}
		if parent != nil {
			if *d.Subject.Parent != parent.Digest || d.Subject.Depth >= parent.Subject.Depth {
				return refuse("delegation %d does not follow from the one before", i+1)
			}
			if err := Attenuates(ScopeOfDelegation(*parent), ScopeOfDelegation(*d)); err != nil {
				return err
			}
		}
		holder, parent = d.Subject.Delegate, d
		holders = append(holders, holder)
	}
	if c.Issuer != holder {
		return refuse("issued by %.80q, delegated to %.80q", c.Issuer, holder)
	}
	return Attenuates(ScopeOfDelegation(*parent), ScopeOf(c))
}
