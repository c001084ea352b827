// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc

import (
	"fmt"
	"slices"
	"strings"

	"dsai.example/dsai"
)

// Open reads a credential of type typ whose subject is an S and checks all that
// can be checked from its own bytes: closed schema, pinned contexts, id, and
// every proof. The first proof is the issuer's; further ones are by other keys,
// in the order of their verification methods.
//
// It does not check who the issuer is, whether the credential is valid at any
// moment, or its status. Errors wrap dsai.ErrSyntax, ErrContext, ErrType, ErrID,
// ErrTime or ErrProof.
func Open[S any](raw []byte, typ string) (Sealed[S], error) {
	s, err := open[S](raw, typ)
	if err != nil {
		return Sealed[S]{}, fmt.Errorf("open %s: %w", typ, err)
	}
	return s, nil
}

func open[S any](raw []byte, typ string) (Sealed[S], error) {
	if len(raw) > maxCredential {
		return Sealed[S]{}, fmt.Errorf("%w: %d bytes, at most %d", dsai.ErrSyntax, len(raw), maxCredential)
	}
	canon, members, err := CanonicalObject(raw)
	if err != nil {
		return Sealed[S]{}, err
	}
	return openCanonical[S](slices.Clone(canon), members, typ)
}

// openCanonical opens the canonical object canon, which it keeps. Its members
// may be in other memory.
func openCanonical[S any](canon []byte, members []Member, typ string) (Sealed[S], error) {
	s := Sealed[S]{Raw: canon}
	if len(canon) > maxCredential {
		return s, fmt.Errorf("%w: %d bytes, at most %d", dsai.ErrSyntax, len(canon), maxCredential)
	}
	// The type is looked at first: the wrong schema would complain of fields.
	if err := checkType(members, typ); err != nil {
		return s, err
	}
	c, err := DecodeCanonical[dsai.Credential[S]](canon)
	if err != nil {
		return s, err
	}
	s.Credential = c
	part := make([]byte, 0, len(canon))
	s.Digest = dsai.Hash(domainContent, appendWithout(part, members, "id", "proof"))
	s.Body = dsai.Hash(domainBody, canon)

	switch {
	case !slices.Equal(s.Context, []string{dsai.ContextVC, dsai.ContextDSAI}):
		return s, fmt.Errorf("%w: %.200q", ErrContext, s.Context)
	case s.ID != dsai.CredentialID(s.Digest):
		return s, fmt.Errorf("%w: %.100q", ErrID, s.ID)
	case s.ValidUntil != 0 && s.ValidUntil < s.ValidFrom:
		return s, fmt.Errorf("%w: ends at %v before it begins at %v", ErrTime, s.ValidUntil, s.ValidFrom)
	}
	if s.Status != nil {
		if _, _, err := ParseStatusEntry(*s.Status); err != nil {
			return s, err
		}
	}
	return s, checkProofs(appendWithout(part, members, "proof"), members, s.Issuer, s.ValidUntil, s.Proof)
}

func checkType(members []Member, typ string) error {
	for _, m := range members {
		if string(m.Name) == "type" {
			if want := `["` + typeCredential + `","` + typ + `"]`; string(m.Value) != want {
				return fmt.Errorf("%w: %.100s, want %s", ErrType, m.Value, want)
			}
			return nil
		}
	}
	return fmt.Errorf("%w: none", ErrType)
}

// checkProofs checks the proofs among members against document, the canonical
// form of the credential without them.
func checkProofs(document []byte, members []Member, issuer string, until dsai.Time, proofs dsai.Proofs) error {
	if len(proofs) == 0 || len(proofs) > maxProofs {
		return fmt.Errorf("%w: %d proofs", ErrProof, len(proofs))
	}
	texts, err := proofTexts(members, len(proofs))
	if err != nil {
		return err
	}
	for i, p := range proofs {
		did, _, _ := strings.Cut(p.VerificationMethod, "#")
		switch {
		case p.Type != proofType || p.ProofPurpose != proofPurpose:
			return fmt.Errorf("%w: type %.40q for %.40q", ErrProof, p.Type, p.ProofPurpose)
		case !slices.Equal(p.Context, []string{dsai.ContextVC, dsai.ContextDSAI}):
			return fmt.Errorf("proof: %w: %.200q", ErrContext, p.Context)
		case p.VerificationMethod != VerificationMethod(did):
			return fmt.Errorf("%w: verification method %.200q", ErrProof, p.VerificationMethod)
		case i == 0 && did != issuer:
			return fmt.Errorf("%w: signed by %.80q, issued by %.80q", ErrProof, did, issuer)
		case i > 0 && did == issuer || i > 1 && proofs[i-1].VerificationMethod >= p.VerificationMethod:
			return fmt.Errorf("%w: proofs not distinct and in order", ErrProof)
		case p.Created == 0 || until != 0 && p.Created > until:
			return fmt.Errorf("%w: signed at %v, ends at %v", ErrTime, p.Created, until)
		}
		if err := checkProof(document, texts[i], did, p); err != nil {
			return err
		}
	}
	return nil
}

// proofTexts returns the canonical form of each of n proofs.
func proofTexts(members []Member, n int) ([][]byte, error) {
	i := slices.IndexFunc(members, func(m Member) bool { return string(m.Name) == "proof" })
	if n == 1 {
		return [][]byte{members[i].Value}, nil
	}
	return Elements(members[i].Value)
}

func checkProof(document, text []byte, did string, p dsai.Proof) error {
	key, err := ParseDID(did)
	if err != nil {
		return fmt.Errorf("proof: %w", err)
	}
	if !strings.HasPrefix(p.ProofValue, "z") || len(p.ProofValue) > 2*SignatureSize {
		return fmt.Errorf("proof value: %w: not base58btc", dsai.ErrSyntax)
	}
	sig, err := unmultibase(p.ProofValue)
	if err != nil {
		return fmt.Errorf("proof value: %w", err)
	}
	members, err := Members(text)
	if err != nil {
		return err
	}
	return verify(key, p.Cryptosuite, hashData(without(members, "proofValue"), document), sig)
}
