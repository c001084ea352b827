// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package dsai

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// JSON-LD contexts, pinned byte for byte: a credential whose @context differs
// in any way is refused (spec/credential.md#context).
const (
	ContextVC   = "https://www.w3.org/ns/credentials/v2"
	ContextDSAI = "https://dsai.example/ns/v1"
)

// Credential types, the second element of "type" after VerifiableCredential.
const (
	TypeCharter            = "Charter"
	TypeMemberInception    = "MemberInception"
	TypeNodeInception      = "NodeInception"
	TypeKeyEvent           = "KeyEvent"
	TypePolicyAdoption     = "PolicyAdoption"
	TypeConsentBundle      = "ConsentBundle"
	TypeConsentDelegation  = "ConsentDelegation"
	TypeCollectionAddition = "CollectionAddition"
	TypeRevocation         = "Revocation"
	TypeWithdrawalReceipt  = "WithdrawalReceipt"
	TypeObjection          = "Objection"
	TypeUndertaking        = "Undertaking"
	TypeClearance          = "Clearance"
	TypeDerivation         = "Derivation"
	TypeStatistics         = "Statistics"
	TypeInferenceReceipt   = "InferenceReceipt"
	TypeRefusalReceipt     = "RefusalReceipt"
	TypeStatusList         = "BitstringStatusListCredential"
	TypeLogEpoch           = "LogEpoch"
)

// Cryptosuites: members sign with ECDSA P-256, nodes with Ed25519.
const (
	SuiteMember = "ecdsa-jcs-2019"
	SuiteNode   = "eddsa-jcs-2022"
)

// Credential is a W3C Verifiable Credential 2.0 with Data Integrity proofs.
// S is the closed schema of its credentialSubject.
//
// Its identity is its content: ID is CredentialID of the digest of the JCS form
// without "id" and "proof", so that a second signature over the same words is
// the same credential (ECDSA is malleable). See spec/credential.md.
type Credential[S any] struct {
	Context    []string     `json:"@context"`
	ID         string       `json:"id"`
	Type       []string     `json:"type"`
	Issuer     string       `json:"issuer"` // did:key of the signing key
	ValidFrom  Time         `json:"validFrom"`
	ValidUntil Time         `json:"validUntil,omitzero"`
	Subject    S            `json:"credentialSubject"`
	Status     *StatusEntry `json:"credentialStatus,omitempty"`
	Proof      Proofs       `json:"proof"`
}

// CredentialID returns the "id" of the credential with content digest d.
func CredentialID(d Digest) string { return "urn:dsai:" + d.String() }

// Proof is one Data Integrity proof. Context repeats the document's @context,
// as the JCS cryptosuites require.
type Proof struct {
	Context            []string `json:"@context"`
	Type               string   `json:"type"` // "DataIntegrityProof"
	Cryptosuite        string   `json:"cryptosuite"`
	Created            Time     `json:"created"`
	VerificationMethod string   `json:"verificationMethod"` // did:key:M#M
	ProofPurpose       string   `json:"proofPurpose"`       // "assertionMethod"
	ProofValue         string   `json:"proofValue"`         // multibase base58btc
}

// Proofs is a proof set. One proof is an object, several are an array: there is
// one JSON form for each set (VC Data Integrity 1.0, proof sets).
type Proofs []Proof

// MarshalJSON implements the one-or-many form.
func (p Proofs) MarshalJSON() ([]byte, error) {
	if len(p) == 1 {
		return json.Marshal(p[0])
	}
	return json.Marshal([]Proof(p))
}

// UnmarshalJSON implements the one-or-many form. An array of one is refused.
func (p *Proofs) UnmarshalJSON(b []byte) error {
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] == '{' {
		*p = make(Proofs, 1)
		return json.Unmarshal(b, &(*p)[0])
	}
	if err := json.Unmarshal(b, (*[]Proof)(p)); err != nil {
		return err
	}
	if len(*p) == 1 {
		return fmt.Errorf("proof: %w: a single proof is an object", ErrSyntax)
	}
	return nil
}

// StatusEntry points a credential at its bit in a status list (W3C Bitstring
// Status List 1.0, BitstringStatusListEntry).
type StatusEntry struct {
	ID                   string `json:"id"` // StatusListCredential "#" StatusListIndex
	Type                 string `json:"type"`
	StatusPurpose        string `json:"statusPurpose"`
	StatusListIndex      string `json:"statusListIndex"` // decimal
	StatusListCredential string `json:"statusListCredential"`
}

// StatusList is the subject of a BitstringStatusListCredential. Its validity is
// short: an expired list counts as revoked for everything on it.
type StatusList struct {
	ID            string `json:"id"`
	Type          string `json:"type"` // "BitstringStatusList"
	StatusPurpose string `json:"statusPurpose"`
	EncodedList   string `json:"encodedList"` // "u" + base64url(gzip(bits))
	Coop          CoopID `json:"coop"`
	Node          NodeID `json:"node"`     // the revocation point that vouches
	Sequence      uint64 `json:"sequence"` // grows by one with each list
	// Withdrawn names the documents that were withdrawn from consents whose bit
	// is not set: WithdrawnDocument of each, in ascending order.
	Withdrawn []Digest `json:"withdrawn,omitempty"`
}

// WithdrawnDocument names on a status list a document that was withdrawn from
// one consent or delegation. Who does not know both learns nothing from it.
func WithdrawnDocument(consent Digest, d DocumentID) Digest {
	return Hash("withdrawn-document", consent[:], d.Digest[:])
}

// StatusListBits is the length of a status list in bits, the specification's
// minimum, so that an index hides among many.
const StatusListBits = 131072
