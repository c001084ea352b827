// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/policy"
)

func newPolicyCommand(a *app) *cobra.Command {
	var asTOML bool
	show := &cobra.Command{
		Use: "show", Short: "the policy in force", Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.policyShow(c.Context(), asTOML) },
	}
	show.Flags().BoolVar(&asTOML, "toml", false, "as a file to change and adopt")
	return a.group(&cobra.Command{Use: "policy", Short: "what the co-op allows at most"},
		show,
		&cobra.Command{
			Use: "adopt FILE", Short: "put a policy in force (TOML): the founder signs, the log has it", Args: args(cobra.ExactArgs(1)),
			RunE: func(c *cobra.Command, in []string) error { return a.policyAdopt(c.Context(), in[0]) },
		},
		&cobra.Command{
			Use: "test FILE", Short: "run the tests of a policy document (TOML)", Args: args(cobra.ExactArgs(1)),
			RunE: func(_ *cobra.Command, in []string) error { return a.policyTest(in[0]) },
		})
}

func (a *app) policyShow(ctx context.Context, asTOML bool) error {
	var out node.PolicyShown
	if err := a.call(ctx, "policy.show", node.Nothing{}, nil, &out); err != nil {
		return err
	}
	switch {
	case a.json:
		return a.document(out)
	case asTOML:
		return toml.NewEncoder(a.out).Encode(out.Document)
	}
	a.showPolicy(&out)
	a.next("dsai policy show --toml > policy.toml, dsai policy test policy.toml, dsai policy adopt policy.toml")
	return nil
}

func (a *app) showPolicy(out *node.PolicyShown) {
	d := out.Document
	a.say("%s  policy %s, adopted by the founder at %s (%s, number %d)\n\nThe first rule that matches decides; what none matches is denied.\n",
		d.Name, a.id("p-"+out.Digest.Short(), out.Digest), when(out.Adopted), a.id(out.Adoption.Short(), out.Adoption), out.Sequence)
	var rows [][]string
	for _, r := range d.Rules {
		rows = append(rows, []string{"  " + string(r.Effect), r.ID, clip(r.When, 100)})
	}
	a.table(rows...)
	p := d.Parameters
	a.say("\nEngines: %s. Models: %s.\n", join(texts(p.Engines)), modelWords(p.Models))
	a.say("Status lists at most %d seconds old; no answers when the policy was not confirmed for %d seconds.\n", p.MaxStatusAge, p.MaxPolicyAge)
	if p.EvidenceFloor > 0 {
		a.say("The quoting engine needs %d hundredths of a percent of a question covered, or more by its own threshold.\n", p.EvidenceFloor)
	}
	if len(out.Unenforced) > 0 {
		a.say("Written in it, and not carried out by this version: %s.\n", join(out.Unenforced))
	}
	a.say("A policy takes away: consent and policy must both agree.\n")
	a.objections(out.Objections)
}

func texts[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = string(v)
	}
	return out
}

func modelWords(models []dsai.Digest) string {
	if len(models) == 0 {
		return "any that the operator added"
	}
	return fmt.Sprintf("only %d by fingerprint", len(models))
}

func (a *app) policyAdopt(ctx context.Context, path string) error {
	raw, err := readFile(path)
	if err != nil {
		return err
	}
	var out node.PolicyAdopted
	if err := a.call(ctx, "policy.adopt", node.AdoptArgs{Member: a.cfg.As, Text: string(raw)}, nil, &out); err != nil {
		return err
	}
	switch {
	case a.json:
		return a.document(out)
	case !out.Changed:
		a.say("Policy %s is in force already.\n", a.id("p-"+out.Digest.String()[:8], out.Digest))
		return nil
	}
	a.say("Adopted, in force from now: policy %s %q, number %d, after p-%s.\n", a.id("p-"+out.Digest.String()[:8], out.Digest), out.Document.Name, out.Sequence, out.Replaced.String()[:8])
	a.say("Receipts from before stay under the policy of their time.\n")
	a.next("dsai policy show")
	return nil
}

// policyTested is what dsai policy test --json prints.
type policyTested struct {
	Name   string      `json:"name"`
	Digest dsai.Digest `json:"digest"`
	Rules  int         `json:"rules"`
	Tests  int         `json:"tests"`
	// Unenforced keeps this version from adopting it.
	Unenforced []string `json:"unenforced"`
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
	out := policyTested{d.Name, p.Digest(), len(d.Rules), len(d.Tests), node.Unenforced(d.Parameters)}
	if out.Unenforced == nil {
		out.Unenforced = []string{}
	}
	if a.json {
		return a.document(out)
	}
	if len(out.Unenforced) > 0 {
		a.say("%q: %s, %s pass. This version would not adopt it: it cannot enforce %s.\n", d.Name, plural(out.Rules, "rule"), plural(out.Tests, "test"), join(out.Unenforced))
		return nil
	}
	a.say("%q: %s, %s pass. It would be policy p-%s.\n", d.Name, plural(out.Rules, "rule"), plural(out.Tests, "test"), p.Digest().Short())
	return nil
}
