// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"crypto/sha256"
	"encoding/json"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
)

// sample is one issued credential.
type sample struct {
	typ    string
	raw    []byte
	digest dsai.Digest
	body   dsai.Digest
	kind   dsai.LeafKind // 0 = not logged
	id     *dsai.Digest  // what the subject founds
}

// credentialVector shows each step from a credential to its digests and proof.
type credentialVector struct {
	Type       string          `json:"type"`
	Credential json.RawMessage `json:"credential"`
	Canonical  string          `json:"canonical"` // RFC 8785, proof included
	Digest     dsai.Digest     `json:"digest"`    // Hash("credential", without id and proof)
	Body       dsai.Digest     `json:"body"`      // Hash("body", canonical)
	Founds     *dsai.Digest    `json:"founds,omitempty"`
	Kind       dsai.LeafKind   `json:"leafKind,omitempty"`
	Proofs     []proofVector   `json:"proofs"`
}

// proofVector is what one signature covers.
type proofVector struct {
	Options  string   `json:"options"`  // canonical proof without proofValue
	HashData hexBytes `json:"hashData"` // SHA-256 of the options, then of the document without proof
}

func (s sample) vector() credentialVector {
	v := credentialVector{Type: s.typ, Credential: s.raw, Canonical: string(s.raw), Digest: s.digest, Body: s.body, Founds: s.id, Kind: s.kind}
	members := map[string]json.RawMessage{}
	must(json.Unmarshal(s.raw, &members))
	var proofs dsai.Proofs
	must(json.Unmarshal(members["proof"], &proofs))
	delete(members, "proof")
	document := sha256.Sum256(must1(vc.Canonical(members)))
	for _, p := range proofs {
		options := map[string]json.RawMessage{}
		must(json.Unmarshal(must1(json.Marshal(p)), &options))
		delete(options, "proofValue")
		text := must1(vc.Canonical(options))
		sum := sha256.Sum256(text)
		v.Proofs = append(v.Proofs, proofVector{string(text), append(sum[:], document[:]...)})
	}
	return v
}

// signing is what Issue needs beside the subject.
type signing struct {
	from, until dsai.Time
	kind        dsai.LeafKind
	status      *dsai.StatusEntry
	signers     []vc.Signer
}

// issue signs a subject and keeps it as a sample.
func issue[S any](s *scene, typ string, subject S, t signing) vc.Sealed[S] {
	c := vc.New(typ, t.signers[0].DID(), subject, t.from, t.until)
	c.Status = t.status
	sealed := must1(vc.Issue(c, t.from, t.signers...))
	s.keep(sample{typ: typ, raw: sealed.Raw, digest: sealed.Digest, body: sealed.Body, kind: t.kind})
	return sealed
}

// keep appends a sample to the log, and to the vectors when it is the first of
// its type.
func (s *scene) keep(c sample) {
	if c.kind != 0 {
		s.log = append(s.log, entry{c.typ, c.kind, salt("leaf " + c.digest.String()), c.body})
	}
	for _, o := range s.credentials {
		if o.typ == c.typ {
			return
		}
	}
	s.credentials = append(s.credentials, c)
}

// founds notes the id that the last sample's subject founds.
func (s *scene) founds(d dsai.Digest) { s.credentials[len(s.credentials)-1].id = &d }
