// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"encoding/json"
	"strings"
	"testing"

	"dsai.example/dsai/verify"
)

// failing returns the names of the checks that do not hold.
func failing(r *verify.Result) []string {
	var out []string
	for _, c := range r.Checks {
		if !c.OK {
			out = append(out, c.Name)
		}
	}
	return out
}

func check(t testing.TB, raw []byte, o verify.Options) *verify.Result {
	t.Helper()
	r, err := verify.Bundle(raw, o)
	if err != nil {
		t.Fatalf("Bundle = %v", err)
	}
	return r
}

// report prints a result as people see it.
func report(r *verify.Result) string {
	var b strings.Builder
	for _, c := range r.Checks {
		mark := "ok  "
		if !c.OK {
			mark = "FAIL"
		}
		b.WriteString("\n" + mark + " " + c.Name + ": " + c.Reason)
	}
	return b.String()
}

func TestGenuineBundle(t *testing.T) {
	s := newScene(t, "clinic")
	raw := s.raw()
	r := check(t, raw, verify.Options{Trust: s.trust()})
	if !r.OK || !r.Consistent || r.Anchor != verify.AnchorPinned || r.Witnesses != 2 || r.Operators != 2 || r.Replayed {
		t.Fatalf("Bundle = %+v%s", r, report(r))
	}
	t.Log(len(raw), "bytes", report(r))
	if r := check(t, raw, verify.Options{}); r.OK || !r.Consistent || r.Anchor != verify.AnchorUnknown || r.Witnesses != 0 {
		t.Errorf("Bundle without trust = %+v%s", r, report(r))
	}
	text, err := json.Marshal(r)
	if err != nil || !strings.HasPrefix(string(text), `{"ok":true,"consistent":true,"anchor":"pinned","assurance":"replayable","replayed":false,"witnesses":2,"operators":2,"checks":[{"name":"format","ok":true,"reason":`) {
		t.Errorf("result = %s, %v", text, err)
	}
}
