// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// algEd25519 is the signature type of Ed25519 in C2SP signed-note keys.
const algEd25519 = 1

// newSigner returns the checkpoint signer of a log and its verifier key in the
// encoding of c2sp.org/signed-note. Signatures are made by package note alone.
func newSigner(origin string, key ed25519.PrivateKey) (note.Signer, string, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, "", fmt.Errorf("read log key: %d bytes, want %d", len(key), ed25519.PrivateKeySize)
	}
	vkey, err := note.NewEd25519VerifierKey(origin, key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, "", err
	}
	v, err := note.NewVerifier(vkey) // refuses a bad origin, and computes the key hash
	if err != nil {
		return nil, "", fmt.Errorf("name log key %q: %w", origin, err)
	}
	secret := append([]byte{algEd25519}, key.Seed()...)
	s, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", origin, v.KeyHash(), base64.StdEncoding.EncodeToString(secret)))
	return s, vkey, err
}
