// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"github.com/spf13/cobra"

	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/node"
)

func newFsckCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "fsck", Short: "check everything that the node keeps, and mend nothing", Args: args(cobra.NoArgs),
		Long: `Checks everything that the node keeps. Like every verb it first brings a home of
an older version to this one's format, after a copy of it, and makes an index
that is missing again out of the database.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.fsck(c.Context()) },
	}
}

func (a *app) fsck(ctx context.Context) error {
	var out node.FsckReport
	if err := a.call(ctx, "fsck", node.Nothing{}, nil, &out); err != nil {
		return err
	}
	if a.json {
		if err := a.document(out); err != nil || out.OK {
			return err
		}
		return shown(control.Unverified)
	}
	var rows [][]string
	for _, c := range out.Checks {
		mark := "FAIL"
		if c.OK {
			mark = "ok"
		}
		rows = append(rows, []string{mark, c.Name, c.Detail})
	}
	a.table(rows...)
	if !out.OK {
		return &control.Error{Kind: control.Unverified, Message: "the home is damaged", Hint: "copy it as it is before anything else; then: dsai restore BACKUP DIR"}
	}
	return nil
}
