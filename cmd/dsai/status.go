// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/view"
)

func newStatusCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "the node at a glance", Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.status(c.Context()) },
	}
}

func (a *app) status(ctx context.Context) error {
	var s view.Status
	if err := a.call(ctx, "status", node.Nothing{}, nil, &s); err != nil {
		return err
	}
	if a.json {
		return a.document(s)
	}
	running := "not running"
	if s.Running {
		running = "running since " + when(s.Started) + " on http://" + s.Listen
	}
	short := func(id, kind string) string {
		d, err := dsai.ParseDigest(id)
		if a.long || err != nil {
			return id
		}
		return kind + d.Short()
	}
	a.table(
		[]string{"co-op", fmt.Sprintf("%s (%s), %s", s.Coop, short(s.CoopID, ""), plural(s.Members, "member"))},
		[]string{"node", short(s.Node, "") + ", " + running},
		[]string{"home", s.Home + ", " + size(s.DiskBytes)},
		[]string{"library", fmt.Sprintf("%s, %s, %s in force", plural(s.Documents, "document"), plural(s.Passages, "passage"), plural(s.Consents, "consent"))},
		[]string{"receipts", fmt.Sprintf("%d, and %s", s.Receipts, plural(s.Refusals, "refusal"))},
		[]string{"log", fmt.Sprintf("%d entries, %d waiting, %s", s.LogSize, s.LogPending, witnesses(s.Witnesses))},
		[]string{"policy", short(s.Policy, "p-")},
		[]string{"clock", s.Clock},
		[]string{"version", s.Version},
	)
	for _, w := range s.Warnings {
		a.say("warning: %s\n", w)
	}
	switch {
	case s.Clock != "trusted":
		a.next("dsai node clock accept, once the machine's clock is right")
	case s.Consents == 0:
		a.next("dsai add PATH")
	case !s.Running:
		a.next("dsai ask \"…\", or dsai up for API and pages")
	}
	return nil
}
