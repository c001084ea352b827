// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/vc"
)

func newSignCommand(a *app) *cobra.Command {
	var keyDir string
	c := &cobra.Command{
		Use: "sign FILE", Short: "on your own machine: read a request and sign it", Args: args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, in []string) error { return a.consentSign(in[0], keyDir) },
	}
	c.Flags().StringVar(&keyDir, "keys", "", keysHelp)
	return c
}

func (a *app) consentSign(file, keyDir string) error {
	raw, err := readFile(file)
	if err != nil {
		return err
	}
	o, err := openOwner(keyDir)
	if err != nil {
		return err
	}
	if formatOf(raw) == node.AdditionRequestFormat {
		return a.signAdditions(file, o)
	}
	var r node.ConsentRequest
	if err := readJSON(file, node.RequestFormat, &r); err != nil {
		return err
	}
	words, err := wordsOf(&r, o)
	if err != nil {
		return usage(fmt.Sprintf("sign %s: %v", file, err), "ask the operator for another request")
	}
	a.note("%q asks you, %s, to agree to this about %s:\n", inert.Line(r.Coop), inert.Line(o.card.Name), plural(len(r.Titles), "document"))
	a.showTitles(r.Titles)
	a.note("\n%s\n", lines(words))
	if err := a.confirm("Sign this?"); err != nil {
		return err
	}
	now := dsai.At(time.Now())
	cred := vc.New(dsai.TypeConsentBundle, o.signer.DID(), r.Subject, r.From, r.Until)
	cred.Status = &r.Status
	s, err := vc.Issue(cred, now, o.signer)
	if err != nil {
		return fmt.Errorf("sign %s: %w", file, err)
	}
	adds, err := o.signAll(r.Additions, r.From, now)
	if err != nil {
		return fmt.Errorf("sign %s: %w", file, err)
	}
	if err := o.keep("consents", s.Digest, s.Raw); err != nil {
		return err
	}
	out := node.SignedConsent{Format: node.SignedFormat, Name: o.card.Name, Inception: o.card.Inception, Consent: s.Raw, Additions: adds}
	return a.showSigned(file, s.Digest, out)
}

func (a *app) showTitles(titles []string) {
	for _, t := range titles {
		a.note("  - %s\n", inert.Line(t))
	}
}

// showSigned writes what was signed beside the request, for the operator.
func (a *app) showSigned(file string, consent dsai.Digest, signed any) error {
	text, err := json.MarshalIndent(signed, "", "  ")
	if err != nil {
		return err
	}
	out := file + ".signed"
	if err := durable.CreateFile(out, append(text, '\n'), 0o600); err != nil {
		return usage(fmt.Sprintf("write signed consent: %v", err), "remove it to sign again")
	}
	if a.json {
		return a.document(map[string]string{"file": out, "consent": consent.String()})
	}
	a.say("Signed: %s\n", out)
	a.say("Withdraw at any time, here: dsai consent revoke --sign c-%s\n", consent.Short())
	a.nextThere("dsai add --consent %s, on the operator's machine", quote(filepath.Base(out)))
	return nil
}

// wordsOf says what signing r means. The words are made here from what would be
// signed: what the file says of itself is not believed.
func wordsOf(r *node.ConsentRequest, o *owner) (string, error) {
	words := consent.Words(r.Subject, r.Until)
	switch {
	case r.Subject.Member == o.id && r.Subject.ID != o.signer.DID():
		return "", fmt.Errorf("it is for another key of yours than the one in force: has the operator had your %s?", keysFile)
	case r.Subject.Member != o.id:
		return "", fmt.Errorf("it is for %s, whose keys these are not", inert.Line(r.Member))
	case r.Subject.Capture.Custody != dsai.CustodyDevice:
		return "", fmt.Errorf("it would say that somebody else keeps your key")
	case r.Subject.Notice.Digest != consent.NoticeDigest(words):
		return "", fmt.Errorf("it commits to other words than what it agrees to")
	case len(r.Subject.Data.Documents)+len(r.Additions) != len(r.Titles):
		return "", fmt.Errorf("it covers %s and names %d", plural(len(r.Subject.Data.Documents)+len(r.Additions), "document"), len(r.Titles))
	}
	return words, checkJoining(r.Additions, r.Subject, o)
}

// keep remembers what was signed: withdrawing it later needs its text.
func (o *owner) keep(folder string, d dsai.Digest, raw []byte) error {
	dir := filepath.Join(o.dir, folder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep consent: %w", err)
	}
	return durable.WriteFile(filepath.Join(dir, d.String()+".json"), raw, 0o600)
}

// kept finds a consent that was signed here by the start of its digest.
func (o *owner) kept(ref string) (vc.Sealed[dsai.ConsentBundle], error) {
	var none vc.Sealed[dsai.ConsentBundle]
	hex := strings.TrimPrefix(strings.ToLower(ref), "c-")
	es, err := os.ReadDir(filepath.Join(o.dir, "consents"))
	if err != nil && !os.IsNotExist(err) {
		return none, err
	}
	var found []string
	for _, e := range es {
		if strings.HasPrefix(e.Name(), hex) {
			found = append(found, e.Name())
		}
	}
	if len(found) != 1 {
		return none, usage(fmt.Sprintf("%d consents that were signed with these keys begin with %q", len(found), hex), "they are in "+filepath.Join(o.dir, "consents"))
	}
	raw, err := os.ReadFile(filepath.Join(o.dir, "consents", found[0]))
	if err != nil {
		return none, err
	}
	return vc.Open[dsai.ConsentBundle](raw, dsai.TypeConsentBundle)
}
