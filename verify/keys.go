// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"errors"
	"fmt"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/identity"
	"dsai.example/dsai/internal/verifiable/vc"
)

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
func accounted[S any](a *audit, s *vc.Sealed[S], h identity.History, who string) error {
	created := s.Proof[0].Created
	switch {
	case h == nil:
		a.unkeyed = fmt.Errorf("%s %s: no inception of %s, who signed it", s.Type[1], short(s.Digest), who)
	case h.At(created).Sign != s.Issuer:
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
	a.memberKeys, a.nodeKeys = map[dsai.MemberID]identity.History{}, map[dsai.NodeID]identity.History{}
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
		if a.nodeKeys[n.id], err = identity.Node(n.Sealed, n.id, chains[n.id.Digest]); err != nil {
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
		h, err := identity.Member(m.Sealed, m.id, chains[m.id.Digest])
		if err != nil {
			return "", err
		}
		a.memberKeys[m.id] = h
		delete(chains, m.id.Digest)
		a.members = append(a.members, m)
		if h.Last().Custody == dsai.CustodyDevice {
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
