// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/keys"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/vc"
)

// FuzzAdditionRequest reads requests that somebody else made, on a member's own
// machine: what may be signed adds the member's own to the one collection that
// they consented to, and every document in it was named.
func FuzzAdditionRequest(f *testing.F) {
	dir := filepath.Join(f.TempDir(), "keys")
	ring, err := keys.Create(dir)
	if err != nil {
		f.Fatal(err)
	}
	inc, err := newInception(ring)
	if err != nil {
		f.Fatal(err)
	}
	o := &owner{dir: dir}
	if o.id, err = vc.MemberID(inc.Subject); err != nil {
		f.Fatal(err)
	}
	if o.signer, err = ring.Signer(keyConsent); err != nil {
		f.Fatal(err)
	}
	agreed := dsai.Hash("collection")
	b, until, _, err := consent.Draft(consent.Options{
		Key: o.signer.DID(), Member: o.id, From: 1, Data: dsai.DataScope{Collection: &agreed}, Capture: dsai.Capture{Method: "request-file", Custody: dsai.CustodyDevice},
	})
	if err != nil {
		f.Fatal(err)
	}
	c, err := vc.Issue(vc.New(dsai.TypeConsentBundle, o.signer.DID(), b, 1, until), 1, o.signer)
	if err != nil {
		f.Fatal(err)
	}
	if err := o.keep("consents", c.Digest, c.Raw); err != nil {
		f.Fatal(err)
	}
	seed, err := json.Marshal(node.AdditionRequest{Format: node.AdditionRequestFormat, Titles: []string{"a.md"}, From: 1, Additions: []dsai.CollectionAddition{
		{ID: o.signer.DID(), Member: o.id, Collection: agreed, Document: dsai.DocumentGrant{Mode: dsai.ModeFollowing}},
	}})
	if err != nil {
		f.Fatal(err)
	}
	// agree reads a request from a file as the verb does.
	agree := func(t testing.TB, raw []byte) (*node.AdditionRequest, error) {
		path := filepath.Join(t.TempDir(), "ask.json")
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		var r node.AdditionRequest
		if err := readJSON(path, node.AdditionRequestFormat, &r); err != nil {
			return nil, err
		}
		_, err := o.agreed(&r)
		return &r, err
	}
	if _, err := agree(f, seed); err != nil {
		f.Fatalf("not even the seed can be signed: %v", err)
	}
	f.Add(seed)
	f.Add([]byte(`{"format":"dsai-addition-request/1","titles":["a"],"additions":[{}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := agree(t, raw)
		if err != nil {
			return
		}
		if len(r.Titles) != len(r.Additions) {
			t.Errorf("%d documents, %d named", len(r.Additions), len(r.Titles))
		}
		for _, a := range r.Additions {
			if a.ID != o.signer.DID() || a.Member != o.id || a.Collection != agreed {
				t.Errorf("would sign %+v", a)
			}
		}
	})
}

// FuzzSignedFile reads what a member hands to an operator.
func FuzzSignedFile(f *testing.F) {
	f.Add([]byte(`{"format":"dsai-addition/1","name":"a","inception":{},"additions":[{}]}`))
	f.Add([]byte(`{"format":"dsai-addition/1","additions":[]}`))
	f.Add([]byte(`{"format":"dsai-consent/1","consent":{}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(t.TempDir(), "signed.json")
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if s, m, err := readSigned(path); err == nil && (m.IsZero() || s.Consent == nil && len(s.Additions) == 0) {
			t.Errorf("read %+v of %s without a signature", s, m)
		}
	})
}
