// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/vc"
)

// These files come from others. None may crash the program, and none may be
// taken for what it is not.

// mateo makes a member's own folder, with one change of keys.
func mateo(f *testing.F) (dir string, o *owner) {
	f.Helper()
	dir = filepath.Join(f.TempDir(), "mateo")
	a := &app{out: io.Discard, err: io.Discard}
	if err := a.memberInit("Mateo", dir); err != nil {
		f.Fatal(err)
	}
	if err := a.rotateOwn(dir, false); err != nil {
		f.Fatal(err)
	}
	o, err := openOwner(dir)
	if err != nil {
		f.Fatal(err)
	}
	return dir, o
}

// seed adds a genuine file, cut and doubled.
func seed(f *testing.F, b []byte) {
	f.Helper()
	f.Add(b)
	f.Add(b[:len(b)/2])
	f.Add(append(b[:len(b):len(b)], b...))
	f.Add([]byte("{}"))
	f.Add([]byte("[null]"))
}

func read(f *testing.F, path string) []byte {
	f.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	return b
}

func document(f *testing.F, v any) []byte {
	f.Helper()
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		f.Fatal(err)
	}
	return b
}

// request is a consent request for o.
func request(f *testing.F, o *owner) *node.ConsentRequest {
	f.Helper()
	now := dsai.At(time.Now())
	d := dsai.DocumentGrant{Document: dsai.DocumentID{Digest: dsai.Hash("test")}, Mode: dsai.ModeFollowing}
	b, until, words, err := consent.Draft(consent.Options{
		Key: o.signer.DID(), Member: o.id, Coop: dsai.CoopID{Digest: dsai.Hash("coop")}, Steward: dsai.NodeID{Digest: dsai.Hash("node")},
		Data: dsai.DataScope{Documents: []dsai.DocumentGrant{d}}, From: now, Capture: dsai.Capture{Method: "request-file", Custody: dsai.CustodyDevice},
	})
	if err != nil {
		f.Fatal(err)
	}
	return &node.ConsentRequest{Format: node.RequestFormat, Coop: "Kaya", Member: "Mateo", Words: words, Titles: []string{"maize.md"},
		Subject: b, From: now, Until: until, Status: *vc.NewStatusEntry("urn:dsai:status:x", 7)}
}

func FuzzMemberKeys(f *testing.F) {
	dir, o := mateo(f)
	seed(f, read(f, filepath.Join(dir, keysFile)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var k node.MemberKeys
		if decodeJSON("keys.json", b, node.KeysFormat, &k) != nil {
			return
		}
		c, err := k.Open()
		if err != nil {
			return
		}
		if c.ID != o.id || len(c.Keys) != len(k.Events)+1 || !c.Keys.Ever(c.Inception.Issuer) {
			t.Errorf("a chain of %d events was taken that nobody signed: %s", len(k.Events), b)
		}
	})
}

func FuzzMemberCard(f *testing.F) {
	dir, o := mateo(f)
	seed(f, read(f, filepath.Join(dir, memberFile)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var card memberCard
		if decodeJSON("member.json", b, memberFormat, &card) != nil {
			return
		}
		s, err := vc.Open[dsai.MemberInception](card.Inception, dsai.TypeMemberInception)
		if err != nil {
			return
		}
		if id, err := vc.MemberID(s.Subject); err != nil || id != o.id {
			t.Errorf("an inception was taken that nobody signed: %s, %v", b, err)
		}
	})
}

func FuzzConsentRequest(f *testing.F) {
	_, o := mateo(f)
	seed(f, document(f, request(f, o)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r node.ConsentRequest
		if decodeJSON("ask.json", b, node.RequestFormat, &r) != nil {
			return
		}
		words, err := wordsOf(&r, o)
		if err == nil && (consent.NoticeDigest(words) != r.Subject.Notice.Digest || r.Subject.ID != o.signer.DID()) {
			t.Errorf("a request was taken that says something else than its words: %s", b)
		}
	})
}

func FuzzSignedConsent(f *testing.F) {
	_, o := mateo(f)
	r := request(f, o)
	c := vc.New(dsai.TypeConsentBundle, o.signer.DID(), r.Subject, r.From, r.Until)
	c.Status = &r.Status
	s, err := vc.Issue(c, r.From, o.signer)
	if err != nil {
		f.Fatal(err)
	}
	seed(f, document(f, node.SignedConsent{Format: node.SignedFormat, Name: "Mateo", Inception: o.card.Inception, Consent: s.Raw}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var in node.SignedConsent
		if decodeJSON("ask.json.signed", b, node.SignedFormat, &in) != nil {
			return
		}
		got, err := vc.Open[dsai.ConsentBundle](in.Consent, dsai.TypeConsentBundle)
		if err == nil && got.Digest != s.Digest {
			t.Errorf("a consent was taken that nobody signed: %s", b)
		}
	})
}

func FuzzRevocations(f *testing.F) {
	seed(f, []byte(`{"id":"a"}`+"\n"+`{"id":"b"}`))
	seed(f, []byte(`[{"id":"a"},{"id":"b"}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := decodeRevocations("w.json", b)
		if err != nil {
			return
		}
		for _, one := range out {
			if !json.Valid(one) {
				t.Errorf("read %q of %q, which is no JSON", one, b)
			}
		}
	})
}
