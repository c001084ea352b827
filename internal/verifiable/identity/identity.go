// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package identity follows the keys of a member or node from its inception
// through its key events: which key was in force when, and whether each change
// was allowed. A verifier judges signatures by it and a node refuses by it, so
// that both have one rule (spec/identity.md#key-event).
//
// It opens no credential, reads no clock and knows no co-op: a history says which
// keys an id had, not that no later event exists.
package identity

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
)

// Keys are the keys of a member or node from one moment on.
type Keys struct {
	From    dsai.Time
	Sign    string // did:key that signs credentials: the consent or receipt key
	Set     dsai.KeySet
	Custody dsai.Custody // of a member's Sign; "" for a node
}

// History is the keys that one id has had, oldest first. It is never empty once
// it was made by Member or Node.
type History []Keys

// At returns the keys in force at t, or none before there were any.
func (h History) At(t dsai.Time) (k Keys) {
	for _, s := range h {
		if s.From <= t {
			k = s
		}
	}
	return k
}

// Last returns the keys after every event that is known.
func (h History) Last() Keys {
	if len(h) == 0 {
		return Keys{}
	}
	return h[len(h)-1]
}

// Ever reports whether did signed for this id at any time.
func (h History) Ever(did string) bool {
	return slices.ContainsFunc(h, func(s Keys) bool { return s.Sign == did })
}

// Event is an opened KeyEvent.
type Event = vc.Sealed[dsai.KeyEvent]

// Member follows a member's key events from an inception that was checked. The
// events may come in any order; all of them must belong to the member.
func Member(m *vc.Sealed[dsai.MemberInception], id dsai.MemberID, events []*Event) (History, error) {
	s := m.Subject
	return chain{
		of: id.Digest, suite: dsai.SuiteMember, recovery: s.Recovery, read: memberKeys,
	}.follow(Keys{m.ValidFrom, s.ConsentKey, dsai.KeySet{ConsentKey: s.ConsentKey, ChainKey: &s.ChainKey}, s.Custody}, m.Digest, events)
}

// Node is Member for a node. Nodes have no recovery.
func Node(n *vc.Sealed[dsai.NodeInception], id dsai.NodeID, events []*Event) (History, error) {
	s := n.Subject
	return chain{of: id.Digest, suite: dsai.SuiteNode, read: nodeKeys}.follow(
		Keys{From: n.ValidFrom, Sign: s.ReceiptKey, Set: dsai.KeySet{PeerKey: s.PeerKey, LogKey: s.LogKey, ReceiptKey: s.ReceiptKey, WitnessKey: s.WitnessKey}},
		n.Digest, events)
}

// chain is what differs between the events of members and of nodes.
type chain struct {
	of       dsai.Digest
	suite    string
	recovery *dsai.Recovery
	read     func(e *Event, before Keys) (Keys, error)
}

// follow replays the events. Each must be signed by the key in force, or enough
// recovery contacts, and by the new key.
func (c chain) follow(first Keys, inception dsai.Digest, events []*Event) (History, error) {
	events = slices.SortedFunc(slices.Values(events), func(a, b *Event) int { return cmp.Compare(a.Subject.Sequence, b.Subject.Sequence) })
	h, previous := History{first}, inception
	for i, e := range events {
		now, s := h.Last(), e.Subject
		next, err := c.read(e, now)
		switch {
		case s.Of != c.of || s.Sequence != i+1 || s.Previous != previous:
			err = errors.New("does not follow the one before")
		case e.ValidFrom < now.From || s.ID != now.Sign:
			err = errors.New("is not for the key in force")
		case err != nil:
		case !signs(e, next.Sign, c.suite):
			err = errors.New("is not signed by the new key")
		default:
			err = authorised(e, now.Sign, c.recovery)
		}
		if err != nil {
			return nil, fmt.Errorf("key event %d of %s %w", s.Sequence, s.Of.String()[:12], err)
		}
		h, previous = append(h, next), e.Digest
	}
	return h, nil
}

func memberKeys(e *Event, before Keys) (Keys, error) {
	k, custody := e.Subject.Keys, cmp.Or(e.Subject.Custody, before.Custody)
	if k.ConsentKey == "" || k.ChainKey == nil || k.PeerKey != "" || k.LogKey != "" || k.ReceiptKey != "" || k.WitnessKey != "" {
		return Keys{}, errors.New("names the wrong keys")
	}
	if custody != dsai.CustodyDevice && custody != dsai.CustodyNode {
		return Keys{}, fmt.Errorf("names unknown custody %.20q", custody)
	}
	return Keys{e.ValidFrom, k.ConsentKey, k, custody}, nil
}

func nodeKeys(e *Event, _ Keys) (Keys, error) {
	k := e.Subject.Keys
	if k.ConsentKey != "" || k.ChainKey != nil || k.PeerKey == "" || k.LogKey == "" || k.ReceiptKey == "" || k.WitnessKey == "" || e.Subject.Custody != "" {
		return Keys{}, errors.New("names the wrong keys")
	}
	return Keys{From: e.ValidFrom, Sign: k.ReceiptKey, Set: k}, nil
}

// authorised checks who let the keys change: the key in force, or recovery
// contacts after the delay in which that key could object.
func authorised(e *Event, current string, recovery *dsai.Recovery) error {
	switch e.Subject.Reason {
	case dsai.KeysRotated, dsai.KeysCompromised:
		if e.Issuer != current {
			return errors.New("is not signed by the key in force")
		}
		return nil
	case dsai.KeysRecovered:
		return recovered(e, recovery)
	}
	return fmt.Errorf("has unknown reason %.20q", e.Subject.Reason)
}

func recovered(e *Event, recovery *dsai.Recovery) error {
	if recovery == nil {
		return errors.New("is a recovery without recovery contacts")
	}
	count := 0
	for _, p := range e.Proof {
		if e.ValidFrom < p.Created+dsai.Time(recovery.Delay) {
			return errors.New("is a recovery before its delay is over")
		}
		if slices.ContainsFunc(recovery.Contacts, func(did string) bool { return vc.VerificationMethod(did) == p.VerificationMethod }) {
			count++
		}
	}
	if count < recovery.Threshold || count == 0 {
		return fmt.Errorf("is a recovery by %d of %d contacts", count, recovery.Threshold)
	}
	return nil
}

// signs reports whether one of an event's proofs, which hold, is by did under suite.
func signs(e *Event, did, suite string) bool {
	return slices.ContainsFunc(e.Proof, func(p dsai.Proof) bool {
		return p.VerificationMethod == vc.VerificationMethod(did) && p.Cryptosuite == suite
	})
}
