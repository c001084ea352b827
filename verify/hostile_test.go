// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"dsai.example/dsai/verify"
)

// members is n members of a JSON object, in an order that is not the canonical
// one when backwards is set.
func members(n int, backwards bool) string {
	var b strings.Builder
	for i := range n {
		if backwards {
			i = n - i
		}
		fmt.Fprintf(&b, `"k%06d":%d,`, i, i)
	}
	return strings.TrimSuffix(b.String(), ",")
}

// TestHostileBundles reads bundles that are small to send and large to read.
// None is ok, none takes long.
func TestHostileBundles(t *testing.T) {
	s, many := newScene(t, "clinic"), 1_000_000
	if testing.Short() {
		many /= 10
	}
	raw := string(s.raw())
	var parts map[string]json.RawMessage
	must(t, json.Unmarshal([]byte(raw), &parts))
	with := func(name, value string) string {
		changed := maps.Clone(parts)
		changed[name] = json.RawMessage(value)
		out, err := json.Marshal(changed)
		must(t, err)
		return string(out)
	}
	var consents []json.RawMessage
	must(t, json.Unmarshal(parts["consents"], &consents))
	for _, c := range []struct{ name, bundle string }{
		{"10,000 keys", "{" + members(10_000, false) + "}"},
		{"10,000 keys, backwards", "{" + members(10_000, true) + "}"},
		{"10,000 keys beside its own", raw[:len(raw)-1] + "," + members(10_000, true) + "}"},
		{"10,000 keys in the receipt", with("receipt", string(parts["receipt"][:len(parts["receipt"])-1])+","+members(10_000, true)+"}")},
		{"10,000 keys in an opening", with("openings", "{"+members(10_000, true)+"}")},
		{"as many keys as fit, backwards", "{" + members(many*9/10, true) + "}"},
		{"10,000 equal keys", "{" + strings.Repeat(`"a":1,`, 10_000) + `"a":1}`},
		{"arrays a million deep", strings.Repeat("[", 1_000_000)},
		{"objects a million deep", strings.Repeat(`{"a":`, 1_000_000)},
		{"deep within", with("consents", strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000))},
		{"one consent a thousand times", with("consents", "["+strings.Repeat(string(consents[0])+",", 999)+string(consents[0])+"]")},
		{"100,000 empty consents", with("consents", "["+strings.Repeat("{},", 99_999)+"{}]")},
		{"100,000 empty revocations", with("revocations", "["+strings.Repeat("{},", 99_999)+"{}]")},
		{"a proof of many lines", with("proof", `"c2sp.org/tlog-proof@v1\nindex 0\n`+strings.Repeat(`AAAA\n`, many)+`"`)},
		{"a long number", with("salt", strings.Repeat("9", 1_000_000))},
		{"17 MiB", strings.Repeat(" ", 17<<20) + raw},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			r, err := verify.Bundle([]byte(c.bundle), verify.Options{Trust: s.trust()})
			if err == nil && r.OK {
				t.Error("ok")
			}
			if err != nil && len(err.Error()) > 1000 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
			if took := time.Since(start); took > time.Minute {
				t.Errorf("took %s", took)
			} else {
				t.Logf("took %s: %v", took.Round(time.Millisecond), err)
			}
		})
	}
}

// TestHostileTrust: the same for trust files.
func TestHostileTrust(t *testing.T) {
	for name, raw := range map[string]string{
		"10,000 keys": "{" + members(10_000, true) + "}",
		"deep":        strings.Repeat("[", 1_000_000),
		"many nodes":  `{"format":"dsai-trust/1","nodes":[` + strings.Repeat("{},", 100_000) + `{}]}`,
	} {
		start := time.Now()
		if _, err := verify.ParseTrust([]byte(raw)); err == nil || len(err.Error()) > 1000 {
			t.Errorf("%s: %v, want a short error", name, err)
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("%s took %s", name, took)
		}
	}
}
