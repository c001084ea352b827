// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"encoding/json"
	"strings"
	"testing"

	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/verify"
)

func FuzzBundle(f *testing.F) {
	s := newScene(f, "clinic")
	s.bundle = withRevocation(s)
	raw := s.raw()
	f.Add(raw)
	redacted, err := verify.Redact(raw)
	must(f, err)
	f.Add(redacted)
	f.Add([]byte(`{"format":"dsai-bundle/1"}`))
	o := verify.Options{Trust: s.trust()}
	genuine, err := vc.CanonicalRaw(raw)
	must(f, err)
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := verify.Bundle(raw, o)
		if err != nil {
			return
		}
		if len(r.Checks) != 21 {
			t.Fatalf("%d checks", len(r.Checks))
		}
		if r.OK && !sameButForRedaction(t, genuine, raw) {
			t.Fatalf("ok: %s", raw)
		}
		if _, err := verify.Redact(raw); err != nil {
			t.Fatalf("Redact of what Bundle reads = %v", err)
		}
	})
}

// sameButForRedaction compares the parts of two bundles that may not be left
// out, and may not be said in two ways: all but proof, whose unknown signature
// lines are ignored, openings and revocations.
func sameButForRedaction(t *testing.T, a, b []byte) bool {
	var parts [2]map[string]json.RawMessage
	for i, raw := range [][]byte{a, b} {
		must(t, json.Unmarshal(raw, &parts[i]))
		for _, name := range []string{"openings", "revocations", "proof"} {
			delete(parts[i], name)
		}
	}
	return canon(t, parts[0]) == canon(t, parts[1])
}

func FuzzTrust(f *testing.F) {
	raw, err := vc.Canonical(newScene(f, "clinic").trust())
	must(f, err)
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		trust, err := verify.ParseTrust(raw)
		if err != nil {
			return
		}
		again, err := vc.Canonical(trust)
		must(t, err)
		if _, err := verify.ParseTrust(again); err != nil {
			t.Fatalf("ParseTrust of what it returned = %v", err)
		}
	})
}

// FuzzProof reads proofs: the index, the hashes, the checkpoint and the lines of
// its signers, which a whole bundle shows only as one string.
func FuzzProof(f *testing.F) {
	s := newScene(f, "clinic")
	var parts map[string]json.RawMessage
	must(f, json.Unmarshal(s.raw(), &parts))
	var genuine string
	must(f, json.Unmarshal(parts["proof"], &genuine))
	f.Add(genuine)
	f.Add("c2sp.org/tlog-proof@v1\nindex 0\n\nlog\n1\nAAAA\n\n\u2014 log AAAA\n")
	o := verify.Options{Trust: s.trust()}
	signed, _, _ := strings.Cut(genuine, "\n\u2014 ")
	f.Fuzz(func(t *testing.T, text string) {
		raw, err := json.Marshal(text)
		must(t, err)
		parts["proof"] = raw
		bundle, err := json.Marshal(parts)
		must(t, err)
		r, err := verify.Bundle(bundle, o)
		if err == nil && r.OK && !strings.HasPrefix(text, signed+"\n") {
			t.Errorf("ok with the proof %q", text)
		}
	})
}
