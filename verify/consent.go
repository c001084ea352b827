// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/purpose"
	"dsai.example/dsai/internal/verifiable/vc"
)

type (
	consentBundle = vc.Sealed[dsai.ConsentBundle]
	delegation    = vc.Sealed[dsai.ConsentDelegation]
)

// grant is a consent with what it rests on.
type grant struct {
	*consentBundle
	delegations []delegation // outermost first
}

// additions are the collection additions of a bundle by collection, and a name
// for each of these lists: the digests in it.
type additions struct {
	of    map[dsai.Digest][]vc.Sealed[dsai.CollectionAddition]
	names map[dsai.Digest]dsai.Digest
}

func byCollection(list []*vc.Sealed[dsai.CollectionAddition]) additions {
	a := additions{map[dsai.Digest][]vc.Sealed[dsai.CollectionAddition]{}, map[dsai.Digest]dsai.Digest{}}
	for _, add := range list {
		c := add.Subject.Collection
		name := a.names[c]
		a.of[c], a.names[c] = append(a.of[c], *add), sha256.Sum256(append(name[:], add.Digest[:]...))
	}
	return a
}

// checkConsents shows that each used passage's consent is signed by its member,
// or under delegations from them, and covers the document at that version.
func (a *audit) checkConsents() (string, error) {
	consents, err := openAll[dsai.ConsentBundle](a, a.b.consents, dsai.TypeConsentBundle)
	if err != nil {
		return "", err
	}
	delegations, err := openAll[dsai.ConsentDelegation](a, a.b.delegations, dsai.TypeConsentDelegation)
	if err != nil {
		return "", err
	}
	added, err := openAll[dsai.CollectionAddition](a, a.b.additions, dsai.TypeCollectionAddition)
	if err != nil {
		return "", err
	}
	for _, add := range added {
		if err := a.checkAddition(add); err != nil {
			return "", fmt.Errorf("collection addition %s: %w", short(add.Digest), err)
		}
	}
	uses := map[dsai.Digest][]int{} // by consent
	for i, u := range a.receipt.used {
		uses[u.Consent] = append(uses[u.Consent], i)
	}
	grants, cited := map[dsai.Digest]*grant{}, map[dsai.Digest]bool{}
	all := byCollection(added)
	for _, c := range consents {
		if grants[c.Digest], err = a.checkConsent(c, delegations, all, uses[c.Digest]); err != nil {
			return "", fmt.Errorf("consent %s: %w", short(c.Digest), err)
		}
		for _, d := range c.Subject.Delegation {
			cited[d] = true
		}
	}
	for i, u := range a.receipt.used {
		if grants[u.Consent] == nil {
			return "", fmt.Errorf("use %d: consent %s is not here", i+1, short(u.Consent))
		}
		cited[u.Consent] = true
		if u.Addition != nil {
			cited[*u.Addition] = true
		}
	}
	if err := errors.Join(superfluous(consents, cited), superfluous(delegations, cited), superfluous(added, cited)); err != nil {
		return "", err
	}
	a.grants = grants
	return fmt.Sprintf("%d consents name the documents of %d uses", len(consents), len(a.receipt.used)), nil
}

// superfluous refuses credentials that nothing cites: a bundle has one form.
func superfluous[S any](list []*vc.Sealed[S], cited map[dsai.Digest]bool) error {
	for _, s := range list {
		if !cited[s.Digest] {
			return fmt.Errorf("%s %s is superfluous", s.Type[1], short(s.Digest))
		}
	}
	return nil
}

// checkConsent checks who signed c and the delegations that it rests on, and that
// it covers the documents of its uses. What the consent itself says is for package
// consent, which the node's gate asks too. What that makes of it is dropped again:
// of many consents over one large collection, each would hold all of it.
func (a *audit) checkConsent(c *consentBundle, all []*delegation, added additions, uses []int) (*grant, error) {
	s := c.Subject
	switch {
	case s.Coop != a.receipt.coop:
		return nil, fmt.Errorf("given in co-op %s", short(s.Coop.Digest))
	case s.Steward != a.receipt.node:
		return nil, fmt.Errorf("given to steward %s", short(s.Steward.Digest))
	case c.Proof[0].Created > a.receipt.at:
		return nil, fmt.Errorf("signed at %v, after %v", c.Proof[0].Created, a.receipt.at)
	}
	parts := consent.Parts{Consent: *c}
	var name dsai.Digest
	if s.Data.Collection != nil {
		parts.Additions, name = added.of[*s.Data.Collection], added.names[*s.Data.Collection]
	}
	for i, digest := range s.Delegation {
		n := slices.IndexFunc(all, func(d *delegation) bool { return d.Digest == digest })
		if n < 0 {
			return nil, fmt.Errorf("delegation %s is not here", short(digest))
		}
		parts.Delegations = append(parts.Delegations, *all[n])
		if i > 0 {
			continue // signed by the delegate before, as consent.New checks
		}
		if err := byMember(a, all[n], s.Member); err != nil {
			return nil, err
		}
	}
	if len(s.Delegation) == 0 {
		if err := byMember(a, c, s.Member); err != nil {
			return nil, err
		}
	}
	// Digests name all that a grant is made of.
	id := append([]byte("grant\n"), c.Digest[:]...)
	for _, d := range s.Delegation {
		id = append(id, d[:]...)
	}
	id = append(id, name[:]...)
	const cover = 512 // bytes of one document in a grant, about
	size := len(c.Raw) + cover*(len(s.Data.Documents)+len(parts.Additions))
	g, err := recallSized(a.v, id, size, func([]byte) (*consent.Grant, error) { return consent.New(parts) })
	if err != nil {
		return nil, err
	}
	for _, i := range uses {
		if err := a.checkGrant(a.receipt.used[i], g); err != nil {
			return nil, fmt.Errorf("use %d: %w", i+1, err)
		}
	}
	return &grant{c, parts.Delegations}, nil
}

// checkAddition checks who signed a collection addition, and when. The consent
// that it adds to is found by what both name.
func (a *audit) checkAddition(add *vc.Sealed[dsai.CollectionAddition]) error {
	if add.Subject.ID != add.Issuer || add.Proof[0].Created > a.receipt.at {
		return errors.New("names another key than its issuer's, or was signed later")
	}
	return byMember(a, add, add.Subject.Member)
}

// checkGrant checks that g covers the document of u, itself or by the addition
// that u names.
func (a *audit) checkGrant(u dsai.Use, g *consent.Grant) error {
	addition, reason := g.Covers(consent.Moment{Now: a.receipt.at}, u.Document, u.Version)
	if reason != consent.OK {
		return fmt.Errorf("does not cover document %s at this version: %v", short(u.Document.Digest), reason)
	}
	if (addition == nil) != (u.Addition == nil) || addition != nil && *addition != *u.Addition {
		return fmt.Errorf("covers document %s by another addition", short(u.Document.Digest))
	}
	return nil
}

// checkPurpose shows that every consent permits the declared purpose, and none
// of them denies it.
func (a *audit) checkPurpose() (string, error) {
	r := a.receipt
	if r.answer == nil {
		return "nothing was used", nil
	}
	if !purpose.Known(r.purpose) {
		return "", fmt.Errorf("purpose %.80q is not in %s", r.purpose, purpose.Vocabulary)
	}
	return a.eachConsent(fmt.Sprintf("permit %q", purpose.Short(r.purpose)), func(c *consentBundle) error {
		if p := c.Subject.Purposes; !purpose.Permits(r.purpose, p.Allow, p.Deny) {
			return fmt.Errorf("does not permit %q", purpose.Short(r.purpose))
		}
		return nil
	})
}

// eachConsent runs check over the consents of the uses, in their order.
func (a *audit) eachConsent(what string, check func(*consentBundle) error) (string, error) {
	if a.grants == nil {
		return "", needs("consents")
	}
	for _, u := range a.receipt.used {
		if err := check(a.grants[u.Consent].consentBundle); err != nil {
			return "", fmt.Errorf("consent %s %w", short(u.Consent), err)
		}
	}
	return fmt.Sprintf("%d consents %s", len(a.grants), what), nil
}

// checkScope shows that operations, engine, model, recipient, region and time
// lie within every consent.
func (a *audit) checkScope() (string, error) {
	r := a.receipt.answer
	if r == nil {
		return "nothing was used", nil
	}
	if err := checkOperations(r); err != nil {
		return "", err
	}
	if a.undertaking == nil {
		return "", needs("undertaking")
	}
	return a.eachConsent("allow operations, engine, recipient, region and time", func(c *consentBundle) error {
		s := c.Subject
		for _, op := range r.Operations {
			if !slices.Contains(s.Operations, op) {
				return fmt.Errorf("does not grant operation %q", op)
			}
		}
		switch {
		case !slices.Contains(s.Engines, r.Model.Class):
			return fmt.Errorf("does not grant engines of class %q", r.Model.Class)
		case len(s.Models) > 0 && !slices.Contains(s.Models, r.Model.Fingerprint):
			return fmt.Errorf("does not grant model %s", short(r.Model.Fingerprint))
		case !a.mayReceive(s.Recipients):
			return fmt.Errorf("does not let %q receive", a.undertaking.Subject.Role)
		case slices.Contains(r.Operations, dsai.OpShare) && !slices.Contains(s.Recipients, dsai.RecipientShared):
			return errors.New("does not let servers beyond the node receive")
		case !slices.Contains(s.Regions, consent.AnyRegion) && !slices.Contains(s.Regions, r.Region):
			return fmt.Errorf("does not grant region %.20q", r.Region)
		}
		return inForce(c, a.receipt.at)
	})
}

// checkOperations checks that the receipt leaves out nothing that it says was
// done in another place. Only the quoting engine can serve a search, which finds
// passages and infers nothing. That an engine was beyond the node's machine, so
// that passages were shared, a receipt does not say elsewhere.
func checkOperations(r *dsai.InferenceReceipt) error {
	switch {
	case len(r.Used) == 0:
		return nil
	case !slices.Contains(r.Operations, dsai.OpRetrieve):
		return fmt.Errorf("%d passages were used, and the receipt leaves out operation %q", len(r.Used), dsai.OpRetrieve)
	case r.Model.Class != dsai.EngineExtract && !slices.Contains(r.Operations, dsai.OpInfer):
		return fmt.Errorf("an engine of class %q answered, and the receipt leaves out operation %q", r.Model.Class, dsai.OpInfer)
	}
	return nil
}

// mayReceive reports whether the requester is among the recipients: anybody,
// when the public is; the co-op's own; or by name.
func (a *audit) mayReceive(recipients []string) bool {
	u := a.undertaking.Subject
	return slices.Contains(recipients, dsai.RecipientPublic) || slices.Contains(recipients, u.ID) ||
		u.Role == dsai.RecipientCoop && slices.Contains(recipients, dsai.RecipientCoop)
}
