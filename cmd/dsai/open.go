// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/node"
)

func newOpenCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "open REF", Short: "a cited passage in its context, such as last#1", Args: args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, in []string) error { return a.open(c.Context(), in[0]) },
	}
}

func (a *app) open(ctx context.Context, ref string) error {
	if !strings.Contains(ref, "#") {
		return usage(fmt.Sprintf("open %q: want RECEIPT#NUMBER", ref), "dsai open "+quote(ref+"#1"))
	}
	var out node.Opened
	if err := a.call(ctx, "open", node.OpenArgs{Ref: ref}, nil, &out); err != nil {
		return err
	}
	if a.json {
		return a.document(out)
	}
	d, p := out.Document, out.Passage
	a.say("%s, %s  %s, %s\n", d.Title, d.Owner, a.id(d.Short, d.ID), d.State)
	a.say("%s\n", typed(d.Path))
	where := strings.Join(p.Heading, " › ")
	if p.Page > 0 {
		where = strings.TrimPrefix(where+fmt.Sprintf(", page %d", p.Page), ", ")
	}
	if where != "" {
		a.say("%s\n", inert.Line(where))
	}
	a.say("\n")
	a.context(out.Before)
	a.apart("> ", p.Text)
	if out.After != nil {
		a.say("\n")
	}
	a.context(out.After)
	a.next("dsai docs show %s", d.Short)
	return nil
}

func (a *app) context(p *dsai.PassageBody) {
	if p != nil {
		a.indent(p.Text)
		a.say("\n")
	}
}
