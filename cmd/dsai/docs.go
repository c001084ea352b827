// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/view"
)

func newDocsCommand(a *app) *cobra.Command {
	verb := func(use, short string, f func(context.Context, string) error) *cobra.Command {
		return &cobra.Command{
			Use: use + " REF", Short: short, Args: args(cobra.ExactArgs(1)),
			RunE: func(c *cobra.Command, in []string) error { return f(c.Context(), in[0]) },
		}
	}
	forget := verb("forget", "destroy a document's text and secret for good", a.docsForget)
	forget.SuggestFor = removing
	return a.group(&cobra.Command{Use: "docs", Short: "documents that the node holds"},
		&cobra.Command{
			Use: "list", Short: "documents, newest first", Args: args(cobra.NoArgs),
			RunE: func(c *cobra.Command, _ []string) error { return a.docsList(c.Context()) },
		},
		verb("show", "a document and its passages", a.docsShow),
		forget,
		verb("release", "rule that a copy set aside may stay", a.docsRelease))
}

func (a *app) docsList(ctx context.Context) error {
	out := []view.Document{}
	if err := a.call(ctx, "docs.list", node.Nothing{}, nil, &out); err != nil {
		return err
	}
	if a.json {
		return a.document(out)
	}
	if len(out) == 0 {
		a.say("No documents yet.\n")
		a.next("dsai add PATH")
		return nil
	}
	rows := [][]string{{"DOCUMENT", "TITLE", "OWNER", "STATE", "PASSAGES", "USES", "LAST USE"}}
	for _, d := range out {
		rows = append(rows, []string{a.id(d.Short, d.ID), clip(d.Title, 40), d.Owner, d.State, strconv.Itoa(d.Passages), strconv.Itoa(d.Uses), when(d.LastUse)})
	}
	a.table(rows...)
	a.next("dsai docs show %s, dsai uses %[1]s", out[0].Short)
	return nil
}

func (a *app) named(ctx context.Context, method, ref string, result any) error {
	return a.byPath(ref, func(ref string) error { return a.call(ctx, method, node.Ref{Ref: ref}, nil, result) })
}

func (a *app) docsShow(ctx context.Context, ref string) error {
	var d node.DocumentText
	if err := a.named(ctx, "docs.show", ref, &d); err != nil {
		return err
	}
	if a.json {
		return a.document(d)
	}
	a.say("%s  %s, of %s, %s\n", a.id(d.Short, d.ID), d.Title, d.Owner, d.State)
	a.say("%s, %s, %s, %s\n", d.Path, d.MediaType, size(d.Bytes), plural(d.Versions, "version"))
	if d.Consent != nil {
		a.say("Consent %s for %s until %s. Used so far: %s.\n", d.Consent.Short, strings.Join(d.Consent.Purposes, ", "), when(d.Consent.Until), times(d.Uses))
	}
	for i, p := range d.Text {
		head := strings.Join(p.Heading, " › ")
		if p.Page > 0 {
			head = strings.TrimSpace(head + fmt.Sprintf(" (page %d)", p.Page))
		}
		a.say("\n[%d] %s\n", i+1, inert.Line(head))
		a.indent(p.Text)
	}
	if d.State == "in use" {
		a.next("dsai uses %s, dsai consent revoke %[1]s", d.Short)
	}
	return nil
}

func (a *app) docsForget(ctx context.Context, ref string) error {
	var d node.DocumentText
	if err := a.named(ctx, "docs.show", ref, &d); err != nil {
		return err
	}
	if !a.yes {
		a.note("%s  %s, of %s: its text and secret would be destroyed, and the answers made from it. Receipts and log stay valid; its passages in them can then never be shown again. The word counts of rankings since it came go too: quoted answers since then, from other documents as well, still verify and can no longer be made again, unless their bundle was saved before. Backups that hold it must be deleted too.\n",
			d.Short, d.Title, d.Owner)
	}
	if err := a.confirm("Forget it for good?"); err != nil {
		return err
	}
	var out view.Document
	if err := a.call(ctx, "docs.forget", node.Ref{Ref: d.ID.String()}, nil, &out); err != nil {
		return err
	}
	if a.json {
		return a.document(out)
	}
	a.say("Forgotten: %s  %s\n", d.Short, d.Title)
	a.next("dsai fsck")
	return nil
}

func (a *app) docsRelease(ctx context.Context, ref string) error {
	var d node.DocumentText
	if err := a.named(ctx, "docs.show", ref, &d); err != nil {
		return err
	}
	if err := a.call(ctx, "docs.release", node.Ref{Ref: d.ID.String()}, nil, nil); err != nil {
		return err
	}
	if err := a.call(ctx, "docs.show", node.Ref{Ref: d.ID.String()}, nil, &d); err != nil {
		return err
	}
	if a.json {
		return a.document(d.Document)
	}
	a.say("Released: %s  %s, %s\n", d.Short, d.Title, d.State)
	return nil
}
