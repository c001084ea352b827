// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/internal/view"
)

func newRevokeCommand(a *app) *cobra.Command {
	var reason, sign, file, keyDir, save string
	var documents []string
	c := &cobra.Command{
		Use: "revoke REF", SuggestFor: removing, Short: "withdraw: a consent, a document or a file name", Args: args(cobra.MaximumNArgs(1)),
		Long: `Withdraws a consent, or one document of it. It shows what leaves the answers
before it asks, and prints the node's signed withdrawal receipt.

A member with keys of their own signs on their own machine (--sign), and the
operator hands it in (--file).`,
		RunE: func(c *cobra.Command, in []string) error {
			switch {
			case sign != "" && file == "" && len(in) == 0:
				return a.revokeSign(sign, documents, reason, keyDir)
			case file != "" && sign == "" && len(in) == 0:
				return a.revokeFile(c.Context(), file, save)
			case len(in) == 1 && sign == "" && file == "":
				return a.revoke(c.Context(), in[0], reason, save)
			}
			return usage("revoke: want one of REF, --sign DIGEST and --file FILE", "see dsai consent list")
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why; the operator will read it")
	c.Flags().StringVar(&sign, "sign", "", "on your own machine: sign the withdrawal of this consent")
	c.Flags().StringSliceVar(&documents, "document", nil, "with --sign: only these documents of it")
	c.Flags().StringVar(&file, "file", "", "hand in a withdrawal that was signed elsewhere")
	c.Flags().StringVar(&keyDir, "keys", "", keysHelp)
	c.Flags().StringVar(&save, "save", "", "write the withdrawal receipt to this file")
	return c
}

func (a *app) revoke(ctx context.Context, ref, reason, save string) error {
	p, ref, err := a.toWithdraw(ctx, ref)
	if err != nil {
		return err
	}
	if p.Done {
		return a.revokedBefore(ctx, ref, p, save)
	}
	whole := strings.HasPrefix(p.Consent.Digest.String(), strings.TrimPrefix(strings.ToLower(ref), "c-"))
	var done []withdrawn
	for {
		if p.Command != "" {
			err = refused(fmt.Sprintf("only %s can withdraw this: the key is on a device of their own", p.Consent.Owner), "there: "+p.Command)
			break
		}
		a.preview(p)
		if err = a.confirm("Withdraw?"); err != nil {
			break
		}
		var raw json.RawMessage
		if err = a.call(ctx, "consent.revoke", node.RevokeArgs{Ref: ref, Reason: reason}, nil, &raw); err != nil {
			break
		}
		done = append(done, withdrawn{raw, p})
		// Who withdraws a document means it, under however many consents it is.
		p = new(view.Withdrawal)
		if whole || a.call(ctx, "consent.preview", node.Ref{Ref: ref}, nil, p) != nil || p.Done {
			break
		}
	}
	return errors.Join(a.showWithdrawals(done, save), err)
}

// toWithdraw finds what ref means to a withdrawal, and how the node calls it. A path
// as typed may mean the file that the node knows by its whole path.
func (a *app) toWithdraw(ctx context.Context, ref string) (*view.Withdrawal, string, error) {
	var p, q view.Withdrawal
	err := a.call(ctx, "consent.preview", node.Ref{Ref: ref}, nil, &p)
	if err == nil && !p.Done {
		return &p, ref, nil
	}
	abs, aerr := filepath.Abs(ref)
	if aerr != nil || a.call(ctx, "consent.preview", node.Ref{Ref: abs}, nil, &q) != nil || err == nil && q.Done {
		return &p, ref, err
	}
	return &q, abs, nil
}

// revokedBefore tells of a withdrawal that was made before: it stays as it was, and
// whoever asks for it again has what they want.
func (a *app) revokedBefore(ctx context.Context, ref string, p *view.Withdrawal, save string) error {
	var raw json.RawMessage
	if err := a.call(ctx, "consent.revoke", node.RevokeArgs{Ref: ref}, nil, &raw); err != nil {
		return err
	}
	return a.showWithdrawals([]withdrawn{{raw, p}}, save)
}

// withdrawn is a withdrawal receipt and what was there before it, nil when nobody
// looked.
type withdrawn struct {
	receipt json.RawMessage
	before  *view.Withdrawal
}

// leaves reports whether a document leaves the answers with a consent: another
// consent may keep it there, or it left before.
func leaves(d view.Document, stay []dsai.DocumentID) bool {
	return d.State == "in use" && !slices.Contains(stay, d.ID)
}

// leaving says how many documents left the answers, and how many did not.
func leaving(p *view.Withdrawal, stay []dsai.DocumentID) string {
	n := 0
	for _, d := range p.Documents {
		if leaves(d, stay) {
			n++
		}
	}
	s := plural(n, "document") + " left the answers" + staying(len(stay))
	if rest := len(p.Documents) - n - len(stay); rest > 0 {
		s += fmt.Sprintf(", %d had before", rest)
	}
	return s
}

// staying says how many documents another consent lends on.
func staying(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d not by this: another consent lends on", n)
}

// preview says what goes, before anybody is asked. It speaks on standard error,
// so that --json is one document.
func (a *app) preview(p *view.Withdrawal) {
	if a.yes {
		return
	}
	a.note("Leaves the answers, under consent %s, withdrawn in the name of %s:\n", p.Consent.Short, p.Consent.Owner)
	for _, d := range p.Documents {
		stays := ""
		switch {
		case slices.Contains(p.Stay, d.ID):
			stays = "  (not by this: another consent lends it on)"
		case !leaves(d, p.Stay):
			stays = "  (gone before)"
		}
		a.note("  %s  %s  used %s%s\n", d.Short, typed(d.Path), times(d.Uses), stays)
	}
	if p.Uses > 0 {
		a.note("Used %s so far, last at %s. Answers already given cannot be called back.\n", times(p.Uses), when(p.LastUse))
	}
}

func times(n int) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// showWithdrawals shows the receipts of what was withdrawn. Under --json it is
// the first: there are more only for a document under several consents, and
// --save has them all, one on each line.
func (a *app) showWithdrawals(done []withdrawn, save string) error {
	if len(done) == 0 {
		return nil
	}
	if save != "" {
		var text []byte
		for _, w := range done {
			text = append(append(text, w.receipt...), '\n')
		}
		if err := durable.CreateFile(save, text, 0o600); err != nil {
			return fmt.Errorf("withdrawn; save the receipt: %w", err)
		}
	}
	if a.json {
		return a.document(done[0].receipt)
	}
	for _, w := range done {
		if err := a.showWithdrawal(w); err != nil {
			return err
		}
	}
	if save != "" {
		a.say("Saved as %s. Keep it: it is proof, and what to hand in again after a restore.\n", save)
	}
	a.next("dsai uses")
	return nil
}

func (a *app) showWithdrawal(done withdrawn) error {
	s, err := vc.Open[dsai.WithdrawalReceipt](done.receipt, dsai.TypeWithdrawalReceipt)
	if err != nil {
		return err
	}
	w, p := s.Subject, done.before
	switch {
	case p != nil && p.Done:
		a.say("Withdrawn already, at %s: consent c-%s of %s, for %s%s", when(w.Effective), w.Consent.Short(), p.Consent.Owner, plural(len(w.Documents), "document"), staying(len(w.Stay)))
	case p != nil:
		a.say("Withdrawn: consent c-%s, signed in the name of %s; %s", w.Consent.Short(), p.Consent.Owner, leaving(p, w.Stay))
	default:
		a.say("Withdrawn: consent c-%s, for %s%s", w.Consent.Short(), plural(len(w.Documents), "document"), staying(len(w.Stay)))
	}
	if w.Uses > 0 {
		a.say(", used %s before, last at %s", times(w.Uses), when(w.LastUse))
	}
	a.say(".\nWithdrawal receipt w-%s, signed by the node: a use after %s would be proof against it", s.Digest.Short(), when(w.Effective))
	if ahead := w.Effective - s.ValidFrom; ahead > 0 && (p == nil || !p.Done) {
		a.say("\n(%s on, for answers that were under way: from now on nothing is given out)", plural(int(ahead), "second"))
	}
	a.say(".\n")
	if len(w.Quarantine) > 0 {
		a.say(a.hereFormat("Copies of other members are set aside until you rule on them: dsai docs release REF\n"))
		for _, d := range w.Quarantine {
			a.say("  d-%s\n", d.Short())
		}
	}
	return nil
}

// revokeSign signs a withdrawal on the member's own machine.
func (a *app) revokeSign(ref string, documents []string, reason, keyDir string) error {
	o, err := openOwner(keyDir)
	if err != nil {
		return err
	}
	c, err := o.kept(ref)
	if err != nil {
		return err
	}
	only, err := o.documents(c, documents)
	if err != nil {
		return err
	}
	now := dsai.At(time.Now())
	s, err := vc.Issue(vc.New(dsai.TypeRevocation, o.signer.DID(), dsai.Revocation{
		ID: o.signer.DID(), Member: o.id, Coop: c.Subject.Coop, Consent: c.Digest, Documents: only, Effective: now, Reason: reason,
	}, now, 0), now, o.signer)
	if err != nil {
		return err
	}
	path := "revocation-" + c.Digest.Short() + ".json"
	if len(only) > 0 {
		path = "revocation-" + s.Digest.Short() + ".json" // there may be several for one consent
	}
	if err := durable.WriteFile(path, append(s.Raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("write revocation: %w", err)
	}
	if a.json {
		return a.document(map[string]string{"file": path, "revocation": s.Digest.String()})
	}
	a.say("Signed: %s\nIt counts from the moment at which a node of the co-op has it.\n", path)
	a.nextThere("dsai consent revoke --file %s, on the operator's machine", path)
	return nil
}

// revokeFile hands in a withdrawal that was signed elsewhere. It asks nothing:
// the signature is the decision.
func (a *app) revokeFile(ctx context.Context, path, save string) error {
	raw, err := readFile(path)
	if err != nil {
		return err
	}
	if !json.Valid(raw) {
		return usage(fmt.Sprintf("read %s: not a revocation", path), "the member makes it with: dsai consent revoke --sign DIGEST")
	}
	var out json.RawMessage
	if err := a.call(ctx, "revocation", json.RawMessage(raw), nil, &out); err != nil {
		return err
	}
	return a.showWithdrawals([]withdrawn{{receipt: out}}, save)
}
