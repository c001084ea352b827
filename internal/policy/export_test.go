// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package policy

// WithRule compiles d with one rule in place of its own, without tests.
func WithRule(d Document, when string) (*Policy, error) {
	rules, err := compile([]Rule{{ID: "fuzz", Effect: Allow, When: when}})
	return &Policy{document: d, rules: rules}, err
}
