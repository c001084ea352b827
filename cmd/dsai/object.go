// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/verify"
)

// dissent is what the flags of dsai consent object say.
type dissent struct {
	reason, sign, file, keyDir, trust string
	abstain                           bool
}

func newObjectCommand(a *app) *cobra.Command {
	var d dissent
	c := &cobra.Command{
		Use: "object REF", Short: "record dissent: about a consent, document, answer or policy", Args: args(cobra.MaximumNArgs(1)),
		Long: `Records in the log that a member objects, or abstains. REF is a consent, a
document or its file, an answer ("last", r-…) or a policy ("policy", p-…). It
grants nothing, takes nothing away, and nothing follows from its absence: to take
something back, use dsai consent revoke.

A member with keys of their own signs on their own machine (--sign, with the full
digest that --long shows), and the operator hands it in (--file).`,
		Example: "  dsai consent object last --reason 'quoted out of context'\n  dsai consent object policy --reason 'nobody asked us' --as Rosa",
		RunE: func(c *cobra.Command, in []string) error {
			switch {
			case d.sign != "" && d.file == "" && len(in) == 0:
				return a.objectSign(&d)
			case d.file != "" && d.sign == "" && len(in) == 0:
				return a.objectFile(c.Context(), d.file)
			case len(in) == 1 && d.sign == "" && d.file == "":
				return a.object(c.Context(), in[0], &d)
			}
			return usage("object: want one of REF, --sign DIGEST and --file FILE", "see "+c.CommandPath()+" --help")
		},
	}
	f := c.Flags()
	f.StringVar(&d.reason, "reason", "", "why; everybody who may see what it is about reads it")
	f.BoolVar(&d.abstain, "abstain", false, "neither for nor against, and said so")
	f.StringVar(&d.sign, "sign", "", "on your own machine: sign it, against this digest")
	f.StringVar(&d.file, "file", "", "hand in one that was signed elsewhere")
	f.StringVar(&d.keyDir, "keys", "", keysHelp)
	f.StringVar(&d.trust, "trust", "", "with --sign: trust file of the co-op (default: the one whose consents you signed)")
	return c
}

// checkReason refuses an objection without a word: a vote is not meant.
func (d *dissent) checkReason() error {
	if d.reason == "" && !d.abstain {
		return usage("object: no reason", "add --reason \"…\"")
	}
	return nil
}

func (a *app) object(ctx context.Context, ref string, d *dissent) error {
	if err := d.checkReason(); err != nil {
		return err
	}
	var out node.Objected
	err := a.byPath(ref, func(ref string) error {
		return a.call(ctx, "consent.object", node.ObjectArgs{Member: a.cfg.As, Ref: ref, Reason: d.reason, Abstain: d.abstain}, nil, &out)
	})
	if err != nil {
		return err
	}
	return a.showObjected(out)
}

func (a *app) showObjected(o node.Objected) error {
	if a.json {
		return a.document(o)
	}
	a.say("Recorded: %s, %s, about %s.\n", a.id(o.Short, o.Digest), o.Words(), o.What)
	a.say(a.hereFormat("It changes nobody's permission: to take something back, dsai consent revoke REF.\n"))
	return nil
}

// objections lists dissent below what it is about.
func (a *app) objections(all []node.Objected) {
	for _, o := range all {
		a.say("%s at %s, about %s: %s\n", o.Words(), when(o.At), o.What, o.Reason)
	}
}

// objectSign signs on the member's own machine.
func (a *app) objectSign(d *dissent) error {
	if err := d.checkReason(); err != nil {
		return err
	}
	against, err := dsai.ParseDigest(d.sign)
	if err != nil {
		return usage(fmt.Sprintf("object --sign %.80q: want a full digest", d.sign), "whoever shows you the answer or policy sees it with --long")
	}
	o, err := openOwner(d.keyDir)
	if err != nil {
		return err
	}
	coop, err := o.coop(d.trust)
	if err != nil {
		return err
	}
	kind := "objection"
	if d.abstain {
		kind = "abstention"
	}
	now := dsai.At(time.Now())
	s, err := vc.Issue(vc.New(dsai.TypeObjection, o.signer.DID(), dsai.Objection{
		ID: o.signer.DID(), Member: o.id, Coop: coop, Kind: kind, Against: against, Reason: d.reason,
	}, now, 0), now, o.signer)
	if err != nil {
		return err
	}
	path := "objection-" + s.Digest.String()[:8] + ".json"
	if err := durable.WriteFile(path, append(s.Raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("write objection: %w", err)
	}
	if a.json {
		return a.document(map[string]string{"file": path, "objection": s.Digest.String()})
	}
	a.say("Signed: %s\n", path)
	a.nextThere("dsai consent object --file %s, on the operator's machine", path)
	return nil
}

// coop is the co-op that a member's own machine knows of: that of a trust file,
// or of the consents that were signed here.
func (o *owner) coop(trust string) (id dsai.CoopID, err error) {
	if trust != "" {
		raw, err := readFile(trust)
		if err != nil {
			return id, err
		}
		t, err := verify.ParseTrust(raw)
		if err != nil {
			return id, usage(fmt.Sprintf("read %s: %v", trust, err), "the operator makes it with: dsai trust export FILE")
		}
		return t.Coop, nil
	}
	all, err := keptAll[dsai.ConsentBundle](o, "consents", dsai.TypeConsentBundle)
	if err != nil {
		return id, err
	}
	for _, c := range all {
		if !id.IsZero() && id != c.Subject.Coop {
			return id, usage("object: you signed consents in several co-ops", "name the one you mean with --trust FILE")
		}
		id = c.Subject.Coop
	}
	if id.IsZero() {
		return id, usage("object: no consent was signed with these keys, so the co-op is unknown", "name it with --trust FILE, which its operator makes with: dsai trust export FILE")
	}
	return id, nil
}

// objectFile hands in what was signed elsewhere.
func (a *app) objectFile(ctx context.Context, path string) error {
	raw, err := readFile(path)
	if err != nil {
		return err
	}
	if !json.Valid(raw) {
		return usage(fmt.Sprintf("read %s: not an objection", path), "the member makes it with: dsai consent object --sign DIGEST")
	}
	var out node.Objected
	if err := a.call(ctx, "objection", json.RawMessage(raw), nil, &out); err != nil {
		return err
	}
	return a.showObjected(out)
}
