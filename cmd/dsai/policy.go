// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/policy"
)

func newPolicyCommand(a *app) *cobra.Command {
	return group(&cobra.Command{Use: "policy", Short: "what the co-op allows at most"},
		&cobra.Command{
			Use: "show", Short: "the policy in force", Args: args(cobra.NoArgs),
			RunE: func(c *cobra.Command, _ []string) error { return a.policyShow(c.Context()) },
		},
		&cobra.Command{
			Use: "test FILE", Short: "run the tests of a policy document (TOML)", Args: args(cobra.ExactArgs(1)),
			RunE: func(_ *cobra.Command, in []string) error { return a.policyTest(in[0]) },
		})
}

func (a *app) policyShow(ctx context.Context) error {
	var out node.PolicyShown
	if err := a.call(ctx, "policy.show", node.Nothing{}, nil, &out); err != nil {
		return err
	}
	if a.json {
		return a.document(out)
	}
	d := out.Document
	a.say("%s  policy %s, adopted by %s\n\nThe first rule that matches decides; what none matches is denied.\n", d.Name, a.id("p-"+out.Digest.Short(), out.Digest), a.id(out.Adoption.Short(), out.Adoption))
	var rows [][]string
	for _, r := range d.Rules {
		rows = append(rows, []string{"  " + string(r.Effect), r.ID, clip(r.When, 100)})
	}
	a.table(rows...)
	a.say("\nA policy takes away: consent and policy must both agree.\n")
	a.next("dsai policy show --json, dsai policy test FILE")
	return nil
}

// policyTested is what dsai policy test --json prints.
type policyTested struct {
	Name   string      `json:"name"`
	Digest dsai.Digest `json:"digest"`
	Rules  int         `json:"rules"`
	Tests  int         `json:"tests"`
}

func (a *app) policyTest(path string) error {
	raw, err := readFile(path)
	if err != nil {
		return err
	}
	p, err := policy.Parse(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	d := p.Document()
	out := policyTested{d.Name, p.Digest(), len(d.Rules), len(d.Tests)}
	if a.json {
		return a.document(out)
	}
	a.say("%q: %s, %s pass. It would be policy p-%s.\n", d.Name, plural(out.Rules, "rule"), plural(out.Tests, "test"), p.Digest().Short())
	return nil
}
