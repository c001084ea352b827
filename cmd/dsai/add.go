// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

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

// contribution is what the flags ask for over paths.
func (a *app) contribution(paths []string, t *terms) (node.Contribution, error) {
	var c node.Contribution
	until, err := lastMoment(t.until)
	if err != nil {
		return c, err
	}
	if t.quoteMax < 0 {
		return c, usage(fmt.Sprintf("--quote-max %d: want a number of characters", t.quoteMax), "")
	}
	if t.sensitive && t.share {
		return c, usage("--sensitive keeps documents on this node, and --share gives passages to others", "leave one of them out")
	}
	abs, err := absolute(paths)
	return node.Contribution{
		Member: a.cfg.As, Paths: abs, For: t.purposes, Never: t.never, Until: until, Sensitive: t.sensitive, Share: t.share, QuoteMax: t.quoteMax,
		Collection: t.collection, Keep: !t.given(), Ask: !a.yes,
	}, err
}

func newAddCommand(a *app) *cobra.Command {
	var t terms
	var signed string
	c := &cobra.Command{
		Use: "add PATH…", Short: "lend files or folders to the co-op under a signed consent",
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
	req, err := a.contribution(paths, t)
	if err != nil {
		return err
	}
	if signed != "" {
		if err := takeSigned(signed, &req); err != nil {
			return err
		}
	}
	out, err := a.lend(ctx, &req)
	if err != nil {
		return err
	}
	if a.json {
		if err := a.document(out); err != nil {
			return err
		}
	} else {
		a.showContributed(&out)
	}
	if unreadable(out.Skipped) || len(out.Documents) == 0 {
		if !a.json && len(out.Documents) == 0 {
			return &control.Error{Kind: control.Failed, Message: "nothing was added", Hint: nothingHint(out.Skipped)}
		}
		return shown(control.Failed)
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

// unreadable reports whether a file could not be taken that should have been;
// what was left out on purpose does not count.
func unreadable(skipped []node.Skipped) bool {
	for _, s := range skipped {
		switch ingest.Code(s.Code) {
		case ingest.CodeLink, ingest.CodeEmpty, ingest.CodePrivate:
		default:
			return true
		}
	}
	return false
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
	a.next("dsai ask \"…\", or withdraw with: dsai consent revoke %s", quote(typed(out.Documents[0].Path)))
}

func (a *app) showSkipped(skipped []node.Skipped) {
	if len(skipped) > 0 {
		a.say("Left out:\n")
	}
	for _, s := range skipped {
		a.say("  %s: %s\n", typed(s.Path), s.Reason)
	}
}

// meter shows how far an ingest is, in one line that rewrites itself on a
// terminal, else now and then.
type meter struct {
	a     *app
	live  bool
	drawn bool
	last  time.Time
}

func (a *app) meter() *meter { return &meter{a: a, live: terminal(os.Stderr), last: time.Now()} }

func (m *meter) show(raw json.RawMessage) {
	var w node.Waiting
	if json.Unmarshal(raw, &w) == nil && w.For != "" {
		m.a.note("waiting for %s to finish\n", w.For)
		return
	}
	var p ingest.Progress
	if json.Unmarshal(raw, &p) != nil || m.a.json {
		return
	}
	every := 10 * time.Second
	if m.live {
		every = 100 * time.Millisecond
	}
	if time.Since(m.last) < every {
		return
	}
	m.last, m.drawn = time.Now(), true
	line := fmt.Sprintf("%d/%d files, %s, %s/s", p.Files, p.FilesTotal, plural(p.Passages, "passage"), size(p.Rate))
	if p.ETA > 0 {
		line += ", " + p.ETA.Round(time.Second).String() + " left"
	}
	if !m.live {
		m.a.note("%s\n", line)
		return
	}
	m.a.note("\r\x1b[K%s  %s", line, clip(filepath.Base(p.Path), 40))
}

func (m *meter) clear() {
	if m.live && m.drawn {
		m.a.note("\r\x1b[K")
	}
}

// maxFile bounds what is read from files that others made.
const maxFile = 64 << 20

// readFile reads a file that somebody else may have made.
func readFile(path string) ([]byte, error) {
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, usage(err.Error(), "")
	case !st.Mode().IsRegular():
		return nil, usage(fmt.Sprintf("read %s: not a file", path), "")
	case st.Size() > maxFile:
		return nil, usage(fmt.Sprintf("read %s: %s, at most %s", path, size(st.Size()), size(maxFile)), "")
	}
	return os.ReadFile(path)
}

// readJSON reads a file of ours with the given value of its member "format".
func readJSON[T any](path, format string, v *T) error {
	b, err := readFile(path)
	if err != nil {
		return err
	}
	return decodeJSON(path, b, format, v)
}

func decodeJSON[T any](path string, b []byte, format string, v *T) error {
	if formatOf(b) != format {
		return usage(fmt.Sprintf("read %s: not a file of format %s", path, format), formatHint(format))
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return usage(fmt.Sprintf("read %s: %v", path, err), "")
	}
	return nil
}

// formatOf returns what a file of ours says it is, "" when it says nothing.
func formatOf(b []byte) string {
	var head struct {
		Format string `json:"format"`
	}
	if json.Unmarshal(b, &head) != nil {
		return ""
	}
	return head.Format
}

// formatHint says which verb makes a file.
func formatHint(format string) string {
	switch format {
	case node.RequestFormat:
		return "the operator makes it with: dsai consent request PATH… --to NAME"
	case node.SignedFormat, node.SignedAdditionsFormat:
		return "the member makes it with: dsai consent sign FILE"
	case node.KeysFormat:
		return "the member makes it with: dsai member rotate"
	case memberFormat:
		return "the member makes it with: dsai member init NAME"
	}
	return ""
}
