// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/binary"
	"fmt"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
)

// keyVector is a private key with its names. Never use it for anything else.
type keyVector struct {
	Name               string      `json:"name"`
	Suite              string      `json:"cryptosuite"`
	Private            dsai.Digest `json:"private"` // P-256: the scalar; Ed25519: the seed (RFC 8032)
	DID                string      `json:"did"`
	VerificationMethod string      `json:"verificationMethod"`
}

var (
	memberNames = []string{"ada consent", "bea consent", "bea consent 2", "bea delegate", "contact 1", "contact 2"}
	nodeNames   = []string{"peer", "log", "receipt", "witness"}
)

// keys lists every signing key of the scene.
func (s *scene) keys() []keyVector {
	var out []keyVector
	for _, n := range memberNames {
		k := member(n)
		out = append(out, keyVector{n, k.Suite(), seed("member key " + n), k.DID(), vc.VerificationMethod(k.DID())})
	}
	for _, n := range nodeNames {
		k := node(n)
		out = append(out, keyVector{n, k.Suite(), seed("node key " + n), k.DID(), vc.VerificationMethod(k.DID())})
	}
	return out
}

func member(name string) vc.Signer {
	d := seed("member key " + name)
	return must1(vc.NewMemberSigner(must1(ecdsa.ParseRawPrivateKey(elliptic.P256(), d[:]))))
}

func nodeKey(name string) ed25519.PrivateKey {
	d := seed("node key " + name)
	return ed25519.NewKeyFromSeed(d[:])
}

func node(name string) vc.Signer { return must1(vc.NewNodeSigner(nodeKey(name))) }

// vkey returns the C2SP verifier key of an Ed25519 key under a name.
func vkey(name string, key ed25519.PrivateKey) string {
	return must1(note.NewEd25519VerifierKey(name, key.Public().(ed25519.PublicKey)))
}

// logSigner signs checkpoints of the log called origin.
func logSigner(origin string, key ed25519.PrivateKey) note.Signer {
	v := must1(note.NewVerifier(vkey(origin, key)))
	return must1(note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", origin, v.KeyHash(),
		base64.StdEncoding.EncodeToString(append([]byte{1}, key.Seed()...)))))
}

const (
	witnessName     = "witness.example/w1"
	witnessOperator = "the neighbours"
)

// cosigner is a witness at a fixed time; the library's own reads the clock.
// Verifiers of the library check what it makes (c2sp.org/tlog-cosignature).
type cosigner struct {
	note.Verifier
	at dsai.Time
}

func newCosigner(at dsai.Time) cosigner {
	return cosigner{must1(fnote.NewVerifierForCosignatureV1(vkey(witnessName, nodeKey("neighbour")))), at}
}

// Sign implements note.Signer.
func (c cosigner) Sign(text []byte) ([]byte, error) {
	message := fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", int64(c.at), text)
	sig := binary.BigEndian.AppendUint64(nil, uint64(c.at))
	return append(sig, ed25519.Sign(nodeKey("neighbour"), message)...), nil
}
