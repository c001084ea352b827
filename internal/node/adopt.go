// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/policy"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/vc"
)

// policyInForce is a policy with the founder's adoption of it.
type policyInForce struct {
	*policy.Policy
	adoption vc.Sealed[dsai.PolicyAdoption]
}

// openPolicy reads the policy that the founder adopted last.
func (n *Node) openPolicy(ctx context.Context) error {
	_, raw, err := n.db.Latest(ctx, dsai.TypePolicyAdoption)
	if err != nil {
		return fmt.Errorf("read policy in force: %w", err)
	}
	a, err := vc.Open[dsai.PolicyAdoption](raw, dsai.TypePolicyAdoption)
	if err != nil {
		return err
	}
	p, err := n.readPolicy(ctx, a.Subject.Policy)
	if err != nil {
		return err
	}
	n.policy.Store(&policyInForce{p, a})
	return nil
}

// readPolicy reads a document that was adopted at some time.
func (n *Node) readPolicy(ctx context.Context, d dsai.Digest) (*policy.Policy, error) {
	doc, err := n.db.Meta(ctx, policyKey(d))
	if err != nil {
		return nil, fmt.Errorf("read policy document: %w", err)
	}
	p, err := policy.ParseJSON(doc)
	if err == nil && p.Digest() != d {
		err = errors.New("policy document is not the one that was adopted")
	}
	return p, err
}

// policies is where the policy in force comes from. A chain replaces it.
func (n *Node) policies() policy.Source { return adopted{n} }

// adopted is the policy that the founder adopted last. This home holds the only
// copy of that record, so it is confirmed whenever it is asked for.
type adopted struct{ n *Node }

// InForce implements policy.Source.
func (a adopted) InForce(context.Context) (policy.InForce, error) {
	p := a.n.policy.Load()
	return policy.InForce{Policy: p.Policy, Authority: policy.Authority{Adoption: p.adoption.Digest}, AsOf: a.n.clock.now()}, nil
}

// policyNames names the document in force and its adoption, for receipts.
func (n *Node) policyNames() (document, adoption dsai.Digest) {
	p := n.policy.Load()
	return p.Digest(), p.adoption.Digest
}

func policyKey(d dsai.Digest) string { return "policy-" + d.String() }

// parameters are those of the policy that a request was cleared under. It ends
// under that policy though another was adopted meanwhile, because its receipt
// names it and whoever replays the answer goes by it.
func (n *Node) parameters(c *pipeline.Clearance) policy.Parameters {
	if p, ok := n.earlier.Load(c.Policy); ok {
		return p.(*policy.Policy).Parameters()
	}
	return n.policy.Load().Parameters()
}

// Unenforced names what a policy asks for and this version cannot carry out. A
// node that took such a policy would promise what it does not do.
func Unenforced(p policy.Parameters) []string {
	var out []string
	cannot := func(name string, neutral bool) {
		if !neutral {
			out = append(out, name+" above 0")
		}
	}
	cannot("minWitnesses", p.MinWitnesses == 0)
	cannot("replayAuditRateBasisPoints", p.ReplayAuditRate == 0)
	cannot("powerFloorPercent", p.PowerFloor == 0)
	cannot("prices.answer", p.Prices.Answer == 0)
	cannot("prices.prompt", p.Prices.Prompt == 0)
	cannot("prices.completion", p.Prices.Completion == 0)
	return out
}

// AdoptArgs is a policy document that somebody wants in force.
type AdoptArgs struct {
	Member string `json:"member"` // name; "" = the founder, who alone may
	Text   string `json:"text"`   // TOML
}

// AdoptPolicy puts a policy in force at once: the founder's key signs the
// adoption, and both are on disk when it returns. Adopting what is in force
// already changes nothing.
func (n *Node) AdoptPolicy(ctx context.Context, a AdoptArgs) (*PolicyAdopted, error) {
	p, err := n.adoptable(a)
	if err != nil {
		return nil, err
	}
	n.adopting.Lock()
	defer n.adopting.Unlock()
	now := n.policy.Load()
	if p.Digest() == now.Digest() {
		return n.showAdopted(ctx, now)
	}
	// By the consent clock: receipts are judged at its times.
	signer, at, err := n.signingNow(n.lib.member(n.charter.Subject.Founder))
	if err != nil {
		return nil, err
	}
	s, err := vc.Issue(vc.New(dsai.TypePolicyAdoption, signer.DID(), dsai.PolicyAdoption{
		ID: signer.DID(), Coop: n.coop, Policy: p.Digest(), Sequence: now.adoption.Subject.Sequence + 1, Previous: &now.adoption.Digest,
	}, at, 0), at, signer)
	if err != nil {
		return nil, err
	}
	err = n.db.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		return errors.Join(tx.SetMeta(policyKey(p.Digest()), p.Canonical()), tx.Put(record(s, dsai.LeafPolicy, at)))
	})
	if err != nil {
		return nil, fmt.Errorf("adopt policy: %w", err)
	}
	n.log.wake()
	// First what requests under way will look for, then what new ones will.
	n.earlier.Store(now.Digest(), now.Policy)
	n.policy.Store(&policyInForce{p, s})
	return n.showAdopted(ctx, now)
}

// PolicyAdopted is the policy in force after an adoption.
type PolicyAdopted struct {
	PolicyShown
	Changed  bool        `json:"changed"` // false: it was in force already
	Replaced dsai.Digest `json:"replaced,omitzero"`
}

func (n *Node) showAdopted(ctx context.Context, before *policyInForce) (*PolicyAdopted, error) {
	now, err := n.showPolicy(ctx)
	if err != nil {
		return nil, err
	}
	out := &PolicyAdopted{PolicyShown: *now}
	if before.adoption.Digest != now.Adoption {
		out.Changed, out.Replaced = true, before.Digest()
	}
	return out, nil
}

// adoptable returns the policy that a asks for, when its founder may adopt it
// and this version can enforce all of it.
func (n *Node) adoptable(a AdoptArgs) (*policy.Policy, error) {
	m, err := n.memberNamed(a.Member)
	if err != nil {
		return nil, err
	}
	if m.ID != n.charter.Subject.Founder {
		return nil, &control.Error{Kind: control.Refused, Message: fmt.Sprintf("adopt policy: %s is not the founder, who alone adopts policies while there are no votes", m.Name),
			Hint: "record dissent with: dsai consent object policy"}
	}
	// The constitution stands above every policy. Document has no key that could
	// break the one that this version enforces; of another one nothing is known.
	if n.charter.Subject.Constitution != policy.ConstitutionDigest() {
		return nil, errors.New("adopt policy: the co-op's charter commits to a constitution that this version does not know")
	}
	p, err := policy.Parse([]byte(a.Text))
	if err != nil {
		return nil, err
	}
	if cannot := Unenforced(p.Parameters()); len(cannot) > 0 {
		return nil, &control.Error{Kind: control.Failed, Message: "adopt policy: this version cannot enforce " + strings.Join(cannot, ", "),
			Hint: "a policy in force is a promise: set to 0 what nobody would keep"}
	}
	return p, nil
}

// PolicyShown is the policy in force.
type PolicyShown struct {
	Digest   dsai.Digest     `json:"digest"`
	Adoption dsai.Digest     `json:"adoption"`
	Sequence int             `json:"sequence"` // 1 is the policy that the co-op began with
	Adopted  dsai.Time       `json:"adopted"`
	Document policy.Document `json:"document"`
	// Unenforced is what an older version let in and this one does not carry out.
	Unenforced []string   `json:"unenforced"`
	Objections []Objected `json:"objections"`
}

func (n *Node) showPolicy(ctx context.Context) (*PolicyShown, error) {
	p := n.policy.Load()
	out := &PolicyShown{
		Digest: p.Digest(), Adoption: p.adoption.Digest, Sequence: p.adoption.Subject.Sequence, Adopted: p.adoption.ValidFrom,
		Document: p.Document(), Unenforced: Unenforced(p.Parameters()),
	}
	if out.Unenforced == nil {
		out.Unenforced = []string{}
	}
	var err error
	out.Objections, err = n.objectionsTo(ctx, p.Digest(), p.adoption.Digest)
	return out, err
}

func (n *Node) callPolicy(ctx context.Context, _ Nothing, _ func(any)) (*PolicyShown, error) {
	return n.showPolicy(ctx)
}

func (n *Node) callAdopt(ctx context.Context, a AdoptArgs, _ func(any)) (*PolicyAdopted, error) {
	return n.AdoptPolicy(ctx, a)
}

// fsckPolicies follows the adoptions from the first: each by the founder, each
// naming the one before, and their documents those that were adopted.
func (n *Node) fsckPolicies(ctx context.Context) (string, error) {
	all, err := openType[dsai.PolicyAdoption](ctx, n.db, dsai.TypePolicyAdoption)
	if err != nil {
		return "", err
	}
	founder := n.lib.member(n.charter.Subject.Founder)
	for i, a := range all {
		follows := a.Subject.Previous == nil
		if i > 0 {
			follows = a.Subject.Previous != nil && *a.Subject.Previous == all[i-1].Digest
		}
		if !founder.keys.Ever(a.Issuer) || !follows || a.Subject.Coop != n.coop || a.Subject.Sequence != i+1 {
			return "", fmt.Errorf("adoption %s is not the founder's next one", short(a.Digest))
		}
		if _, err := n.readPolicy(ctx, a.Subject.Policy); err != nil {
			return "", fmt.Errorf("adoption %s: %w", short(a.Digest), err)
		}
	}
	return fmt.Sprintf("%d adoptions by the founder, with their documents", len(all)), nil
}
