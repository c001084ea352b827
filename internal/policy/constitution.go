// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	_ "embed"
	"fmt"

	"dsai.example/dsai"
)

// Texts that every co-op starts with.
var (
	//go:embed constitution.md
	constitution []byte
	//go:embed default.toml
	defaultTOML []byte
)

// Constitution returns the text that a charter commits to. It stands above
// every policy, and what a policy could break of it holds by construction:
//
//   - Widening a consent: Request has no field of a consent, and a Decision is
//     joined to consent by AND. Status age is the lesser of the two.
//   - Undoing a withdrawal, hiding a log, holding back exit: gates ask a policy
//     about requests for answers only. Withdrawal, export and the log have no
//     gate, and Document has no key for one: unknown keys are refused.
//   - Surprise: a document fails at Parse when its own examples fail.
func Constitution() string { return string(constitution) }

// ConstitutionDigest is what Charter.Constitution commits to.
func ConstitutionDigest() dsai.Digest { return dsai.Hash("constitution", constitution) }

// DefaultTOML returns the text of the policy that a new co-op starts with.
func DefaultTOML() string { return string(defaultTOML) }

// Default parses the policy that a new co-op starts with: half a millisecond,
// so keep what it returns.
func Default() *Policy {
	p, err := Parse(defaultTOML)
	if err != nil {
		panic(fmt.Sprintf("policy: default.toml: %v", err)) // shipped with the binary
	}
	return p
}
