// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/view"
)

func newConsentCommand(a *app) *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "consents, newest first", Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.consentList(c.Context()) },
	}
	show := &cobra.Command{
		Use: "show REF", Short: "what a consent agrees to, in words", Args: args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, in []string) error { return a.consentShow(c.Context(), in[0]) },
	}
	revoke := newRevokeCommand(a)
	revoke.SuggestFor = append([]string{"withdraw"}, removing...)
	return a.group(&cobra.Command{Use: "consent", Short: "what members agreed to"},
		newRequestCommand(a), newSignCommand(a), list, show, revoke, newObjectCommand(a))
}

func newRequestCommand(a *app) *cobra.Command {
	var t terms
	var to, out string
	c := &cobra.Command{
		Use: "request PATH… --to NAME", Short: "ask a member with keys of their own for a consent", Args: args(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, in []string) error { return a.consentRequest(c.Context(), in, &t, to, out) },
	}
	t.flags(c)
	c.Flags().StringVar(&to, "to", "", "the member who is to sign")
	c.Flags().StringVar(&out, "out", "", "file to write (default consent-request.json)")
	return c
}

// requested is what dsai consent request --json prints.
type requested struct {
	File string `json:"file"`
	node.RequestResult
}

func (a *app) consentRequest(ctx context.Context, paths []string, t *terms, to, file string) error {
	if to == "" {
		return usage("consent request: --to names nobody", "see dsai member list")
	}
	if file == "" {
		file = "consent-request.json"
	}
	c, unnamed, err := a.contribution(paths, t)
	if err != nil {
		return err
	}
	if len(c.Paths) == 0 && len(unnamed) > 0 {
		return usage(fmt.Sprintf("consent request %s: %s", unnamed[0].Path, unnamed[0].Reason), nothingHint(unnamed))
	}
	out := requested{File: file}
	meter := a.meter()
	err = a.call(ctx, "consent.request", node.RequestArgs{Contribution: c, To: to}, meter.show, &out.RequestResult)
	meter.clear()
	if err != nil {
		return err
	}
	out.Skipped = append(unnamed, out.Skipped...)
	var ask any = out.Request
	if out.Additions != nil {
		ask = out.Additions
	}
	text, err := json.MarshalIndent(ask, "", "  ")
	if err != nil {
		return err
	}
	if err := durable.CreateFile(file, append(text, '\n'), 0o600); err != nil {
		return usage(fmt.Sprintf("write request: %v", err), "name another file with --out")
	}
	if a.json {
		return a.document(out)
	}
	a.showSkipped(out.Skipped)
	if out.Additions != nil {
		a.say("Wrote %s: %s to join the collection %q, under the terms that %s agreed to for it.\n", file, plural(len(out.Additions.Titles), "document"), out.Additions.Collection, to)
	} else {
		a.say("Wrote %s about %s. They are used for nothing before %s signs:\n\n", file, plural(len(out.Request.Titles), "document"), to)
		a.indent(out.Request.Words)
	}
	a.next("dsai consent sign %s, on the machine of %s; then here: dsai add --consent %[1]s.signed", quoteFile(file), to)
	return nil
}

func (a *app) consentList(ctx context.Context) error {
	out := []view.Consent{}
	if err := a.call(ctx, "consent.list", node.Nothing{}, nil, &out); err != nil {
		return err
	}
	if a.json {
		return a.document(out)
	}
	if len(out) == 0 {
		a.say("No consents yet.\n")
		a.next("dsai add PATH")
		return nil
	}
	rows := [][]string{{"CONSENT", "OWNER", "STATE", "FOR", "NEVER", "DOCUMENTS", "UNTIL"}}
	for _, c := range out {
		rows = append(rows, []string{a.id(c.Short, c.Digest), c.Owner, c.State, join(c.Purposes), join(c.Denied), documentCount(c), when(c.Until)})
	}
	a.table(rows...)
	a.next("dsai consent show %s", out[0].Short)
	return nil
}

func documentCount(c view.Consent) string {
	s := strconv.Itoa(len(c.Documents) - len(c.Withdrawn))
	if c.Collection != "" {
		s += " in " + clip(c.Collection, 20)
	}
	return s
}

func (a *app) consentShow(ctx context.Context, ref string) error {
	var out node.ConsentShown
	err := a.byPath(ref, func(ref string) error { return a.call(ctx, "consent.show", node.Ref{Ref: ref}, nil, &out) })
	if err != nil {
		return err
	}
	if a.json {
		return a.document(out)
	}
	a.say("Consent %s of %s, %s.\n\n", a.id(out.Short, out.Digest), out.Owner, out.State)
	a.indent(wordsNow(&out.Consent))
	if out.Collection != "" {
		a.showCollection(&out)
	} else {
		a.say("\nDocuments: %s\n", join(out.Documents))
		if len(out.Withdrawn) > 0 {
			a.say("Withdrawn, of these: %s\n", join(out.Withdrawn))
		}
	}
	a.withdrawals(&out)
	a.objections(out.Objections)
	if out.State == "in force" {
		a.next("dsai consent revoke %s", out.Short)
	}
	return nil
}

// withdrawals lists by which receipts something was taken back.
func (a *app) withdrawals(c *node.ConsentShown) {
	if len(c.Withdrawals) == 0 {
		return
	}
	a.say("\nWithdrawal receipts:\n")
	var rows [][]string
	for _, w := range c.Withdrawals {
		what := join(w.Documents)
		if n := len(w.Documents); n > 3 {
			what = plural(n, "document")
		}
		rows = append(rows, []string{"  " + a.id(w.Short, w.Receipt), when(w.At), what})
	}
	a.table(rows...)
	ref := c.Short
	if c.Revoked == 0 && len(c.Withdrawals[0].Documents) > 0 {
		ref = c.Withdrawals[0].Documents[0]
	}
	a.say(a.hereFormat("To have one as a file: dsai consent revoke %s --save FILE\n"), ref)
}

// wordsNow are the words of a consent; one that was withdrawn cannot be again.
func wordsNow(c *view.Consent) string {
	before, _, ok := strings.Cut(c.Words, "Withdraw:")
	if c.Revoked == 0 || !ok {
		return c.Words
	}
	return before + fmt.Sprintf("%-10s at %s.\n", "Withdrawn:", when(c.Revoked))
}

// showCollection lists what joined, each by a signature of the member's.
func (a *app) showCollection(c *node.ConsentShown) {
	a.say("\nCollection %q:\n", c.Collection)
	var rows [][]string
	for _, j := range c.Joined {
		state := ""
		if j.Withdrawn != 0 {
			state = "withdrawn " + when(j.Withdrawn)
		}
		rows = append(rows, []string{"  " + j.Document, clip(j.Title, 40), "joined " + when(j.At), state})
	}
	a.table(rows...)
}
