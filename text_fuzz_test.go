// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package dsai_test

import (
	"encoding/json"
	"testing"

	"dsai.example/dsai"
)

// FuzzText holds what appears in signed documents to one text for one value.
func FuzzText(f *testing.F) {
	f.Add(dsai.Hash("x").String())
	f.Add("2026-11-22T15:04:05Z")
	f.Add("2026-11-22t15:04:05.000z")
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := dsai.ParseDigest(s); err == nil && d.String() != s {
			t.Errorf("ParseDigest(%q) = %s", s, d)
		}
		var salt dsai.Salt
		if err := salt.UnmarshalText([]byte(s)); err == nil && salt.String() != s {
			t.Errorf("Salt of %q = %s", s, salt)
		}
		var at dsai.Time
		if err := at.UnmarshalText([]byte(s)); err == nil && at.String() != s {
			t.Errorf("Time of %q = %s", s, at)
		}
	})
}

// FuzzProofs reads the one member of a credential that has two forms.
func FuzzProofs(f *testing.F) {
	f.Add([]byte(`{"type":"DataIntegrityProof","proofValue":"z1"}`))
	f.Add([]byte(`[{"type":"a"},{"type":"b"}]`))
	f.Add([]byte(`[{"type":"a"}]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var p dsai.Proofs
		if json.Unmarshal(raw, &p) != nil {
			return
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatalf("Marshal of what %q means = %v", raw, err)
		}
		var q dsai.Proofs
		if err := json.Unmarshal(again, &q); err != nil || len(q) != len(p) {
			t.Errorf("%q has %d proofs and is written as %s, %v", raw, len(p), again, err)
		}
	})
}
