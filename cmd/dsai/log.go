// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"github.com/spf13/cobra"

	"dsai.example/dsai/internal/node"
)

func newLogCommand(a *app) *cobra.Command {
	return a.group(&cobra.Command{Use: "log", Short: "the node's transparency log"},
		&cobra.Command{
			Use: "checkpoint", Short: "the signed state of the log (C2SP)", Args: args(cobra.NoArgs),
			RunE: func(c *cobra.Command, _ []string) error {
				return a.logText(c.Context(), "log.checkpoint", node.Nothing{}, "checkpoint")
			},
		},
		&cobra.Command{
			Use: "prove [REF]", Short: "proof that a receipt is in the log (C2SP tlog-proof)", Args: args(cobra.MaximumNArgs(1)),
			RunE: func(c *cobra.Command, in []string) error {
				return a.logText(c.Context(), "log.prove", node.Ref{Ref: ref(in)}, "proof")
			},
		})
}

// logText prints what the log says, byte for byte: it is signed text.
func (a *app) logText(ctx context.Context, method string, params any, name string) error {
	var out string
	if err := a.call(ctx, method, params, nil, &out); err != nil {
		return err
	}
	if a.json {
		return a.document(map[string]string{name: out})
	}
	a.say("%s", lines(out))
	return nil
}
