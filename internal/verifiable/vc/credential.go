// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dsai.example/dsai"
)

// Reasons for which a credential is refused, besides dsai.ErrSyntax.
var (
	ErrContext = errors.New("unknown @context")
	ErrType    = errors.New("wrong type")
	ErrID      = errors.New("id is not that of the content")
	ErrTime    = errors.New("impossible validity")
	ErrProof   = errors.New("proof does not hold")
)

const (
	typeCredential = "VerifiableCredential"
	proofType      = "DataIntegrityProof"
	proofPurpose   = "assertionMethod"

	maxCredential = 1 << 20 // bytes
	maxProofs     = 32
)

// Domains of the two digests of a credential.
const (
	domainContent = "credential" // without id and proof: its identity
	domainBody    = "body"       // as it is, for log leaves
)

// Sealed is a credential whose proofs hold, with its one form.
type Sealed[S any] struct {
	dsai.Credential[S]
	Raw    []byte      // canonical JSON with proof
	Digest dsai.Digest // of the content without id and proof: what ids and references name
	Body   dsai.Digest // of Raw: what a log leaf commits to
}

// MarshalJSON returns Raw.
func (s Sealed[S]) MarshalJSON() ([]byte, error) { return s.Raw, nil }

// New returns an unsigned credential of type typ, for Issue. A zero until means
// that it does not expire.
func New[S any](typ, issuer string, subject S, from, until dsai.Time) dsai.Credential[S] {
	return dsai.Credential[S]{
		Context: []string{dsai.ContextVC, dsai.ContextDSAI}, Type: []string{typeCredential, typ},
		Issuer: issuer, ValidFrom: from, ValidUntil: until, Subject: subject,
	}
}

// Issue seals c: it sets id and proof and returns what Open makes of the
// result, so that nothing is issued which others would refuse. The first signer
// is the issuer's; more make a proof set.
func Issue[S any](c dsai.Credential[S], created dsai.Time, signers ...Signer) (Sealed[S], error) {
	if len(c.Type) != 2 {
		return Sealed[S]{}, fmt.Errorf("issue: %w: %q", ErrType, c.Type)
	}
	members, _, proofs, err := sign(c, created, signers)
	if err != nil {
		return Sealed[S]{}, fmt.Errorf("issue %s: %w", c.Type[1], err)
	}
	return reseal[S](members, c.Type[1], proofs)
}

// Seal is Issue without opening the result, which takes as long again: for what a
// node signs with every answer, from a key in its memory and values that it made
// itself (ADR 0036). Only Raw, Digest and Body are set.
func Seal[S any](c dsai.Credential[S], created dsai.Time, signer Signer) (s Sealed[S], err error) {
	members, content, proofs, err := sign(c, created, []Signer{signer})
	if err == nil {
		err = setProofs(members, proofs)
	}
	if err != nil {
		return s, fmt.Errorf("seal credential: %w", err)
	}
	s.Raw, s.Digest = without(members), content
	s.Body = dsai.Hash(domainBody, s.Raw)
	return s, nil
}

// sign returns the members of c in canonical form, with its id, the digest of its
// content, and its proofs.
func sign[S any](c dsai.Credential[S], created dsai.Time, signers []Signer) (_ []Member, content dsai.Digest, _ dsai.Proofs, _ error) {
	// The document is brought into canonical form once; id and proof, which come
	// later, are put into it as text.
	c.ID, c.Proof = "", dsai.Proofs{}
	canon, err := Canonical(c)
	if err != nil {
		return nil, content, nil, err
	}
	members, err := Members(canon)
	if err != nil {
		return nil, content, nil, err
	}
	content = dsai.Hash(domainContent, without(members, "id", "proof"))
	c.ID = dsai.CredentialID(content)
	set(members, "id", []byte(`"`+c.ID+`"`))
	document := without(members, "proof")
	for _, s := range signers {
		p, err := prove(document, c.Context, created, s)
		if err != nil {
			return nil, content, nil, err
		}
		c.Proof = append(c.Proof, p)
	}
	return members, content, c.Proof, nil
}

// Cosign adds another signer's proof to s. It asks nothing of the first, who may
// be elsewhere.
func Cosign[S any](s Sealed[S], created dsai.Time, signer Signer) (Sealed[S], error) {
	members, err := Members(s.Raw)
	if err != nil {
		return Sealed[S]{}, err
	}
	p, err := prove(without(members, "proof"), s.Context, created, signer)
	if err != nil {
		return Sealed[S]{}, fmt.Errorf("cosign %s: %w", s.Type[1], err)
	}
	return reseal[S](members, s.Type[1], append(slices.Clone(s.Proof), p))
}

// reseal puts proofs into the members of a document and opens the result.
func reseal[S any](members []Member, typ string, proofs dsai.Proofs) (s Sealed[S], err error) {
	if err = setProofs(members, proofs); err == nil {
		s, err = openCanonical[S](without(members), members, typ)
	}
	if err != nil {
		return Sealed[S]{}, fmt.Errorf("issue %s: %w", typ, err)
	}
	return s, nil
}

// setProofs puts proofs into the members of a document, those after the issuer's
// in their one order.
func setProofs(members []Member, proofs dsai.Proofs) error {
	if len(proofs) > 1 {
		slices.SortFunc(proofs[1:], func(a, b dsai.Proof) int {
			return strings.Compare(a.VerificationMethod, b.VerificationMethod)
		})
	}
	text, err := Canonical(proofs)
	set(members, "proof", text)
	return err
}

// prove signs document, the canonical form of a credential without its proof.
func prove(document []byte, context []string, created dsai.Time, s Signer) (dsai.Proof, error) {
	p := dsai.Proof{
		Context: context, Type: proofType, Cryptosuite: s.Suite(), Created: created,
		VerificationMethod: VerificationMethod(s.DID()), ProofPurpose: proofPurpose,
	}
	options, err := Canonical(p)
	if err != nil {
		return p, err
	}
	members, err := Members(options)
	if err != nil {
		return p, err
	}
	sig, err := s.Sign(hashData(without(members, "proofValue"), document))
	if err != nil {
		return p, err
	}
	p.ProofValue = multibase("", sig)
	return p, nil
}

// hashData is the message of the JCS cryptosuites: SHA-256 of the canonical
// proof options, then of the canonical document (vc-di-eddsa section 3.3.4,
// vc-di-ecdsa section 3.3.4).
func hashData(options, document []byte) []byte {
	o, d := sha256.Sum256(options), sha256.Sum256(document)
	return append(o[:], d[:]...)
}
