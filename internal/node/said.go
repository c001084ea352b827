// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/internal/view"
)

// said is what a member signed: a consent, additions to a collection, or both.
type said struct {
	consent   *vc.Sealed[dsai.ConsentBundle] // nil without one
	additions []addition
	by        *member   // of whom the consent is; nil: whom it names
	at        dsai.Time // which withdrawals it is older than
}

// saidHere is the time of what this node signs for a member, with the key that it
// keeps: it has looked at every withdrawal, so that it is older than none, also in
// the second of one.
const saidHere = dsai.Time(math.MaxInt64)

// openSaid opens what was signed elsewhere. It counts as said when its first part
// was signed, and not after its validity began: the request that was signed says
// when that is, by this node's clock, and the signer's may run ahead.
func openSaid(consent []byte, additions []json.RawMessage) (said, error) {
	out := said{at: saidHere}
	if consent != nil {
		s, err := vc.Open[dsai.ConsentBundle](consent, dsai.TypeConsentBundle)
		if err != nil {
			return out, err
		}
		out.consent, out.at = &s, min(out.at, s.ValidFrom, s.Proof[0].Created)
	}
	for _, raw := range additions {
		s, err := vc.Open[dsai.CollectionAddition](raw, dsai.TypeCollectionAddition)
		if err != nil {
			return out, err
		}
		out.additions, out.at = append(out.additions, s), min(out.at, s.ValidFrom, s.Proof[0].Created)
	}
	return out, nil
}

// openSigned opens what a contribution was signed with, by somebody who may be no
// member yet.
func (n *Node) openSigned(c Contribution) (said, error) {
	s, err := openSaid(c.Signed, c.Additions)
	if err == nil && c.Signed != nil && len(c.Inception) > 0 {
		s.by, err = n.admission(c.Name, c.Inception)
	}
	return s, err
}

// handIn records what a member signed elsewhere.
func (n *Node) handIn(ctx context.Context, s said) (*grant, error) {
	n.revoking.Lock()
	defer n.revoking.Unlock()
	if err := n.lib.mend(ctx, n.db); err != nil { // it may have missed a withdrawal
		return nil, err
	}
	return n.acceptSaid(ctx, s)
}

// acceptSaid records both parts of what a member signed elsewhere. The caller
// holds revoking, under a library that is read.
func (n *Node) acceptSaid(ctx context.Context, s said) (g *grant, err error) {
	if s.consent != nil {
		for _, a := range s.additions { // before the consent is recorded: both or neither
			if a.Issuer != s.consent.Issuer || a.Subject.Member != s.consent.Subject.Member {
				return nil, fmt.Errorf("an addition is signed by another key than the consent that it comes with: %w", errNotOurs)
			}
		}
		if g, err = n.acceptConsent(ctx, s); err != nil {
			return nil, err
		}
	}
	if s.consent != nil && len(s.additions) == 0 {
		return g, nil
	}
	return n.acceptAdditions(ctx, s)
}

// checkNewer refuses what a member said before taking one of its documents back:
// handed in afterwards, it would lend the document again. The caller has checked
// who signed the consent, or the additions when there is none.
func (n *Node) checkNewer(what string, s said) error {
	old := &outdatedError{what: what, said: s.at}
	look := func(m dsai.MemberID, id dsai.DocumentID) {
		d := n.lib.documentByID(id)
		if d == nil || d.Member != m || s.at > d.taken.last {
			return
		}
		if old.count++; old.count <= namedInErrors {
			old.member = n.memberName(m)
			old.ids = append(old.ids, fmt.Sprintf("%s at %v", shortID("d", id.Digest), d.taken.last))
			old.titles = append(old.titles, fmt.Sprintf("%s at %v", inert.Line(d.Title), d.taken.last))
		}
	}
	if s.consent != nil {
		for _, d := range s.consent.Subject.Data.Documents {
			look(s.consent.Subject.Member, d.Document)
		}
	}
	for _, a := range s.additions { // by the same member, see acceptSaid
		look(a.Subject.Member, a.Subject.Document.Document)
	}
	if old.count == 0 {
		return nil
	}
	return old
}

// namedInErrors is how many documents an error names.
const namedInErrors = 3

// outdatedError reports what was said before its documents were taken back.
type outdatedError struct {
	what, member string
	said         dsai.Time
	count        int      // of documents
	ids, titles  []string // of the first of them, with when they were taken back; titles are for the operator
}

func (e *outdatedError) Error() string {
	return fmt.Sprintf("%v: %s is of %v, and later its member took back %s", view.ErrOutdated, e.what, e.said, e.list(e.ids))
}

func (e *outdatedError) hint() string {
	return fmt.Sprintf("taken back: %s; nothing of this was taken. To lend again, make a new request and have %s sign that: dsai consent request PATH --to %s. "+
		"If it was signed after the withdrawal, the clock of the machine where it was signed is behind", e.list(e.titles), e.member, e.member)
}

func (e *outdatedError) list(named []string) string {
	s := strings.Join(named, ", ")
	if more := e.count - len(named); more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

// Is makes it something that its submitter can mend.
func (e *outdatedError) Is(target error) bool {
	return slices.Contains([]error{view.ErrOutdated, errNotOurs}, target)
}
