// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/vc"
)

// signAdditions lets documents join a collection, on the member's own machine.
func (a *app) signAdditions(file string, o *owner) error {
	var r node.AdditionRequest
	if err := readJSON(file, node.AdditionRequestFormat, &r); err != nil {
		return err
	}
	c, err := o.agreed(&r)
	if err != nil {
		return usage(fmt.Sprintf("sign %s: %v", file, err), "ask the operator for another request")
	}
	a.note("%q asks you, %s, to let %s join your collection %q:\n", inert.Line(r.Coop), inert.Line(o.card.Name), plural(len(r.Titles), "document"), inert.Line(r.Collection))
	a.showTitles(r.Titles)
	a.note("\nunder the terms of consent %s, which you signed at %s:\n\n%s\n", c.Digest.String()[:16], c.Proof[0].Created, lines(consent.Words(c.Subject, c.ValidUntil)))
	if err := a.confirm("Sign this?"); err != nil {
		return err
	}
	adds, err := o.signAll(r.Additions, r.From, dsai.At(time.Now()))
	if err != nil {
		return fmt.Errorf("sign %s: %w", file, err)
	}
	out := node.SignedAdditions{Format: node.SignedAdditionsFormat, Name: o.card.Name, Inception: o.card.Inception, Additions: adds}
	return a.showSigned(file, c.Digest, out)
}

// agreed returns the consent, signed with these keys, over the collection that a
// request asks to add to. Without one nobody could say what signing means.
func (o *owner) agreed(r *node.AdditionRequest) (*vc.Sealed[dsai.ConsentBundle], error) {
	if len(r.Additions) == 0 || len(r.Additions) != len(r.Titles) {
		return nil, fmt.Errorf("it adds %s and names %d", plural(len(r.Additions), "document"), len(r.Titles))
	}
	c, err := o.over(r.Additions[0].Collection)
	if err != nil {
		return nil, err
	}
	return c, checkJoining(r.Additions, c.Subject, o)
}

// checkJoining wants every addition to be the member's own, and to the
// collection of one consent.
func checkJoining(adds []dsai.CollectionAddition, b dsai.ConsentBundle, o *owner) error {
	for _, add := range adds {
		switch {
		case add.Member != o.id || add.ID != o.signer.DID():
			return fmt.Errorf("it adds in the name of somebody whose keys these are not")
		case b.Data.Collection == nil || add.Collection != *b.Data.Collection || add.Coop != b.Coop:
			return fmt.Errorf("it adds to a collection that the consent does not cover")
		case add.Document.Mode != dsai.ModeFollowing && add.Document.Mode != dsai.ModeFrozen:
			return fmt.Errorf("it adds a document in a way that is not known here")
		}
	}
	return nil
}

// over finds the consent over a collection among those that were signed here.
func (o *owner) over(id dsai.Digest) (*vc.Sealed[dsai.ConsentBundle], error) {
	all, err := keptAll[dsai.ConsentBundle](o, "consents", dsai.TypeConsentBundle)
	for _, c := range all {
		if got := c.Subject.Data.Collection; got != nil && *got == id {
			return &c, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("no consent over that collection was signed with these keys")
	}
	return nil, err
}

// keptAll opens what was signed here and kept in one folder.
func keptAll[S any](o *owner, folder, typ string) ([]vc.Sealed[S], error) {
	dir := filepath.Join(o.dir, folder)
	es, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var out []vc.Sealed[S]
	for _, e := range es {
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		s, err := vc.Open[S](raw, typ)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", e.Name(), err)
		}
		out = append(out, s)
	}
	return out, nil
}

// documents finds documents under a consent that was signed here, by the start
// of their ids.
func (o *owner) documents(c vc.Sealed[dsai.ConsentBundle], refs []string) ([]dsai.DocumentID, error) {
	var named []dsai.DocumentID
	for _, d := range c.Subject.Data.Documents {
		named = append(named, d.Document)
	}
	adds, err := keptAll[dsai.CollectionAddition](o, "additions", dsai.TypeCollectionAddition)
	if err != nil {
		return nil, err
	}
	for _, add := range adds {
		id := c.Subject.Data.Collection
		if id != nil && add.Subject.Collection == *id && !slices.Contains(named, add.Subject.Document.Document) {
			named = append(named, add.Subject.Document.Document)
		}
	}
	var out []dsai.DocumentID
	for _, ref := range refs {
		hex := strings.TrimPrefix(strings.ToLower(ref), "d-")
		found := slices.DeleteFunc(slices.Clone(named), func(d dsai.DocumentID) bool { return !strings.HasPrefix(d.String(), hex) })
		if len(found) != 1 || len(hex) < 4 {
			return nil, usage(fmt.Sprintf("%d documents under that consent begin with %q", len(found), ref), "the operator sees their ids with: dsai docs list")
		}
		out = append(out, found[0])
	}
	return out, nil
}

// signAll signs additions and keeps them: withdrawing one document later needs
// its id.
func (o *owner) signAll(adds []dsai.CollectionAddition, from, now dsai.Time) ([]json.RawMessage, error) {
	var out []json.RawMessage
	for _, add := range adds {
		s, err := vc.Issue(vc.New(dsai.TypeCollectionAddition, o.signer.DID(), add, from, 0), now, o.signer)
		if err != nil {
			return nil, err
		}
		if err := o.keep("additions", s.Digest, s.Raw); err != nil {
			return nil, err
		}
		out = append(out, s.Raw)
	}
	return out, nil
}

// signedFile is what a member signed elsewhere: a consent, additions to a
// collection, or both.
type signedFile struct {
	Name      string
	Inception json.RawMessage
	Consent   json.RawMessage
	Additions []json.RawMessage
}

// readSigned reads either file, and whose signature is in it.
func readSigned(path string) (s signedFile, member dsai.MemberID, err error) {
	raw, err := readFile(path)
	if err != nil {
		return s, member, err
	}
	if formatOf(raw) == node.SignedAdditionsFormat {
		var f node.SignedAdditions
		if err := readJSON(path, node.SignedAdditionsFormat, &f); err != nil {
			return s, member, err
		}
		if len(f.Additions) == 0 {
			return s, member, usage(fmt.Sprintf("read %s: nothing is signed in it", path), formatHint(f.Format))
		}
		first, err := vc.Open[dsai.CollectionAddition](f.Additions[0], dsai.TypeCollectionAddition)
		if err != nil {
			return s, member, fmt.Errorf("read %s: %w", path, err)
		}
		return signedFile{f.Name, f.Inception, nil, f.Additions}, first.Subject.Member, nil
	}
	var f node.SignedConsent
	if err := readJSON(path, node.SignedFormat, &f); err != nil {
		return s, member, err
	}
	c, err := vc.Open[dsai.ConsentBundle](f.Consent, dsai.TypeConsentBundle)
	if err != nil {
		return s, member, fmt.Errorf("read %s: %w", path, err)
	}
	return signedFile{f.Name, f.Inception, f.Consent, f.Additions}, c.Subject.Member, nil
}
