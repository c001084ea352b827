// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"math/big"

	"dsai.example/dsai"
)

// SignatureSize is the size of every proof's signature in bytes: r || s for
// P-256 (IEEE P1363), R || S for Ed25519.
const SignatureSize = 64

// hashDataSize is what a Data Integrity signature covers, and nothing else that
// a dsai key signs is as long: SHA-256 of the proof options, then of the document.
const hashDataSize = 2 * sha256.Size

// Signer makes the signature of a proof. hashData is the 64 bytes of VC Data
// Integrity hashing; Sign refuses any other length, so that no other protocol's
// message can be passed off as a credential.
type Signer interface {
	DID() string   // did:key of the signing key
	Suite() string // the cryptosuite that goes with it
	Sign(hashData []byte) ([]byte, error)
}

type memberSigner struct {
	key *ecdsa.PrivateKey
	did string
}

// NewMemberSigner returns a Signer for a P-256 key. Its signatures are
// deterministic (RFC 6979) and have the low s that Open demands.
func NewMemberSigner(key *ecdsa.PrivateKey) (Signer, error) {
	did, err := DID(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	return memberSigner{key, did}, nil
}

func (m memberSigner) DID() string   { return m.did }
func (m memberSigner) Suite() string { return dsai.SuiteMember }

func (m memberSigner) Sign(hashData []byte) ([]byte, error) {
	if err := checkHashData(hashData); err != nil {
		return nil, err
	}
	h := sha256.Sum256(hashData)
	der, err := m.key.Sign(nil, h[:], crypto.SHA256) // no entropy: RFC 6979
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return LowS(der)
}

type nodeSigner struct {
	key ed25519.PrivateKey
	did string
}

// NewNodeSigner returns a Signer for an Ed25519 key.
func NewNodeSigner(key ed25519.PrivateKey) (Signer, error) {
	did, err := DID(key.Public())
	if err != nil {
		return nil, err
	}
	return nodeSigner{key, did}, nil
}

func (n nodeSigner) DID() string   { return n.did }
func (n nodeSigner) Suite() string { return dsai.SuiteNode }

func (n nodeSigner) Sign(hashData []byte) ([]byte, error) {
	if err := checkHashData(hashData); err != nil {
		return nil, err
	}
	return ed25519.Sign(n.key, hashData), nil
}

func checkHashData(hashData []byte) error {
	if len(hashData) != hashDataSize {
		return fmt.Errorf("sign: %w: %d bytes, a proof covers %d", ErrProof, len(hashData), hashDataSize)
	}
	return nil
}

// halfOrder is half the order of P-256: of the two signatures s and n-s that
// hold for one message, only the lower is accepted.
var halfOrder = new(big.Int).Rsh(elliptic.P256().Params().N, 1)

// LowS turns a DER signature, as devices and browsers give it, into r || s with
// the lower s.
func LowS(der []byte) ([]byte, error) {
	var sig struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &sig); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("signature: %w: not DER", ErrProof)
	}
	n := elliptic.P256().Params().N
	if sig.R.Sign() <= 0 || sig.S.Sign() <= 0 || sig.R.Cmp(n) >= 0 || sig.S.Cmp(n) >= 0 {
		return nil, fmt.Errorf("signature: %w: out of range", ErrProof)
	}
	if sig.S.Cmp(halfOrder) > 0 {
		sig.S.Sub(n, sig.S)
	}
	out := make([]byte, SignatureSize)
	sig.R.FillBytes(out[:32])
	sig.S.FillBytes(out[32:])
	return out, nil
}

// verify checks a signature over hashData under the suite that fits the key.
func verify(key crypto.PublicKey, suite string, hashData, sig []byte) error {
	if len(sig) != SignatureSize {
		return fmt.Errorf("%w: signature of %d bytes", ErrProof, len(sig))
	}
	switch k := key.(type) {
	case ed25519.PublicKey:
		if suite != dsai.SuiteNode {
			return fmt.Errorf("%w: suite %.40q for an Ed25519 key", ErrProof, suite)
		}
		if !ed25519.Verify(k, hashData, sig) {
			return fmt.Errorf("%w: signature does not match", ErrProof)
		}
	case *ecdsa.PublicKey:
		if suite != dsai.SuiteMember {
			return fmt.Errorf("%w: suite %.40q for a P-256 key", ErrProof, suite)
		}
		r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
		if s.Cmp(halfOrder) > 0 {
			return fmt.Errorf("%w: high s", ErrProof)
		}
		if h := sha256.Sum256(hashData); !ecdsa.Verify(k, h[:], r, s) {
			return fmt.Errorf("%w: signature does not match", ErrProof)
		}
	default:
		return fmt.Errorf("%w: key of type %T", ErrProof, key)
	}
	return nil
}
