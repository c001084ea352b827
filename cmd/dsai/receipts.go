// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"github.com/spf13/cobra"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/view"
)

func newReceiptsCommand(a *app) *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "receipts", Short: "answers and refusals, newest first", Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.receipts(c.Context(), limit) },
	}
	c.Flags().IntVar(&limit, "limit", 20, "most receipts to list")
	return c
}

func (a *app) receipts(ctx context.Context, limit int) error {
	out := []view.Receipt{}
	if err := a.call(ctx, "receipts", node.ListArgs{Limit: limit}, nil, &out); err != nil {
		return err
	}
	if a.json {
		return a.document(out)
	}
	if len(out) == 0 {
		a.say("No receipts yet.\n")
		a.next("dsai ask \"…\"")
		return nil
	}
	rows := [][]string{{"RECEIPT", "WHEN", "BY", "FOR", "OUTCOME", "QUESTION"}}
	for _, r := range out {
		outcome := string(r.Assurance)
		switch {
		case r.Code != "":
			outcome = string(r.Code)
		case r.Ended != dsai.EndedComplete && r.Ended != dsai.EndedStopped:
			outcome += ", " + string(r.Ended)
		}
		q := r.Question
		if q == "" {
			q = "(redacted)"
		}
		rows = append(rows, []string{a.id(r.Short, r.Digest), when(r.At), r.Requester, r.Purpose, outcome, clip(q, 60)})
	}
	a.table(rows...)
	a.next("dsai explain %s, dsai verify %[1]s", out[0].Short)
	return nil
}
