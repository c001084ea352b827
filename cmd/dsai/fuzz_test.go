// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/json"
	"testing"

	"github.com/BurntSushi/toml"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/vc"
)

// These files come from others. None may crash the program, and none may be
// taken for what it is not.

// mateo is a member with one change of keys, the same in every process that fuzzes.
func mateo(f *testing.F) (node.MemberKeys, *owner) {
	f.Helper()
	const founded = dsai.Time(1_700_000_000)
	key := func(name string) vc.Signer {
		d := dsai.Hash("test", []byte(name))
		k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d[:])
		if err != nil {
			f.Fatal(err)
		}
		s, err := vc.NewMemberSigner(k)
		if err != nil {
			f.Fatal(err)
		}
		return s
	}
	first, next := key("first"), key("next")
	inception, err := vc.Issue(vc.New(dsai.TypeMemberInception, first.DID(), dsai.MemberInception{
		ID: first.DID(), ConsentKey: first.DID(), ChainKey: dsai.Hash("chain"), Custody: dsai.CustodyDevice, Nonce: dsai.Salt(dsai.Hash("nonce")),
	}, founded, 0), founded, first)
	if err != nil {
		f.Fatal(err)
	}
	id, err := vc.MemberID(inception.Subject)
	if err != nil {
		f.Fatal(err)
	}
	e, err := node.NewMemberEvent(&inception, id, nil, node.MemberChange{Old: first, New: next, Now: founded + 9, Custody: dsai.CustodyDevice})
	if err != nil {
		f.Fatal(err)
	}
	k := node.MemberKeys{Format: node.KeysFormat, Name: "Mateo", Inception: inception.Raw, Events: []json.RawMessage{e.Raw}}
	return k, &owner{card: memberCard{memberFormat, "Mateo", inception.Raw}, id: id, signer: next}
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
	now := dsai.Time(1_700_000_100)
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
	file, o := mateo(f)
	seed(f, document(f, file))
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
	_, o := mateo(f)
	seed(f, document(f, o.card))
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

// FuzzConfig reads configuration files: what is taken is one of the known keys.
func FuzzConfig(f *testing.F) {
	f.Add("home = \"/srv/dsai\"\nlisten = \"127.0.0.1:7777\"\n")
	f.Add("hosts = 1\n")
	f.Add("[home]\na = 1\n")
	f.Add("unknown = true\n")
	f.Fuzz(func(t *testing.T, text string) {
		var c Config
		if decodeConfig(text, &c) != nil {
			return
		}
		var again bytes.Buffer
		if err := toml.NewEncoder(&again).Encode(c); err != nil {
			t.Fatal(err)
		}
		var back Config
		if err := decodeConfig(again.String(), &back); err != nil || back != c {
			t.Errorf("%+v came back as %+v, %v", c, back, err)
		}
	})
}
