// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/mr-tron/base58"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
)

type note struct {
	Text string   `json:"text"`
	Deny []string `json:"deny,omitempty"`
	N    int      `json:"n,omitempty"`
}

// memberKey returns the n-th P-256 key of the tests.
func memberKey(t testing.TB, n byte) *ecdsa.PrivateKey {
	t.Helper()
	seed := sha256.Sum256([]byte{'m', n})
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func member(t testing.TB, n byte) vc.Signer {
	t.Helper()
	s, err := vc.NewMemberSigner(memberKey(t, n))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func node(t testing.TB, n byte) vc.Signer {
	t.Helper()
	seed := sha256.Sum256([]byte{'n', n})
	s, err := vc.NewNodeSigner(ed25519.NewKeyFromSeed(seed[:]))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func issue(t testing.TB, signers ...vc.Signer) vc.Sealed[note] {
	t.Helper()
	c := vc.New("Note", signers[0].DID(), note{Text: "a <b> & é", Deny: []string{"x"}, N: 7}, 100, 900)
	c.Status = vc.NewStatusEntry("urn:list", 94567)
	s, err := vc.Issue(c, 200, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestIssueOpen(t *testing.T) {
	for _, s := range []vc.Sealed[note]{
		issue(t, member(t, 1)), issue(t, node(t, 1)), issue(t, member(t, 1), node(t, 1), member(t, 2)),
	} {
		pretty := new(bytes.Buffer)
		if err := json.Indent(pretty, s.Raw, " ", "\t"); err != nil {
			t.Fatal(err)
		}
		for _, raw := range [][]byte{s.Raw, pretty.Bytes()} {
			got, err := vc.Open[note](raw, "Note")
			if err != nil {
				t.Fatalf("Open(%s) = %v", raw, err)
			}
			if got.Digest != s.Digest || got.Body != s.Body || !bytes.Equal(got.Raw, s.Raw) {
				t.Errorf("Open = digest %v body %v, want %v %v", got.Digest, got.Body, s.Digest, s.Body)
			}
		}
	}
}

// Another signature over the same words is the same credential; its log leaf is not.
func TestDigestIgnoresProof(t *testing.T) {
	one, two := issue(t, member(t, 1)), issue(t, member(t, 1), member(t, 2))
	if one.Digest != two.Digest || one.ID != two.ID || one.Body == two.Body {
		t.Errorf("digests %v %v, bodies %v %v", one.Digest, two.Digest, one.Body, two.Body)
	}
	three, err := vc.Cosign(one, 200, member(t, 2))
	if err != nil || !bytes.Equal(three.Raw, two.Raw) {
		t.Errorf("Cosign = %s, %v, want %s", three.Raw, err, two.Raw)
	}
}

// The same key and words give the same bytes, so goldens are possible.
func TestIssueIsDeterministic(t *testing.T) {
	if a, b := issue(t, member(t, 1)), issue(t, member(t, 1)); !bytes.Equal(a.Raw, b.Raw) {
		t.Errorf("Issue twice = %s and %s", a.Raw, b.Raw)
	}
}

// A proof covers exactly 64 bytes, so that no other message of a key can be
// passed off as one.
func TestSignersCoverExactly64Bytes(t *testing.T) {
	for _, s := range []vc.Signer{member(t, 1), node(t, 1)} {
		for n := range 200 {
			_, err := s.Sign(make([]byte, n))
			if (err == nil) != (n == 64) {
				t.Errorf("%s Sign(%d bytes) = %v", s.Suite(), n, err)
			}
		}
	}
	if n := len(vc.HashData([]byte("a"), []byte("b"))); n != 64 {
		t.Errorf("hashData is %d bytes, want 64", n)
	}
}

// resign signs a changed document anew, so that only the check in question can refuse it.
func resign(t *testing.T, s vc.Sealed[note], change func(doc, proof map[string]any), signers ...vc.Signer) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(s.Raw, &doc); err != nil {
		t.Fatal(err)
	}
	delete(doc, "proof")
	delete(doc, "id")
	proofs := make([]any, len(signers))
	for i, signer := range signers {
		proof := map[string]any{
			"@context": doc["@context"], "type": "DataIntegrityProof", "cryptosuite": signer.Suite(), "created": "1970-01-01T00:03:20Z",
			"verificationMethod": vc.VerificationMethod(signer.DID()), "proofPurpose": "assertionMethod",
		}
		change(doc, proof)
		content, err := vc.Canonical(doc)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := doc["id"]; !ok {
			doc["id"] = dsai.CredentialID(dsai.Hash("credential", content))
		}
		document, err := vc.Canonical(doc)
		if err != nil {
			t.Fatal(err)
		}
		options, err := vc.Canonical(proof)
		if err != nil {
			t.Fatal(err)
		}
		sig, err := signer.Sign(vc.HashData(options, document))
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := proof["proofValue"]; !ok {
			proof["proofValue"] = "z" + base58.Encode(sig)
		}
		proofs[i] = proof
	}
	doc["proof"] = proofs[0]
	if len(proofs) > 1 {
		doc["proof"] = proofs
	}
	raw, err := vc.Canonical(doc)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestOpenRefuses(t *testing.T) {
	m := member(t, 1)
	s := issue(t, m)
	set := func(in string, key string, v any) func(doc, proof map[string]any) {
		return func(doc, proof map[string]any) {
			if in == "proof" {
				doc = proof
			} else if in != "" {
				doc = doc[in].(map[string]any)
			}
			doc[key] = v
		}
	}
	sig := func() []byte {
		b, err := vc.Unmultibase(s.Proof[0].ProofValue)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}()
	n := elliptic.P256().Params().N
	high := bytes.Clone(sig)
	new(big.Int).Sub(n, new(big.Int).SetBytes(sig[32:])).FillBytes(high[32:])

	for _, tt := range []struct {
		name    string
		change  func(doc, proof map[string]any)
		signers []vc.Signer
		want    error
	}{
		{"nothing changed", func(_, _ map[string]any) {}, nil, nil},
		{"unknown field", set("", "extra", "x"), nil, dsai.ErrSyntax},
		{"unknown field of the subject", set("credentialSubject", "extra", "x"), nil, dsai.ErrSyntax},
		{"unknown field of the proof", set("proof", "nonce", "x"), nil, dsai.ErrSyntax},
		{"key in another case", set("credentialSubject", "Deny", []string{"y"}), nil, dsai.ErrSyntax},
		{"swapped contexts", set("", "@context", []string{dsai.ContextDSAI, dsai.ContextVC}), nil, vc.ErrContext},
		{"another context", set("", "@context", []string{dsai.ContextVC, "https://dsai.example/ns/v2"}), nil, vc.ErrContext},
		{"another context of the proof", set("proof", "@context", []string{dsai.ContextVC}), nil, vc.ErrContext},
		{"another type", set("", "type", []string{"VerifiableCredential", "Vote"}), nil, vc.ErrType},
		{"chosen id", set("", "id", "urn:uuid:1"), nil, vc.ErrID},
		{"another issuer", set("", "issuer", member(t, 2).DID()), nil, vc.ErrProof},
		{"ends before it begins", set("", "validUntil", "1970-01-01T00:00:01Z"), nil, vc.ErrTime},
		{"signed after its end", set("proof", "created", "1999-01-01T00:00:00Z"), nil, vc.ErrTime},
		{"time with a zone", set("", "validFrom", "1970-01-01T01:01:40+01:00"), nil, dsai.ErrSyntax},
		{"index with a zero", set("credentialStatus", "statusListIndex", "094567"), nil, dsai.ErrSyntax},
		{"another purpose", set("proof", "proofPurpose", "authentication"), nil, vc.ErrProof},
		{"another proof type", set("proof", "type", "Ed25519Signature2020"), nil, vc.ErrProof},
		{"suite of another key", set("proof", "cryptosuite", dsai.SuiteNode), nil, vc.ErrProof},
		{"method of another key", set("proof", "verificationMethod", m.DID()+"#"+strings.TrimPrefix(member(t, 2).DID(), "did:key:")), nil, vc.ErrProof},
		{"high s", set("proof", "proofValue", "z"+base58.Encode(high)), nil, vc.ErrProof},
		{"short signature", set("proof", "proofValue", "z"+base58.Encode(sig[:63])), nil, vc.ErrProof},
		{"signature in another base", set("proof", "proofValue", "u"+base58.Encode(sig)), nil, dsai.ErrSyntax},
		{"one key twice", func(_, _ map[string]any) {}, []vc.Signer{m, m}, vc.ErrProof},
		{"another first key", func(_, _ map[string]any) {}, []vc.Signer{member(t, 2), m}, vc.ErrProof},
		{"no proof", func(_, _ map[string]any) {}, []vc.Signer{}, vc.ErrProof},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.signers == nil {
				tt.signers = []vc.Signer{m}
			}
			var raw []byte
			if len(tt.signers) == 0 {
				var doc map[string]any
				if err := json.Unmarshal(s.Raw, &doc); err != nil {
					t.Fatal(err)
				}
				doc["proof"] = []any{}
				raw, _ = json.Marshal(doc)
			} else {
				raw = resign(t, s, tt.change, tt.signers...)
			}
			if _, err := vc.Open[note](raw, "Note"); !errors.Is(err, tt.want) {
				t.Errorf("Open(%s) = %v, want %v", raw, err, tt.want)
			}
		})
	}
}

func TestCanonicalRaw(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{`{"b":1,"a":[true,false,"x"]}`, `{"a":[true,false,"x"],"b":1}`},
		{` { } `, `{}`},
		{`{"é":1,"\u00e8":2}`, `{"è":2,"é":1}`},
		{`"\u0041\/\u000a\u001f"`, `"A/\n\u001f"`},
		{`9007199254740991`, `9007199254740991`},
		{`-9007199254740991`, `-9007199254740991`},
		{strings.Repeat("[", vc.MaxDepth) + strings.Repeat("]", vc.MaxDepth), strings.Repeat("[", vc.MaxDepth) + strings.Repeat("]", vc.MaxDepth)},
	} {
		if got, err := vc.CanonicalRaw([]byte(tt.in)); err != nil || string(got) != tt.want {
			t.Errorf("CanonicalRaw(%s) = %s, %v, want %s", tt.in, got, err, tt.want)
		}
	}
	for _, in := range []string{
		"", "null", `{"a":null}`, "1.0", "1e3", "-0", "01", "-", "9007199254740992", "-9007199254740992", "99999999999999999999",
		`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `"\ud800"`, `"\udc00\ud800"`, "\"\xff\"", "\"\x01\"", `"\x"`, `"\u12"`, `{"a":1,}`, "[1,]", "[1 2]", "{1:2}", `{"a" 1}`,
		`"abc`, "tru", "1 2", "[", "{", `{"a"`, strings.Repeat("[", vc.MaxDepth+1) + strings.Repeat("]", vc.MaxDepth+1),
	} {
		if got, err := vc.CanonicalRaw([]byte(in)); !errors.Is(err, dsai.ErrSyntax) {
			t.Errorf("CanonicalRaw(%s) = %s, %v, want ErrSyntax", in, got, err)
		}
	}
}

func TestDecodeHasOneRule(t *testing.T) {
	for _, in := range []string{
		`{"text":"x","Text":"y"}`, `{"TEXT":"x"}`, `{}`, `{"text":"x","deny":[]}`, `{"text":"x","n":0}`, `{"text":1}`, `[]`,
	} {
		if got, err := vc.Decode[note]([]byte(in)); !errors.Is(err, dsai.ErrSyntax) {
			t.Errorf("Decode(%s) = %+v, %v, want ErrSyntax", in, got, err)
		}
	}
	if got, err := vc.Decode[note]([]byte(`{"n":1,"text":"<"}`)); err != nil || got.Text != "<" || got.N != 1 {
		t.Errorf("Decode = %+v, %v", got, err)
	}
	if _, err := vc.Canonical(struct{ L []string }{}); !errors.Is(err, dsai.ErrSyntax) {
		t.Errorf("Canonical(nil slice) = %v, want ErrSyntax", err)
	}
}

func TestMembersAndElements(t *testing.T) {
	const object = `{"a":[1,{"b":"}\\\""}],"c":-5,"d":true,"e":{}}`
	members, err := vc.Members([]byte(object))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range members {
		got = append(got, string(m.Name)+"="+string(m.Value))
	}
	if want := `a=[1,{"b":"}\\\""}] c=-5 d=true e={}`; strings.Join(got, " ") != want {
		t.Errorf("Members(%s) = %s, want %s", object, strings.Join(got, " "), want)
	}
	if elements, err := vc.Elements(members[0].Value); err != nil || len(elements) != 2 || string(elements[1]) != `{"b":"}\\\""}` {
		t.Errorf("Elements(%s) = %q, %v", members[0].Value, elements, err)
	}
	if _, err := vc.Elements([]byte(object)); !errors.Is(err, dsai.ErrSyntax) {
		t.Errorf("Elements(object) = %v, want ErrSyntax", err)
	}
}

func TestParseDIDRefuses(t *testing.T) {
	good := member(t, 1).DID()
	for _, did := range []string{
		"", "did:key:", "did:web:x", good + "1", strings.Replace(good, "did:key:z", "did:key:z1", 1), strings.ToUpper(good), good + "#" + good,
		"did:key:z" + base58.Encode([]byte("\xed\x01short")), "did:key:z" + base58.Encode(append([]byte("\x80\x24\x02"), bytes.Repeat([]byte{0xff}, 32)...)),
		"did:key:" + strings.Repeat("z", 10000),
	} {
		if _, err := vc.ParseDID(did); !errors.Is(err, dsai.ErrSyntax) {
			t.Errorf("ParseDID(%.90q) = %v, want ErrSyntax", did, err)
		}
	}
	if !strings.HasPrefix(good, "did:key:zDn") || !strings.HasPrefix(node(t, 1).DID(), "did:key:z6Mk") {
		t.Errorf("DID prefixes of %s and %s", good, node(t, 1).DID())
	}
}

func TestStatusList(t *testing.T) {
	var b vc.Bits
	for _, i := range []int{0, 9, dsai.StatusListBits - 1} {
		if err := b.Revoke(i); err != nil {
			t.Fatal(err)
		}
	}
	// Index 0 is the leftmost bit.
	if b[0] != 0x80 || b[1] != 0x40 || b[len(b)-1] != 1 {
		t.Errorf("bits = %x %x … %x", b[0], b[1], b[len(b)-1])
	}
	text, err := vc.EncodeBits(&b)
	if err != nil {
		t.Fatal(err)
	}
	got, err := vc.DecodeBits(text)
	if err != nil || *got != b {
		t.Fatalf("DecodeBits(EncodeBits(b)) differs: %v", err)
	}
	for i, want := range map[int]bool{-1: true, 0: true, 1: false, 9: true, dsai.StatusListBits - 1: true, dsai.StatusListBits: true} {
		if got.Revoked(i) != want {
			t.Errorf("Revoked(%d) = %v, want %v", i, !want, want)
		}
	}
	if b.Revoke(dsai.StatusListBits) == nil {
		t.Error("Revoke outside the list = nil")
	}
	for _, bad := range []string{"", "u", text[1:], text + "A", text + "AAAA", text + "=", text[:len(text)-4], "u" + text[1:9] + "\n" + text[9:]} {
		if _, err := vc.DecodeBits(bad); !errors.Is(err, dsai.ErrSyntax) {
			t.Errorf("DecodeBits(%.20q…) = %v, want ErrSyntax", bad, err)
		}
	}
	for _, index := range []int{-1, dsai.StatusListBits} {
		if _, _, err := vc.ParseStatusEntry(*vc.NewStatusEntry("urn:l", index)); !errors.Is(err, dsai.ErrSyntax) {
			t.Errorf("ParseStatusEntry(index %d) = %v, want ErrSyntax", index, err)
		}
	}
}

// The encodedList of Bitstring Status List 1.0, example 4: no bit set. It was
// compressed by another library.
func TestStatusListOfTheSpecification(t *testing.T) {
	b, err := vc.DecodeBits("uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA")
	if err != nil || *b != (vc.Bits{}) {
		t.Errorf("DecodeBits = %v, want no bit set", err)
	}
}
