// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"encoding/json"
	"fmt"
	"slices"

	"dsai.example/dsai/internal/verifiable/vc"
)

// Redactions are the names that Redact takes: the members of a bundle's openings.
var Redactions = []string{"detail", "excluded", "passages", "prompt", "quotes", "response", "settlement", "terms", "trace"}

// Redact returns the bundle raw, in canonical form, without the named openings,
// or without any when names is empty. The rest verifies as before: the receipt
// holds the commitments. An unknown name is an error; one that is not there is
// not, because what matters is that it is gone.
func Redact(raw []byte, names ...string) ([]byte, error) {
	members, err := readOuter(raw)
	if err != nil {
		return nil, fmt.Errorf("redact bundle: %w", err)
	}
	for _, n := range names {
		if !slices.Contains(Redactions, n) {
			return nil, fmt.Errorf("redact %.40q: no such opening; known are %q", n, Redactions)
		}
	}
	bundle := map[string]json.RawMessage{}
	for _, m := range members {
		bundle[string(m.Name)] = m.Value
	}
	openings := map[string]json.RawMessage{}
	if text, ok := bundle["openings"]; ok && len(names) > 0 {
		if err := json.Unmarshal(text, &openings); err != nil {
			return nil, fmt.Errorf("redact bundle: openings: %w", err)
		}
	}
	for _, n := range names {
		delete(openings, n)
	}
	delete(bundle, "openings")
	if len(openings) > 0 {
		if bundle["openings"], err = json.Marshal(openings); err != nil {
			return nil, err
		}
	}
	return vc.Canonical(bundle)
}
