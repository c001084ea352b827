// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"dsai.example/dsai/internal/node"
)

func newExplainCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "explain [REF]", Short: "the life of one answer, stage by stage", Args: args(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, in []string) error { return a.explain(c.Context(), ref(in)) },
	}
}

func (a *app) explain(ctx context.Context, ref string) error {
	var out node.Explained
	if err := a.call(ctx, "explain", node.Ref{Ref: ref}, nil, &out); err != nil {
		return err
	}
	if a.json {
		return a.document(out)
	}
	r := out.Receipt
	a.say("%s  %s  %s\n", a.id(r.Short, r.Digest), when(r.At), clip(r.Question, 100))
	var rows [][]string
	for _, s := range out.Stages {
		rows = append(rows, []string{"  " + s.Stage, s.Text})
	}
	a.table(rows...)
	if len(out.Passages) > 0 {
		a.say("Passages that the engine was given:\n")
	}
	rows = nil
	for _, p := range out.Passages {
		mark := "not quoted"
		if p.Quoted {
			mark = "quoted"
		}
		rows = append(rows, []string{fmt.Sprintf("  [%d]", p.N), p.Title, p.Owner, p.Document, p.Consent + " (key: " + p.Custody + ")", mark})
	}
	a.table(rows...)
	a.next("dsai verify %s", r.Short)
	return nil
}
