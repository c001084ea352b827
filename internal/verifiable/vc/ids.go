// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc

import "dsai.example/dsai"

// CharterID returns the id of the co-op that a charter founds.
func CharterID(c dsai.Charter) (dsai.CoopID, error) {
	d, err := hashOf("charter", c)
	return dsai.CoopID{Digest: d}, err
}

// MemberID returns the id of the member whose keys m names.
func MemberID(m dsai.MemberInception) (dsai.MemberID, error) {
	d, err := hashOf("member", m)
	return dsai.MemberID{Digest: d}, err
}

// NodeID returns the id of the node whose keys n names.
func NodeID(n dsai.NodeInception) (dsai.NodeID, error) {
	d, err := hashOf("node", n)
	return dsai.NodeID{Digest: d}, err
}

// PolicyDigest returns the digest of a policy document in any JSON form.
func PolicyDigest(document []byte) (dsai.Digest, error) {
	canon, err := CanonicalRaw(document)
	return dsai.Hash("policy", canon), err
}

func hashOf(domain string, v any) (dsai.Digest, error) {
	canon, err := Canonical(v)
	return dsai.Hash(domain, canon), err
}
