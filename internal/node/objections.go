// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/internal/view"
)

// Kinds of Objection.
const (
	kindObjection  = "objection"
	kindAbstention = "abstention"
)

// maxReason bounds the words of an objection, in bytes: everybody reads them.
const maxReason = 2000

// ObjectArgs is dissent that a member whose key this node keeps wants recorded.
type ObjectArgs struct {
	Member  string `json:"member"` // name; "" = the founder
	Ref     string `json:"ref"`    // consent, document, file, receipt, "last", "policy" or p-…
	Reason  string `json:"reason"`
	Abstain bool   `json:"abstain"`
}

// Objected is a recorded objection or abstention.
type Objected struct {
	Digest  dsai.Digest     `json:"digest"`
	Short   string          `json:"short"`
	At      dsai.Time       `json:"at"`
	By      string          `json:"by"`
	Custody dsai.Custody    `json:"custody"` // of the key that signed
	Kind    string          `json:"kind"`
	Against dsai.Digest     `json:"against"`
	What    string          `json:"what"` // Against in words
	Reason  string          `json:"reason"`
	Signed  json.RawMessage `json:"signed"`
}

// Words says who did what, without the reason.
func (o Objected) Words() string {
	if o.Kind == kindAbstention {
		return o.By + " abstained"
	}
	return o.By + " objected"
}

func (n *Node) callObject(ctx context.Context, a ObjectArgs, _ func(any)) (*Objected, error) {
	m, err := n.memberNamed(a.Member)
	if err != nil {
		return nil, err
	}
	against, err := n.findArtifact(ctx, a.Ref)
	if err != nil {
		return nil, err
	}
	signer, now, err := n.signingNow(m)
	if errors.Is(err, ErrNoKey) {
		return nil, &control.Error{Kind: control.Failed, Message: err.Error(), Hint: "sign where the key is: dsai consent object --sign " + against.String()}
	}
	if err != nil {
		return nil, err
	}
	kind := kindObjection
	if a.Abstain {
		kind = kindAbstention
	}
	s, err := vc.Issue(vc.New(dsai.TypeObjection, signer.DID(), dsai.Objection{
		ID: signer.DID(), Member: m.ID, Coop: n.coop, Kind: kind, Against: against, Reason: a.Reason,
	}, now, 0), now, signer)
	if err != nil {
		return nil, err
	}
	return n.AcceptObjection(ctx, s.Raw)
}

// callObjection accepts an objection that was signed elsewhere.
func (n *Node) callObjection(ctx context.Context, raw json.RawMessage, _ func(any)) (*Objected, error) {
	return n.AcceptObjection(ctx, raw)
}

// AcceptObjection records a member's signed dissent or abstention. It is on
// disk when AcceptObjection returns; it changes what nobody may do.
func (n *Node) AcceptObjection(ctx context.Context, raw []byte) (*Objected, error) {
	s, err := vc.Open[dsai.Objection](raw, dsai.TypeObjection)
	if err != nil {
		return nil, err
	}
	if err := n.recordObjection(ctx, s); err != nil {
		return nil, err
	}
	n.log.wake()
	v, err := n.viewObjection(ctx, s)
	return &v, err
}

func (n *Node) recordObjection(ctx context.Context, s vc.Sealed[dsai.Objection]) error {
	n.keys.mu.RLock() // a key event must not come between the check and the record
	defer n.keys.mu.RUnlock()
	if err := n.checkObjection(ctx, s); err != nil {
		return err
	}
	now := n.clock.now()
	err := n.db.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error { return tx.Put(record(s, dsai.LeafObjection, now)) })
	if err != nil {
		return fmt.Errorf("record objection: %w", err)
	}
	return nil
}

// checkObjection refuses what its signer may not say or nobody could find. The
// caller holds keys.mu.
func (n *Node) checkObjection(ctx context.Context, s vc.Sealed[dsai.Objection]) error {
	o := s.Subject
	// It is shown as said when it becomes valid.
	if err := n.checkSigner("objection", n.lib.member(o.Member), s.Issuer, max(s.Proof[0].Created, s.ValidFrom)); err != nil {
		return err
	}
	switch {
	case o.ID != s.Issuer:
		return fmt.Errorf("objection by %.60s: %w", s.Issuer, ErrNotMember)
	case o.Coop != n.coop:
		return fmt.Errorf("objection is for another co-op: %w", errNotOurs)
	case o.Kind != kindObjection && o.Kind != kindAbstention:
		return fmt.Errorf("objection of unknown kind %.40q: %w", o.Kind, errNotOurs)
	case o.Kind == kindObjection && strings.TrimSpace(o.Reason) == "" || len(o.Reason) > maxReason:
		return fmt.Errorf("objection gives a reason of %d bytes, want 1 to %d: %w", len(o.Reason), maxReason, errNotOurs)
	}
	if _, err := n.artifactWords(ctx, o.Against); err != nil {
		return fmt.Errorf("objection to %s: %w", o.Against, err)
	}
	return nil
}

func (n *Node) viewObjection(ctx context.Context, s vc.Sealed[dsai.Objection]) (Objected, error) {
	what, err := n.artifactWords(ctx, s.Subject.Against)
	if isNotFound(err) { // a document that is forgotten is still what was objected to
		what, err = short(s.Subject.Against), nil
	}
	v := Objected{
		Digest: s.Digest, Short: shortID("o", s.Digest), At: s.ValidFrom, By: n.memberName(s.Subject.Member), Kind: s.Subject.Kind,
		Against: s.Subject.Against, What: what, Reason: inert.Line(s.Subject.Reason), Signed: s.Raw,
	}
	if m := n.lib.member(s.Subject.Member); m != nil {
		v.Custody = m.Custody
	}
	return v, err
}

// objectionsWhere returns the objections that want selects, oldest first.
func (n *Node) objectionsWhere(ctx context.Context, want func(dsai.Objection) bool) ([]Objected, error) {
	all, err := openType[dsai.Objection](ctx, n.db, dsai.TypeObjection)
	if err != nil {
		return nil, err
	}
	out := []Objected{}
	for _, s := range all {
		if !want(s.Subject) {
			continue
		}
		v, err := n.viewObjection(ctx, s)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// objectionsTo returns the objections to some artifacts, oldest first.
func (n *Node) objectionsTo(ctx context.Context, artifacts ...dsai.Digest) ([]Objected, error) {
	return n.objectionsWhere(ctx, func(o dsai.Objection) bool { return slices.Contains(artifacts, o.Against) })
}

// objectionUses are the rows of objections to documents, to consents over them
// and to answers that used them.
func (n *Node) objectionUses(ctx context.Context, documents map[int64]*document, uses []view.Use, since dsai.Time) ([]view.Use, error) {
	about := map[dsai.Digest]*document{}
	for _, d := range documents {
		about[d.ID.Digest] = d
		for _, g := range d.grants {
			about[g.Consent.Digest] = nil
		}
	}
	for _, u := range uses {
		about[u.Receipt] = nil
	}
	found, err := n.objectionsWhere(ctx, func(o dsai.Objection) bool { _, ok := about[o.Against]; return ok })
	var out []view.Use
	for _, o := range found {
		if o.At < since {
			continue
		}
		u := view.Use{At: o.At, Requester: o.By, Outcome: "objected", Title: o.What, Reason: o.Reason}
		if o.Kind == kindAbstention {
			u.Outcome = "abstained"
		}
		if d := about[o.Against]; d != nil {
			u.Document, u.Title = shortID("d", d.ID.Digest), inert.Line(d.Title)
		}
		out = append(out, u)
	}
	return out, err
}

// findArtifact finds what somebody can object to, by the names that people use.
func (n *Node) findArtifact(ctx context.Context, ref string) (dsai.Digest, error) {
	if d, err := dsai.ParseDigest(ref); err == nil {
		return d, nil // AcceptObjection wants it to be known here
	}
	switch kind, _, _ := strings.Cut(ref, "-"); {
	case ref == "":
		return dsai.Digest{}, fmt.Errorf("object to %q: %w", ref, store.ErrNotFound)
	case ref == "policy":
		return n.policy.Load().Digest(), nil
	case ref == "last" || kind == "r":
		r, err := n.FindReceipt(ctx, ref)
		return r.Digest, err
	case kind == "p":
		return n.findPolicy(ctx, ref)
	case kind == "c":
		c, _, err := n.FindConsent(ref)
		return c, err
	}
	if g, err := n.collectionGrant(ref); err != nil || g != nil {
		if err != nil {
			return dsai.Digest{}, err
		}
		return g.Consent.Digest, nil
	}
	d, err := n.oneDocument(ref)
	if err != nil {
		return dsai.Digest{}, err
	}
	return d.ID.Digest, nil
}

// findPolicy finds a policy that was adopted at some time.
func (n *Node) findPolicy(ctx context.Context, ref string) (dsai.Digest, error) {
	all, err := openType[dsai.PolicyAdoption](ctx, n.db, dsai.TypePolicyAdoption)
	if err != nil {
		return dsai.Digest{}, err
	}
	var found []dsai.Digest
	hex := strings.TrimPrefix(strings.ToLower(ref), "p-")
	for _, a := range all {
		if len(hex) >= 4 && strings.HasPrefix(a.Subject.Policy.String(), hex) && !slices.Contains(found, a.Subject.Policy) {
			found = append(found, a.Subject.Policy)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return dsai.Digest{}, fmt.Errorf("policy %q: %w", ref, store.ErrNotFound)
	}
	return dsai.Digest{}, fmt.Errorf("policy %q: %w", ref, store.ErrAmbiguous)
}

// artifactWords says what a digest names here: a policy, a document or a
// credential in the log. ErrNotFound when it names nothing.
func (n *Node) artifactWords(ctx context.Context, d dsai.Digest) (string, error) {
	if doc := n.lib.documentByID(dsai.DocumentID{Digest: d}); doc != nil {
		return "document " + shortID("d", d) + " (" + inert.Line(doc.Title) + ")", nil
	}
	if _, err := n.db.Meta(ctx, policyKey(d)); err == nil || !isNotFound(err) {
		return "policy " + shortID("p", d), err
	}
	raw, err := n.db.Raw(ctx, d)
	if err != nil {
		return "", err
	}
	var head struct {
		Type []string `json:"type"`
	}
	if err := json.Unmarshal(raw, &head); err != nil || len(head.Type) != 2 {
		return "", errors.Join(fmt.Errorf("credential %s has no type", d), err)
	}
	switch head.Type[1] {
	case dsai.TypeInferenceReceipt:
		return "answer " + shortID("r", d), nil
	case dsai.TypeRefusalReceipt:
		return "refusal " + shortID("r", d), nil
	case dsai.TypeConsentBundle:
		return "consent " + shortID("c", d), nil
	}
	return head.Type[1] + " " + short(d), nil
}
