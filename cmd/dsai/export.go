// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/node"
)

func newExportCommand(a *app) *cobra.Command {
	var mine bool
	c := &cobra.Command{
		Use: "export --mine [FILE]", Short: "everything that the node holds about a member, as JSON", Args: args(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, in []string) error {
			if !mine {
				return usage("export: of what?", "dsai export --mine, with --as NAME for another member")
			}
			return a.export(c.Context(), in)
		},
	}
	c.Flags().BoolVar(&mine, "mine", false, "what is the member's own")
	return c
}

func (a *app) export(ctx context.Context, in []string) error {
	var out node.Exported
	if err := a.call(ctx, "export", node.Ref{Ref: a.cfg.As}, nil, &out); err != nil {
		return err
	}
	if len(in) == 0 {
		return a.document(out)
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	if err := durable.CreateFile(in[0], append(text, '\n'), 0o600); err != nil {
		return usage(fmt.Sprintf("export: %v", err), fileHint(err))
	}
	if a.json {
		return a.document(map[string]any{"path": in[0], "documents": len(out.Documents), "consents": len(out.Consents), "uses": len(out.Uses)})
	}
	a.say("Wrote %s: %s, %s, %s of %s.\n", in[0], plural(len(out.Documents), "document"), plural(len(out.Consents), "consent"), plural(len(out.Uses), "use"), out.Member.Name)
	return nil
}
