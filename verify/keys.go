// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
)

// keyState is the keys of a member or node from one moment on.
type keyState struct {
	from dsai.Time
	key  string // did:key that signs credentials
	log  string // did:key of the log, for a node
}

// history is the keys that one id has had, oldest first.
type history []keyState

// at returns the signing key in force at t, or "" before there was one.
func (h history) at(t dsai.Time) string {
	key := ""
	for _, s := range h {
		if s.from <= t {
			key = s.key
		}
	}
	return key
}

// ever reports whether did signed for this id at any time.
func (h history) ever(did string) bool {
	return slices.ContainsFunc(h, func(s keyState) bool { return s.key == did })
}

// byMember checks that s was issued by the key that a member had in force when
// it was signed, as the signer says.
func byMember[S any](a *audit, s *vc.Sealed[S], id dsai.MemberID) error {
	a.needed[id] = true
	return accounted(a, s, a.memberKeys[id], "member "+short(id.Digest))
}

// byNode is byMember for a node.
func byNode[S any](a *audit, s *vc.Sealed[S], id dsai.NodeID) error {
	return accounted(a, s, a.nodeKeys[id], "node "+short(id.Digest))
}

// accounted checks the issuer of s against the keys of who. Where they do not
// account for the signature, the check of members fails with the caller's.
func accounted[S any](a *audit, s *vc.Sealed[S], h history, who string) error {
	created := s.Proof[0].Created
	switch {
	case h == nil:
		a.unkeyed = fmt.Errorf("%s %s: no inception of %s, who signed it", s.Type[1], short(s.Digest), who)
	case h.at(created) != s.Issuer:
		a.unkeyed = fmt.Errorf("%s %s: signed at %v by a key that %s did not have in force", s.Type[1], short(s.Digest), created, who)
	default:
		return nil
	}
	return a.unkeyed
}

type memberInception struct {
	*vc.Sealed[dsai.MemberInception]
	id dsai.MemberID
}

type nodeInception struct {
	*vc.Sealed[dsai.NodeInception]
	id dsai.NodeID
}

// checkMembers opens the inceptions and follows the key events of members and
// node. Whether each member is needed is seen at the end.
func (a *audit) checkMembers() (string, error) {
	a.memberKeys, a.nodeKeys = map[dsai.MemberID]history{}, map[dsai.NodeID]history{}
	events, err := openAll[dsai.KeyEvent](a, a.b.keyEvents, dsai.TypeKeyEvent)
	if err != nil {
		return "", err
	}
	chains := map[dsai.Digest][]*vc.Sealed[dsai.KeyEvent]{}
	for _, e := range events {
		chains[e.Subject.Of] = append(chains[e.Subject.Of], e)
	}
	// The node's own inception is judged by its check; its keys are needed here.
	if n, err := recall(a.v, a.b.node, readNode); err == nil {
		a.node = n
		first := keyState{n.ValidFrom, n.Subject.ReceiptKey, n.Subject.LogKey}
		if a.nodeKeys[n.id], err = follow(first, n.Digest, chains[n.id.Digest], nil); err != nil {
			return "", err
		}
		delete(chains, n.id.Digest)
	}
	devices := 0
	var last dsai.Digest
	for i, raw := range a.b.members {
		m, err := recall(a.v, raw, readMember)
		if err != nil {
			return "", err
		}
		if i > 0 && !before(last, m.Digest) {
			return "", errNotSorted(dsai.TypeMemberInception, m.Digest)
		}
		if last = m.Digest; a.member(m.id) != nil {
			return "", fmt.Errorf("member %s has two inceptions", short(m.id.Digest))
		}
		first := keyState{from: m.ValidFrom, key: m.Subject.ConsentKey}
		if a.memberKeys[m.id], err = follow(first, m.Digest, chains[m.id.Digest], m.Subject.Recovery); err != nil {
			return "", err
		}
		delete(chains, m.id.Digest)
		a.members = append(a.members, m)
		if m.Subject.Custody == dsai.CustodyDevice {
			devices++
		}
	}
	if len(chains) > 0 {
		return "", errors.New("key events of somebody who is not in the bundle")
	}
	return fmt.Sprintf("%d members: %d hold their own key, the node keeps %d; %d key events",
		len(a.members), devices, len(a.members)-devices, len(events)), nil
}

// member returns the inception of a member, or nil.
func (a *audit) member(id dsai.MemberID) *memberInception {
	for _, m := range a.members {
		if m.id == id {
			return m
		}
	}
	return nil
}

func readMember(raw []byte) (*memberInception, error) {
	s, err := vc.Open[dsai.MemberInception](raw, dsai.TypeMemberInception)
	if err != nil {
		return nil, err
	}
	m := s.Subject
	switch {
	case s.Issuer != m.ID || m.ID != m.ConsentKey || s.Proof[0].Cryptosuite != dsai.SuiteMember:
		return nil, errors.New("member inception: not signed by the P-256 consent key that it names")
	case m.Custody != dsai.CustodyDevice && m.Custody != dsai.CustodyNode:
		return nil, fmt.Errorf("member inception: unknown custody %.20q", m.Custody)
	}
	id, err := vc.MemberID(m)
	return &memberInception{&s, id}, err
}

func readNode(raw []byte) (*nodeInception, error) {
	s, err := vc.Open[dsai.NodeInception](raw, dsai.TypeNodeInception)
	if err != nil {
		return nil, err
	}
	n := s.Subject
	if s.Issuer != n.ID || n.ID != n.ReceiptKey || s.Proof[0].Cryptosuite != dsai.SuiteNode {
		return nil, errors.New("node inception: not signed by the Ed25519 receipt key that it names")
	}
	id, err := vc.NodeID(n)
	return &nodeInception{&s, id}, err
}

// follow replays the key events of one id from its inception. Each must be
// signed by the key in force, or enough recovery contacts, and by the new key.
func follow(first keyState, inception dsai.Digest, events []*vc.Sealed[dsai.KeyEvent], recovery *dsai.Recovery) (history, error) {
	slices.SortFunc(events, func(a, b *vc.Sealed[dsai.KeyEvent]) int { return cmp.Compare(a.Subject.Sequence, b.Subject.Sequence) })
	h, previous, suite := history{first}, inception, dsai.SuiteMember
	if first.log != "" {
		suite = dsai.SuiteNode
	}
	for i, e := range events {
		now, s := h[len(h)-1], e.Subject
		next := keyState{e.ValidFrom, s.Keys.ConsentKey, ""}
		if first.log != "" {
			next.key, next.log = s.Keys.ReceiptKey, s.Keys.LogKey
		}
		switch {
		case s.Sequence != i+1 || s.Previous != previous:
			return nil, fmt.Errorf("key event %d of %s does not follow the one before", s.Sequence, short(s.Of))
		case e.ValidFrom < now.from || s.ID != now.key:
			return nil, fmt.Errorf("key event %d of %s is not for the key in force", s.Sequence, short(s.Of))
		case first.log == "" && !isMemberKeys(s.Keys) || first.log != "" && !isNodeKeys(s.Keys):
			return nil, fmt.Errorf("key event %d of %s names the wrong keys", s.Sequence, short(s.Of))
		case !signs(e, next.key, suite):
			return nil, fmt.Errorf("key event %d of %s is not signed by the new key", s.Sequence, short(s.Of))
		}
		if err := authorised(e, now.key, recovery); err != nil {
			return nil, fmt.Errorf("key event %d of %s: %w", s.Sequence, short(s.Of), err)
		}
		h, previous = append(h, next), e.Digest
	}
	return h, nil
}

func isMemberKeys(k dsai.KeySet) bool {
	return k.ConsentKey != "" && k.ChainKey != nil && k.PeerKey == "" && k.LogKey == "" && k.ReceiptKey == "" && k.WitnessKey == ""
}

func isNodeKeys(k dsai.KeySet) bool {
	return k.ConsentKey == "" && k.ChainKey == nil && k.PeerKey != "" && k.LogKey != "" && k.ReceiptKey != "" && k.WitnessKey != ""
}

// authorised checks who let the keys change: the key in force, or recovery
// contacts after the delay in which that key could object.
func authorised(e *vc.Sealed[dsai.KeyEvent], current string, recovery *dsai.Recovery) error {
	switch e.Subject.Reason {
	case "rotation", "compromise":
		if e.Issuer != current {
			return errors.New("not signed by the key in force")
		}
		return nil
	case "recovery":
		if recovery == nil {
			return errors.New("recovery without recovery contacts")
		}
		count := 0
		for _, p := range e.Proof {
			if e.ValidFrom < p.Created+dsai.Time(recovery.Delay) {
				return errors.New("recovery before its delay is over")
			}
			if slices.ContainsFunc(recovery.Contacts, func(did string) bool { return vc.VerificationMethod(did) == p.VerificationMethod }) {
				count++
			}
		}
		if count < recovery.Threshold || count == 0 {
			return fmt.Errorf("recovery by %d of %d contacts", count, recovery.Threshold)
		}
		return nil
	}
	return fmt.Errorf("unknown reason %.20q", e.Subject.Reason)
}

// signs reports whether one of a credential's proofs, which hold, is by did under suite.
func signs[S any](s *vc.Sealed[S], did, suite string) bool {
	return slices.ContainsFunc(s.Proof, func(p dsai.Proof) bool {
		return p.VerificationMethod == vc.VerificationMethod(did) && p.Cryptosuite == suite
	})
}
