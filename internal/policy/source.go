// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"context"
	"fmt"

	"dsai.example/dsai"
)

// Source yields the policy in force. The one of a co-op without a chain is the
// document that its founder adopted; a chain replaces the source and nothing
// else. It is safe for concurrent use, and answers from memory: gates ask it
// for every request.
type Source interface {
	InForce(ctx context.Context) (InForce, error)
}

// InForce is a policy with the authority behind it.
type InForce struct {
	Policy    *Policy
	Authority Authority
	AsOf      dsai.Time // when the source last confirmed it
}

// Authority says who put a policy in force: either field is set.
type Authority struct {
	Adoption dsai.Digest // founder-signed, logged PolicyAdoption
	Height   uint64      // of the chain that carries the vote
}

// Check returns a refusal when the policy is older than it may be at now.
func (f InForce) Check(now dsai.Time) *dsai.Refusal {
	age, limit := dsai.Seconds(now-f.AsOf), f.Policy.document.Parameters.MaxPolicyAge
	if age <= limit {
		return nil
	}
	return &dsai.Refusal{Code: dsai.CodePolicyStale,
		Reason: fmt.Sprintf("the policy was last confirmed %d seconds ago, and may be %d seconds old", age, limit)}
}
