// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"github.com/spf13/cobra"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
)

func newNodeCommand(a *app) *cobra.Command {
	clock := a.group(&cobra.Command{Use: "clock", Short: "the time by which consents are decided"}, &cobra.Command{
		Use: "accept", Short: "believe the machine's clock after a jump", Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.clockAccept(c.Context()) },
	})
	return a.group(&cobra.Command{Use: "node", Short: "this node itself"}, clock, newNodeRotateCommand(a))
}

func (a *app) clockAccept(ctx context.Context) error {
	var t dsai.Time
	if err := a.call(ctx, "clock.accept", node.Nothing{}, nil, &t); err != nil {
		return err
	}
	if a.json {
		return a.document(map[string]dsai.Time{"time": t})
	}
	a.say("It is %s. Consents are decided again.\n", when(t))
	return nil
}
