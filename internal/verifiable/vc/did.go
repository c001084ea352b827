// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"fmt"
	"strings"

	"github.com/mr-tron/base58"

	"dsai.example/dsai"
)

// Multicodec prefixes of public keys, as unsigned varints.
const (
	codecEd25519 = "\xed\x01" // 0xed: 32 bytes
	codecP256    = "\x80\x24" // 0x1200: compressed point, 33 bytes
)

const didKey = "did:key:"

// DID returns the did:key of an ed25519.PublicKey (z6Mk…) or a P-256
// *ecdsa.PublicKey (zDn…). See the did:key method and multicodec registries.
func DID(pub crypto.PublicKey) (string, error) {
	switch k := pub.(type) {
	case ed25519.PublicKey:
		if len(k) == ed25519.PublicKeySize {
			return didKey + multibase(codecEd25519, k), nil
		}
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err == nil && k.Curve == elliptic.P256() {
			return didKey + multibase(codecP256, compress(point)), nil
		}
	}
	return "", fmt.Errorf("name key: %w: neither Ed25519 nor P-256", dsai.ErrSyntax)
}

// ParseDID returns the key that a did:key names: an ed25519.PublicKey or a P-256
// *ecdsa.PublicKey. It accepts only the text that DID writes; errors wrap
// dsai.ErrSyntax.
func ParseDID(did string) (crypto.PublicKey, error) {
	text, ok := strings.CutPrefix(did, didKey)
	if !ok || len(text) > 64 {
		return nil, fmt.Errorf("key %.80q: %w: no did:key", did, dsai.ErrSyntax)
	}
	b, err := unmultibase(text)
	if err != nil {
		return nil, fmt.Errorf("key %.80q: %w", did, err)
	}
	switch codec, key := cut2(b); {
	case codec == codecEd25519 && len(key) == ed25519.PublicKeySize:
		return ed25519.PublicKey(key), nil
	case codec == codecP256 && len(key) == 33:
		// A point off the curve comes back as nil coordinates.
		if x, y := elliptic.UnmarshalCompressed(elliptic.P256(), key); x != nil {
			point := append([]byte{4}, make([]byte, 64)...)
			x.FillBytes(point[1:33])
			y.FillBytes(point[33:])
			return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
		}
	}
	return nil, fmt.Errorf("key %.80q: %w: neither Ed25519 nor P-256", did, dsai.ErrSyntax)
}

// VerificationMethod returns the DID URL of the one key of a did:key.
func VerificationMethod(did string) string { return did + "#" + strings.TrimPrefix(did, didKey) }

// compress turns an uncompressed point (SEC 1, section 2.3.3) into its
// compressed form.
func compress(point []byte) []byte {
	return append([]byte{2 | point[64]&1}, point[1:33]...)
}

func cut2(b []byte) (string, []byte) {
	if len(b) < 2 {
		return "", nil
	}
	return string(b[:2]), b[2:]
}

// multibase returns prefix and b in base58btc with its multibase letter.
func multibase(prefix string, b []byte) string {
	return "z" + base58.Encode(append([]byte(prefix), b...))
}

// unmultibase reverses multibase and refuses a second spelling of any value.
func unmultibase(s string) ([]byte, error) {
	text, ok := strings.CutPrefix(s, "z")
	if !ok {
		return nil, fmt.Errorf("multibase: %w: not base58btc", dsai.ErrSyntax)
	}
	b, err := base58.Decode(text)
	if err != nil || base58.Encode(b) != text {
		return nil, fmt.Errorf("multibase: %w: not base58btc", dsai.ErrSyntax)
	}
	return b, nil
}
