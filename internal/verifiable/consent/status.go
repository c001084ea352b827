// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
)

// Skew is the difference between honest clocks that is reckoned with.
const Skew dsai.Seconds = 5

// MaxStatusAge is the longest staleness that a consent may choose: it cannot
// stay usable in a partition for longer than its member would wait.
const MaxStatusAge dsai.Seconds = 30 * 24 * 3600

// Errors of Seen.Accept.
var (
	ErrOlder = errors.New("status list is older than one already seen")
	// ErrFork reports two lists with one sequence: proof that the point lied.
	ErrFork = errors.New("status list differs from one with the same sequence")
)

// Profile is a set of times that together bound how long a withdrawn consent
// can still be used.
type Profile struct {
	ListLife     dsai.Seconds // validity of each status list
	MaxStatusAge dsai.Seconds // that consents choose
	Work         dsai.Seconds // longest time between a check and the end of what it permitted
}

// Profiles: the default, and the one of "dsai add --sensitive".
var (
	Standard  = Profile{ListLife: 300, MaxStatusAge: 300, Work: 60}
	Sensitive = Profile{ListLife: 30, MaxStatusAge: 30, Work: 10}
)

// Bound returns B, the longest time for which a node that a partition cuts off
// may still use a consent after a revocation point acknowledged its withdrawal:
//
//	B = min(ListLife, MaxStatusAge) + Skew + Work
//
// The node that acknowledges stops at once.
func (p Profile) Bound() dsai.Seconds { return min(p.ListLife, p.MaxStatusAge) + Skew + p.Work }

// ProfileFor returns the profile that a consent with this MaxStatusAge runs
// under, so that every node computes the same bound.
func ProfileFor(maxStatusAge dsai.Seconds) Profile {
	p := Standard
	if maxStatusAge <= Sensitive.MaxStatusAge {
		p = Sensitive
	}
	p.MaxStatusAge = maxStatusAge
	return p
}

// Status is an opened status list.
type Status struct {
	Digest   dsai.Digest // of the credential, for Use.Status
	List     string      // URI that StatusEntry.StatusListCredential names
	Coop     dsai.CoopID
	Node     dsai.NodeID // the revocation point that vouches
	Sequence uint64
	From     dsai.Time
	Until    dsai.Time

	bits      *vc.Bits
	withdrawn []dsai.Digest // documents, by dsai.WithdrawnDocument
}

// OpenStatus reads an opened status list. The caller has checked that its
// issuer is a key of the node that it names. Errors wrap dsai.ErrSyntax.
func OpenStatus(c vc.Sealed[dsai.StatusList]) (*Status, error) {
	s := c.Subject
	list, named := strings.CutSuffix(s.ID, vc.ListID(""))
	switch {
	case s.Type != vc.StatusListType || s.StatusPurpose != vc.StatusPurpose:
		return nil, fmt.Errorf("open status list: %w: a %.40q for %.40q", dsai.ErrSyntax, s.Type, s.StatusPurpose)
	case list == "" || !named:
		return nil, fmt.Errorf("open status list: %w: subject %.200q", dsai.ErrSyntax, s.ID)
	case c.ValidUntil == 0 || c.ValidUntil <= c.ValidFrom:
		return nil, fmt.Errorf("open status list: %w: no end of validity", dsai.ErrSyntax)
	}
	bits, err := vc.DecodeBits(s.EncodedList)
	if err != nil {
		return nil, fmt.Errorf("open status list: %w", err)
	}
	if err := vc.CheckWithdrawn(s.Withdrawn); err != nil {
		return nil, fmt.Errorf("open status list: %w", err)
	}
	return &Status{
		Digest: c.Digest, List: list, Coop: s.Coop, Node: s.Node, Sequence: s.Sequence,
		From: c.ValidFrom, Until: c.ValidUntil, bits: bits, withdrawn: s.Withdrawn,
	}, nil
}

// Revoked reports whether the bit at index is set; outside the list it is.
func (s *Status) Revoked(index int) bool { return s.bits.Revoked(index) }

// Seen is the latest status list seen of one point, as a node remembers it.
// The zero value has seen none.
type Seen struct {
	Sequence uint64
	Digest   dsai.Digest
}

// Accept returns what is remembered after seeing s. ErrOlder and ErrFork leave
// the memory as it was.
func (m Seen) Accept(s *Status) (Seen, error) {
	switch {
	case s.Sequence < m.Sequence:
		return m, fmt.Errorf("%w: %d after %d", ErrOlder, s.Sequence, m.Sequence)
	case s.Sequence == m.Sequence && !m.Digest.IsZero() && s.Digest != m.Digest:
		return m, fmt.Errorf("%w: %d is %v and %v", ErrFork, s.Sequence, m.Digest, s.Digest)
	}
	return Seen{s.Sequence, s.Digest}, nil
}

// holds reports whether m, which remembers the latest, allows to use s.
func (m Seen) holds(s *Status) bool {
	return s.Sequence > m.Sequence || s.Sequence == m.Sequence && (m.Digest.IsZero() || s.Digest == m.Digest)
}

// status decides whether the list s clears the grant. Times are compared as
// they stand: the Skew in Bound is that between the point's clock and this one,
// and forgiving it here would count it twice.
func (g *Grant) status(q *Query, s *Status, seen Seen) Reason {
	if s == nil {
		return StatusMissing
	}
	age := g.Consent.Subject.MaxStatusAge
	if q.StatusCeiling > 0 {
		age = min(age, q.StatusCeiling)
	}
	now := q.At.Now
	switch {
	case s.List != g.list || s.Coop != g.Consent.Subject.Coop || !slices.Contains(g.Consent.Subject.RevocationPoints, s.Node):
		return StatusUnverified
	case !seen.holds(s):
		return StatusSequence
	case slices.ContainsFunc(g.indexes, s.Revoked):
		return Revoked // however old: a withdrawal does not go stale
	case now < s.From, now > s.Until, now > s.From+dsai.Time(age):
		return StatusStale
	}
	return OK
}
