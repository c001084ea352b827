// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"dsai.example/dsai/verify"
)

// Bundles of strangers cannot make a Verifier remember more than it may, and
// what they put in does not keep it from judging the next one.
func TestMemoryIsBounded(t *testing.T) {
	s := newScene(t, "clinic")
	raw := s.raw()
	var parts map[string]json.RawMessage
	must(t, json.Unmarshal(raw, &parts))
	with := func(policy string) []byte { return bytes.Replace(raw, parts["policy"], []byte(policy), 1) }
	pad := strings.Repeat("x", verify.MaxMemo/9)
	v := verify.New(verify.Options{Trust: s.trust()})
	most := 0
	for i := range 12 {
		hostile := with(fmt.Sprintf(`{"name":"%d %s","rules":[]}`, i, pad))
		if r, err := v.Bundle(hostile); err != nil || r.OK {
			t.Fatalf("a bundle with policy %d is ok, or %v", i, err)
		}
		_, held := v.Held()
		if held > verify.MaxMemo {
			t.Fatalf("after %d bundles the verifier holds %d bytes, at most %d", i+1, held, verify.MaxMemo)
		}
		most = max(most, held)
	}
	if most < verify.MaxMemo/2 {
		t.Errorf("the verifier held %d bytes at most: the test does not reach its limit of %d", most, verify.MaxMemo)
	}
	// One that is too large by itself is not kept at all.
	before, _ := v.Held()
	if _, err := v.Bundle(with(`{"name":"` + pad + pad + `"}`)); err != nil {
		t.Fatal(err)
	}
	if after, _ := v.Held(); after > before {
		t.Errorf("a policy of %d bytes is kept: %d entries, before it %d", verify.MaxMemo/8, after, before)
	}
	if r, err := v.Bundle(raw); err != nil || !r.OK {
		t.Error(err, report(r))
	}
}
