// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gowebpki/jcs"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
)

// vector reads a file that others wrote, and skips where it is not at hand.
func vector(t *testing.T, path ...string) []byte {
	t.Helper()
	root := os.Getenv("DSAI_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	b, err := os.ReadFile(filepath.Join(append([]string{root, "vectors"}, path...)...))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("SKIP: no vectors of others here: %v (set DSAI_SHARED)", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestW3CVectors(t *testing.T) {
	for _, tt := range []struct {
		name, dir, suffix, suite string
	}{
		{"eddsa-jcs-2022", "vc-di-eddsa/TestVectors/eddsa-jcs-2022", "JCS", dsai.SuiteNode},
		{"ecdsa-jcs-2019 P-256", "vc-di-ecdsa/TestVectors/ecdsa-jcs-2019-p256", "JCSECDSAP256", dsai.SuiteMember},
	} {
		t.Run(tt.name, func(t *testing.T) {
			read := func(name, ext string) []byte { return bytes.TrimSpace(vector(t, tt.dir, name+tt.suffix+ext)) }
			unhex := func(name string) []byte {
				b, err := hex.DecodeString(string(read(name, ".txt")))
				if err != nil {
					t.Fatal(err)
				}
				return b
			}
			signed, err := vc.CanonicalRaw(read("signed", ".json"))
			if err != nil {
				t.Fatal(err)
			}
			document := vc.Without(signed, "proof")
			if got, want := document, read("canonDoc", ".txt"); !bytes.Equal(got, want) {
				t.Errorf("canonical document = %s, want %s", got, want)
			}
			var fields struct{ Proof json.RawMessage }
			if err := json.Unmarshal(signed, &fields); err != nil {
				t.Fatal(err)
			}
			options := vc.Without(fields.Proof, "proofValue")
			if got, want := options, read("proofCanon", ".txt"); !bytes.Equal(got, want) {
				t.Errorf("canonical proof options = %s, want %s", got, want)
			}
			if config, err := vc.CanonicalRaw(read("proofConfig", ".json")); err != nil || !bytes.Equal(config, options) {
				t.Errorf("CanonicalRaw(proofConfig) = %s, %v, want %s", config, err, options)
			}
			data := vc.HashData(options, document)
			if got, want := data, unhex("combinedHash"); !bytes.Equal(got, want) {
				t.Errorf("hashData = %x, want %x", got, want)
			}
			if got, want := data[:32], unhex("proofHash"); !bytes.Equal(got, want) {
				t.Errorf("proof hash = %x, want %x", got, want)
			}
			if got, want := data[32:], unhex("docHash"); !bytes.Equal(got, want) {
				t.Errorf("document hash = %x, want %x", got, want)
			}
			var proof struct{ ProofValue, VerificationMethod, Cryptosuite string }
			if err := json.Unmarshal(fields.Proof, &proof); err != nil {
				t.Fatal(err)
			}
			sig, err := vc.Unmultibase(proof.ProofValue)
			if want := unhex("sigHex"); err != nil || !bytes.Equal(sig, want) {
				t.Errorf("signature = %x, %v, want %x", sig, err, want)
			}
			did, _, _ := strings.Cut(proof.VerificationMethod, "#")
			if proof.VerificationMethod != vc.VerificationMethod(did) {
				t.Errorf("VerificationMethod(%q) = %q, want %q", did, vc.VerificationMethod(did), proof.VerificationMethod)
			}
			key, err := vc.ParseDID(did)
			if err != nil {
				t.Fatal(err)
			}
			if err := vc.Verify(key, tt.suite, data, sig); err != nil {
				t.Errorf("verify = %v, want nil", err)
			}
			data[0] ^= 1
			if err := vc.Verify(key, tt.suite, data, sig); !errors.Is(err, vc.ErrProof) {
				t.Errorf("verify of another message = %v, want ErrProof", err)
			}
		})
	}
}

// The W3C's Ed25519 vector is reproduced from its private key: our node signer
// makes the very signature.
func TestW3CSignature(t *testing.T) {
	var pair struct{ PrivateKeyMultibase string }
	if err := json.Unmarshal(vector(t, "vc-di-eddsa/TestVectors/keyPair.json"), &pair); err != nil {
		t.Fatal(err)
	}
	seed, err := vc.Unmultibase(pair.PrivateKeyMultibase)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := vc.NewNodeSigner(ed25519.NewKeyFromSeed(seed[2:]))
	if err != nil {
		t.Fatal(err)
	}
	const dir = "vc-di-eddsa/TestVectors/eddsa-jcs-2022/"
	data, err := hex.DecodeString(string(bytes.TrimSpace(vector(t, dir+"combinedHashJCS.txt"))))
	if err != nil {
		t.Fatal(err)
	}
	got, err := signer.Sign(data)
	if want := string(bytes.TrimSpace(vector(t, dir+"sigHexJCS.txt"))); err != nil || hex.EncodeToString(got) != want {
		t.Errorf("Sign = %x, %v, want %s", got, err, want)
	}
}

// The proof set vectors are signed over RDF, which this package does not read;
// their keys and their document make a proof set of the JCS suite.
func TestW3CProofSetKeys(t *testing.T) {
	var pairs map[string]struct{ PublicKeyMultibase, PrivateKeyMultibase string }
	if err := json.Unmarshal(vector(t, "vc-di-eddsa/TestVectors/proof-set-chain/multiKeyPairs.json"), &pairs); err != nil {
		t.Fatal(err)
	}
	var signers []vc.Signer
	for _, name := range []string{"keyPair1", "keyPair2", "keyPair3", "keyPair4"} {
		seed, err := vc.Unmultibase(pairs[name].PrivateKeyMultibase)
		if err != nil {
			t.Fatal(err)
		}
		s, err := vc.NewNodeSigner(ed25519.NewKeyFromSeed(seed[2:]))
		if err != nil {
			t.Fatal(err)
		}
		if want := "did:key:" + pairs[name].PublicKeyMultibase; s.DID() != want {
			t.Errorf("DID(%s) = %s, want %s", name, s.DID(), want)
		}
		signers = append(signers, s)
	}
	s, err := vc.Issue(vc.New("Note", signers[0].DID(), note{Text: "set"}, 1, 0), 1, signers...)
	if err != nil || len(s.Proof) != 4 {
		t.Fatalf("Issue = %d proofs, %v, want 4", len(s.Proof), err)
	}
}

func TestJCSVectors(t *testing.T) {
	// Two files hold what the profile refuses: fractions and null.
	outside := map[string]bool{"arrays": true, "values": true, "structures": true}
	for _, name := range []string{"arrays", "french", "structures", "unicode", "values", "weird"} {
		t.Run(name, func(t *testing.T) {
			in, want := vector(t, "jcs/testdata/input", name+".json"), vector(t, "jcs/testdata/output", name+".json")
			if got, err := jcs.Transform(in); err != nil || !bytes.Equal(got, bytes.TrimSpace(want)) {
				t.Errorf("Transform = %s, %v, want %s", got, err, want)
			}
			got, err := vc.CanonicalRaw(in)
			if outside[name] {
				if !errors.Is(err, dsai.ErrSyntax) {
					t.Errorf("CanonicalRaw = %s, %v, want ErrSyntax", got, err)
				}
			} else if err != nil || !bytes.Equal(got, bytes.TrimSpace(want)) {
				t.Errorf("CanonicalRaw = %s, %v, want %s", got, err, want)
			}
		})
	}
}

type wycheproof struct {
	TestGroups []struct {
		PublicKey struct{ PK, Uncompressed string }
		Tests     []struct {
			TcID                      int
			Comment, Msg, Sig, Result string
			Flags                     []string
		}
	}
}

// highS reports whether sig is r || s with s above half the order.
func highS(sig []byte) bool {
	half := new(big.Int).Rsh(elliptic.P256().Params().N, 1)
	return len(sig) == 64 && new(big.Int).SetBytes(sig[32:]).Cmp(half) > 0
}

// Each case has a verdict: invalid is refused; valid is accepted, unless it is
// ECDSA with a high s, which this package refuses by rule.
func TestWycheproof(t *testing.T) {
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, tt := range []struct {
		file, suite       string
		accepted, refused int
		refusedForHighS   int
		key               func(pk, point []byte) (crypto.PublicKey, error)
	}{
		{"ed25519_test.json", dsai.SuiteNode, 88, 63, 0,
			func(pk, _ []byte) (crypto.PublicKey, error) { return ed25519.PublicKey(pk), nil }},
		{"ecdsa_secp256r1_sha256_p1363_test.json", dsai.SuiteMember, 103, 89, 70,
			func(_, p []byte) (crypto.PublicKey, error) {
				return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), p)
			}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			var suite wycheproof
			if err := json.Unmarshal(vector(t, "wycheproof", tt.file), &suite); err != nil {
				t.Fatal(err)
			}
			var accepted, refused, high int
			for _, g := range suite.TestGroups {
				key, err := tt.key(unhex(g.PublicKey.PK), unhex(g.PublicKey.Uncompressed))
				if err != nil {
					t.Fatalf("key %+v: %v", g.PublicKey, err)
				}
				did, err := vc.DID(key)
				if err != nil {
					t.Fatal(err)
				}
				if key, err = vc.ParseDID(did); err != nil {
					t.Fatalf("ParseDID(DID(key)) = %v", err)
				}
				for _, c := range g.Tests {
					sig := unhex(c.Sig)
					err := vc.Verify(key, tt.suite, unhex(c.Msg), sig)
					switch {
					case c.Result == "invalid" && err != nil:
						refused++
					case c.Result == "valid" && err == nil && !(tt.suite == dsai.SuiteMember && highS(sig)):
						accepted++
					case c.Result == "valid" && tt.suite == dsai.SuiteMember && highS(sig) && errors.Is(err, vc.ErrProof):
						high++
					default:
						t.Errorf("case %d (%s, %s, %v): verify = %v", c.TcID, c.Comment, c.Result, c.Flags, err)
					}
				}
			}
			if accepted != tt.accepted || refused != tt.refused || high != tt.refusedForHighS {
				t.Errorf("accepted %d, refused %d, refused for high s %d; want %d, %d, %d",
					accepted, refused, high, tt.accepted, tt.refused, tt.refusedForHighS)
			}
		})
	}
}

func TestLowS(t *testing.T) {
	key := memberKey(t, 1)
	for i := range 16 {
		h := sha256.Sum256([]byte{byte(i)})
		der, err := key.Sign(nil, h[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		sig, err := vc.LowS(der)
		if err != nil || highS(sig) {
			t.Fatalf("LowS(%x) = %x, %v, want a low s", der, sig, err)
		}
		if !ecdsa.Verify(&key.PublicKey, h[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
			t.Errorf("LowS(%x) = %x no longer verifies", der, sig)
		}
	}
}
