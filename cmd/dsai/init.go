// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"dsai.example/dsai/internal/node"
)

func newInitCommand(a *app) *cobra.Command {
	var coop, member string
	c := &cobra.Command{
		Use: "init", Short: "found a co-op of one", Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.init(c.Context(), coop, member) },
	}
	c.Flags().StringVar(&coop, "coop", "", "name of the co-op (default: this machine's)")
	c.Flags().StringVar(&member, "member", "", "your name in it (default: your login name)")
	c.Flags().String("region", "", "ISO 3166 code of the country in which the node runs")
	return c
}

// founded is what dsai init --json prints.
type founded struct {
	Home   string `json:"home"`
	Coop   string `json:"coop"`
	Member string `json:"member"`
	CoopID string `json:"coopId"`
	Trust  string `json:"trust"` // fingerprint
}

func (a *app) init(ctx context.Context, coop, member string) error {
	if coop == "" {
		coop = hostName()
	}
	if member == "" {
		member = loginName()
	}
	err := node.Found(ctx, a.home(), node.FoundOptions{Coop: coop, Member: member, Region: a.cfg.Region, Now: time.Now})
	switch {
	case errors.Is(err, node.ErrHomeTaken):
		return usage(err.Error(), "use it as it is, or name another place with --home DIR")
	case errors.Is(err, fs.ErrExist):
		return usage(err.Error(), "name an empty or new folder with --home DIR")
	case err != nil:
		return err
	}
	n, err := node.Open(ctx, a.nodeConfig())
	if err != nil {
		return err
	}
	trust := n.Trust()
	if err := n.Close(); err != nil {
		return err
	}
	// Who founds a co-op believes it: its receipts are anchored here at once.
	if _, err := a.believe(trust); err != nil {
		return err
	}
	f := founded{a.cfg.Home, coop, member, trust.Coop.String(), fingerprint(trust)}
	if a.json {
		return a.document(f)
	}
	a.say("Founded %q with you, %s, as its first member.\n", coop, member)
	a.say("Home:   %s\n", f.Home)
	a.say("Trust:  %s   others compare this before they believe your receipts\n", f.Trust)
	a.next("dsai add PATH")
	return nil
}

func hostName() string {
	if h, err := os.Hostname(); err == nil && h != "" {
		return h
	}
	return "co-op"
}

func loginName() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return fmt.Sprintf("user %d", os.Getuid())
}
