// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/ingest"
)

// terms are the flags by which a consent is described.
type terms struct {
	purposes, never []string
	until           string
	sensitive       bool
	share           bool
	quoteMax        int
	collection      string

	changed func(flag string) bool
}

// given reports whether any terms were named.
func (t *terms) given() bool {
	return slices.ContainsFunc([]string{"for", "never", "until", "sensitive", "share", "quote-max", "collection"}, t.changed)
}

func (t *terms) flags(c *cobra.Command) {
	f := c.Flags()
	t.changed = f.Changed
	f.StringSliceVar(&t.purposes, "for", nil, "purposes, separated by commas (default answers; see dsai purposes)")
	f.StringSliceVar(&t.never, "never", nil, "purposes to deny even where a permitted one includes them")
	f.StringVar(&t.until, "until", "", "last day of the consent, such as 2027-12-31 (default: a year from now)")
	f.BoolVar(&t.sensitive, "sensitive", false, "this node only, no model servers, withdrawals count within seconds")
	f.BoolVar(&t.share, "share", false, "also for model servers on other machines, which see passages and may keep them (see dsai model)")
	f.IntVar(&t.quoteMax, "quote-max", 0, "most characters of a document quoted to the same person (default: no limit)")
	f.StringVar(&t.collection, "collection", "", "name of a collection: one consent, which later files join by a signature each")
}

// contribution is what the flags ask for over paths, and which of them cannot be
// named to a node.
func (a *app) contribution(paths []string, t *terms) (c node.Contribution, unnamed []node.Skipped, err error) {
	until, err := lastMoment(t.until)
	if err != nil {
		return c, nil, err
	}
	if until != 0 && until < dsai.At(time.Now()) {
		return c, nil, usage(fmt.Sprintf("--until %s has passed", t.until), "name the last day on which it may be used, or leave it out for a year")
	}
	if t.sensitive && t.share {
		return c, nil, usage("--sensitive keeps documents on this node, and --share gives passages to others", "leave one of them out")
	}
	abs, err := absolute(paths)
	unnamed = []node.Skipped{} // a list, also in JSON
	abs = slices.DeleteFunc(abs, func(p string) bool {
		bad := ingest.Unnamed(p)
		if bad != nil {
			unnamed = append(unnamed, node.Skipped{Path: bad.Path, Code: string(bad.Code), Reason: bad.Reason})
		}
		return bad != nil
	})
	return node.Contribution{
		Member: a.cfg.As, Paths: abs, For: t.purposes, Never: t.never, Until: until, Sensitive: t.sensitive, Share: t.share, QuoteMax: t.quoteMax,
		Collection: t.collection, Keep: !t.given(), Ask: !a.yes,
	}, unnamed, err
}

func newAddCommand(a *app) *cobra.Command {
	var t terms
	var signed string
	c := &cobra.Command{
		Use: "add PATH…", Short: "lend files or folders to the co-op under a signed consent", Args: args(cobra.ArbitraryArgs),
		Example: "  dsai add notes/ --for answers,care --until 2027-12-31\n  dsai add notes/ --collection notes\n  dsai add --consent request.signed",
		RunE: func(c *cobra.Command, in []string) error {
			if len(in) == 0 && signed == "" {
				return usage("add: no file or folder named", "usage: dsai add PATH…")
			}
			return a.add(c.Context(), in, &t, signed)
		},
	}
	t.flags(c)
	c.Flags().StringVar(&signed, "consent", "", "consent, or additions to a collection, that a member signed elsewhere; see dsai consent request")
	return c
}

func (a *app) add(ctx context.Context, paths []string, t *terms, signed string) error {
	req, unnamed, err := a.contribution(paths, t)
	if err != nil {
		return err
	}
	if signed != "" {
		if err := takeSigned(signed, &req); err != nil {
			return err
		}
	}
	out := node.Contributed{Documents: []node.ContributedDoc{}, Copies: []node.Copy{}}
	if len(req.Paths) > 0 || signed != "" {
		if out, err = a.lend(ctx, &req); err != nil {
			return err
		}
	}
	out.Skipped = append(unnamed, out.Skipped...)
	failure := leftOut(&out)
	if !a.json {
		a.showContributed(&out)
		if failure != nil {
			return failure
		}
		return nil
	}
	if err := a.document(added{out, failure}); err != nil {
		return err
	}
	if failure != nil {
		return shown(failure.Kind)
	}
	return nil
}

// added is what dsai add --json prints: also what was added beside what could not be.
type added struct {
	node.Contributed
	Error *control.Error `json:"error,omitempty"`
}

// leftOut is the error of an addition that left out what should have been added,
// nil when it left out nothing.
func leftOut(out *node.Contributed) *control.Error {
	bad := 0
	for _, s := range out.Skipped {
		if unreadable(s) {
			bad++
		}
	}
	switch {
	case len(out.Documents) == 0:
		return &control.Error{Kind: control.Failed, Message: "nothing was added", Hint: nothingHint(out.Skipped)}
	case bad > 0:
		return &control.Error{Kind: control.Failed, Message: plural(bad, "file") + " could not be added, the rest was", Hint: nothingHint(out.Skipped)}
	}
	return nil
}

// errStopped ends an addition by Ctrl-C.
var errStopped = &control.Error{Kind: control.Failed, Message: "add: stopped before a consent was signed",
	Hint: "what was read is kept, and used for nothing without a consent; the same command goes on from there"}

// lend has the node add what req names. It asks before anything that was lent
// before is lent more widely, and before terms are agreed to that permit more than
// the purposes named in them say; req remembers a yes.
func (a *app) lend(ctx context.Context, req *node.Contribution) (out node.Contributed, err error) {
	meter := a.meter()
	err = a.call(ctx, "add", *req, meter.show, &out)
	meter.clear()
	if err != nil && ctx.Err() != nil {
		return out, errStopped
	}
	if err != nil || !out.Asks {
		return out, err
	}
	a.note("%s%s\n", lines(changeWords(out.Changes)), lines(out.Words))
	if err := a.confirm("Lend under these terms?"); err != nil {
		return out, err
	}
	req.Agreed = true
	now := *req
	now.Ask = false
	// Reading is done: what it counted holds, whatever the second call finds known.
	read := out
	out = node.Contributed{}
	err = a.call(ctx, "add", now, nil, &out)
	out.Added, out.Unchanged, out.Passages, out.Copies = read.Added, read.Unchanged, read.Passages, read.Copies
	return out, err
}

// changeWords says what becomes of the terms of documents lent before.
func changeWords(changes []node.TermsChanged) string {
	var b strings.Builder
	for _, c := range changes {
		before := "lent under " + c.Short
		if c.Short == "" {
			before = "that nobody may use now"
		}
		fmt.Fprintf(&b, "Other terms for %s %s:\n", plural(c.Documents, "document"), before)
		for _, t := range c.Terms {
			wider := ""
			if t.Wider {
				wider = " (wider)"
			}
			fmt.Fprintf(&b, "  %s: %s -> %s%s\n", t.Name, t.Old, t.New, wider)
		}
	}
	return b.String()
}

// nothingHint says what to do when no file could be taken.
func nothingHint(skipped []node.Skipped) string {
	if slices.ContainsFunc(skipped, func(s node.Skipped) bool { return s.Code == string(ingest.CodeUnreadable) }) {
		return "check the path, and that the node may read it: one that systemd runs has a user and a /tmp of its own"
	}
	if slices.ContainsFunc(skipped, func(s node.Skipped) bool { return s.Code == string(ingest.CodeName) }) {
		return "give what was left out a name in UTF-8, such as one of plain letters, and add it again"
	}
	if !slices.ContainsFunc(skipped, func(s node.Skipped) bool { return s.Code != string(ingest.CodeWithdrawn) }) {
		return "what was withdrawn or forgotten is lent again when its file itself is named, not its folder"
	}
	return "dsai reads text, Markdown, HTML, PDF, DOCX, CSV and manual pages"
}

// takeSigned puts what a member signed elsewhere into req.
func takeSigned(path string, req *node.Contribution) error {
	s, member, err := readSigned(path)
	if err != nil {
		return err
	}
	req.Member, req.Signed, req.Additions, req.Name, req.Inception = member.String(), s.Consent, s.Additions, s.Name, s.Inception
	return nil
}

// unreadable reports whether s should have been taken and could not be; what was
// left out on purpose does not count.
func unreadable(s node.Skipped) bool {
	switch ingest.Code(s.Code) {
	case ingest.CodeLink, ingest.CodeEmpty, ingest.CodePrivate, ingest.CodeWithdrawn:
		return false
	}
	return true
}

func (a *app) showContributed(out *node.Contributed) {
	const most = 10
	for i, d := range out.Documents {
		if i == most && !a.long {
			a.say("  … and %d more (--long lists all)\n", len(out.Documents)-most)
			break
		}
		a.say("  %s  %s  %s\n", a.id(d.Short, d.ID), typed(d.Path), plural(d.Passages, "passage"))
	}
	a.showSkipped(out.Skipped)
	for _, c := range out.Copies {
		a.say("Note: %s has the same bytes as %s of %s: if they withdraw, yours is set aside until you rule on it.\n", typed(c.Path), c.Of, c.Owner)
	}
	if len(out.Documents) == 0 {
		return
	}
	a.say("%s", lines(changeWords(out.Changes)))
	kept := 0
	for _, k := range out.Kept {
		kept += k.Documents
	}
	lent := len(out.Documents) - kept // under a consent or an addition signed now
	if out.Collection != "" {
		lent = out.Joined
	}
	switch {
	case out.Added == 0 && kept > 0 && lent > 0:
		a.say("%s, %d of them as before.", plural(out.Unchanged, "document"), kept)
	case out.Added == 0 && out.Joined > 0:
		a.say("%s.", plural(out.Unchanged, "document"))
	case out.Added == 0 && out.Unchanged > 0 && lent > 0:
		a.say("%s under a new consent.", plural(out.Unchanged, "document"))
	case out.Added == 0 && out.Unchanged > 0:
		a.say("%s, as before.", plural(out.Unchanged, "document"))
	default:
		a.say("Added %s with %s", plural(out.Added, "document"), plural(out.Passages, "passage"))
		if out.Unchanged > 0 {
			a.say("; %d unchanged", out.Unchanged)
		}
		a.say(".")
	}
	switch {
	case out.Joined > 0:
		a.say(" %d joined the collection %q, each with a signature of its own.", out.Joined, out.Collection)
	case out.Collection != "":
		a.say(" In the collection %q.", out.Collection)
	}
	a.say(" Consent %s:\n\n", a.id(out.Short, out.Consent))
	a.indent(out.Words)
	for _, k := range out.Kept {
		if k.Consent != out.Consent {
			a.say("\n%s under consent %s as before.\n", plural(k.Documents, "document"), a.id(k.Short, k.Consent))
		}
	}
	a.next("dsai ask \"…\", or withdraw with: dsai consent revoke %s", quoteFile(typed(out.Documents[0].Path)))
}

func (a *app) showSkipped(skipped []node.Skipped) {
	if len(skipped) > 0 {
		a.say("Left out:\n")
	}
	for _, s := range skipped {
		a.say("  %s: %s\n", typed(s.Path), s.Reason)
	}
}
