// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/purpose"
	"dsai.example/dsai/internal/verifiable/vc"
)

// checkPolicy shows that the policy document is the one that the receipt names
// and that the founder put it in force.
func (a *audit) checkPolicy() (string, error) {
	r := a.receipt
	d, err := recall(a.v, a.b.policy, readPolicy)
	if err != nil {
		return "", err
	}
	if d.digest != r.policy {
		return "", fmt.Errorf("document %s, receipt under %s", short(d.digest), short(r.policy))
	}
	adoptions, err := openAll[dsai.PolicyAdoption](a, a.b.adoptions, dsai.TypePolicyAdoption)
	if err != nil {
		return "", err
	}
	if len(adoptions) != 1 || adoptions[0].Digest != r.adoption {
		return "", errors.New("the one adoption that the receipt names is not the one here")
	}
	if a.charter == nil {
		return "", needs("charter")
	}
	p := adoptions[0]
	switch {
	case p.Subject.ID != p.Issuer || p.Subject.Coop != r.coop || p.Subject.Policy != r.policy:
		return "", errors.New("adoption is of another policy, or in another co-op")
	case p.Proof[0].Created > r.at:
		return "", fmt.Errorf("adopted at %v, after %v", p.Proof[0].Created, r.at)
	}
	if err := inForce(p, r.at); err != nil {
		return "", err
	}
	if err := byMember(a, p, a.charter.Subject.Founder); err != nil {
		return "", err
	}
	if err := a.checkRule(d); err != nil {
		return "", err
	}
	if err := a.checkModel(d); err != nil {
		return "", err
	}
	if a.ceiling, err = d.ceiling, d.ceilingErr; err != nil {
		return "", err
	}
	return fmt.Sprintf("policy %s, adopted by the founder at %v; rule %q", short(d.digest), p.ValidFrom, r.rule), nil
}

// policy is what checks ask of a policy document. Its errors are kept with it:
// which of them matter depends on the receipt.
type policy struct {
	digest          dsai.Digest
	effects         map[string]string // of rules, by id: both as canonical JSON
	effectsErr      error
	engines, models []byte // canonical JSON
	ceiling         dsai.Seconds
	ceilingErr      error
}

func readPolicy(document []byte) (*policy, error) {
	d, err := vc.PolicyDigest(document)
	if err != nil {
		return nil, err
	}
	p := &policy{digest: d}
	p.effects, p.effectsErr = readEffects(document)
	parameters := slices.Clone(member(document, "parameters"))
	p.engines, p.models = member(parameters, "engines"), member(parameters, "models")
	p.ceiling, p.ceilingErr = statusCeiling(parameters)
	return p, nil
}

// readEffects reads what the rules of a policy do.
func readEffects(document []byte) (map[string]string, error) {
	rules, err := vc.Elements(member(document, "rules"))
	if err != nil {
		return nil, err
	}
	effects := map[string]string{}
	for _, r := range rules {
		id := string(member(r, "id"))
		if _, twice := effects[id]; twice {
			return nil, fmt.Errorf("%.40s is there twice", id)
		}
		effects[id] = string(member(r, "effect"))
	}
	return effects, nil
}

// checkRule checks that the document has the rule that decided, and that it
// decides so: what went on to an answer was allowed. A refusal may come before
// any rule.
func (a *audit) checkRule(p *policy) error {
	r := a.receipt
	if r.rule == "" && r.refusal != nil {
		return nil
	}
	if p.effectsErr != nil {
		return fmt.Errorf("policy: rules: %w", p.effectsErr)
	}
	id, err := vc.Canonical(r.rule)
	if err != nil {
		return err
	}
	effect, ok := p.effects[string(id)]
	want := `"allow"`
	if r.refusal != nil && r.refusal.Code == dsai.CodePolicyDenied {
		want = `"deny"`
	}
	switch {
	case !ok:
		return fmt.Errorf("policy has no rule %.40q", r.rule)
	case effect != want:
		return fmt.Errorf("rule %.40q of the policy has effect %.20s, not %s", r.rule, effect, want)
	}
	return nil
}

// checkModel checks that the policy's parameters allow the engine and the model
// of an answer, as they must before any rule is asked.
func (a *audit) checkModel(p *policy) error {
	if a.receipt.answer == nil {
		return nil
	}
	m := a.receipt.answer.Model
	if !lists(p.engines, string(m.Class)) {
		return fmt.Errorf("policy allows engines %.80s, not %q", p.engines, m.Class)
	}
	if string(p.models) != "[]" && !lists(p.models, m.Fingerprint.String()) {
		return fmt.Errorf("policy does not allow model %s", short(m.Fingerprint))
	}
	return nil
}

// lists reports whether the canonical array has the string s.
func lists(array []byte, s string) bool {
	want, err := vc.Canonical(s)
	if err != nil {
		return false
	}
	elements, err := vc.Elements(array)
	return err == nil && slices.ContainsFunc(elements, func(e []byte) bool { return bytes.Equal(e, want) })
}

// statusCeiling is how old the policy lets status lists be, which shortens what
// consents chose; zero when it does not say.
func statusCeiling(parameters []byte) (dsai.Seconds, error) {
	text := member(parameters, "maxStatusAgeSeconds")
	if text == nil {
		return 0, nil
	}
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 {
		return 0, fmt.Errorf("policy: maxStatusAgeSeconds is %.40q", text)
	}
	return dsai.Seconds(n), nil
}

// member returns the canonical value of one member of a canonical object.
func member(object []byte, name string) []byte {
	members, err := vc.Members(object)
	if err != nil {
		return nil
	}
	for _, m := range members {
		if string(m.Name) == name {
			return m.Value
		}
	}
	return nil
}

// inForce checks the validity interval of a credential.
func inForce[S any](s *vc.Sealed[S], at dsai.Time) error {
	if at < s.ValidFrom || s.ValidUntil != 0 && at > s.ValidUntil {
		return fmt.Errorf("%s %s is not in force at %v", s.Type[1], short(s.Digest), at)
	}
	return nil
}

// checkUndertaking shows what the requester promised and that the request lies
// within it. A refusal may be because it does not.
func (a *audit) checkUndertaking() (string, error) {
	r := a.receipt
	u, err := open[dsai.Undertaking](a.v, a.b.undertaking, dsai.TypeUndertaking)
	if err != nil {
		return "", err
	}
	s := u.Subject
	switch {
	case u.Digest != r.undertaking:
		return "", fmt.Errorf("undertaking %s, receipt under %s", short(u.Digest), short(r.undertaking))
	case s.ID != u.Issuer || s.Coop != r.coop:
		return "", errors.New("names another key than its issuer's, or another co-op")
	case s.Role != dsai.RecipientCoop && s.Role != dsai.RecipientPublic:
		return "", fmt.Errorf("unknown role %.20q", s.Role)
	}
	if err := byMember(a, u, s.Member); err != nil {
		return "", err
	}
	a.undertaking = u
	promised := fmt.Sprintf("member %s answers for the requester, as %q", short(s.Member.Digest), s.Role)
	if r.refusal != nil {
		return promised, nil
	}
	switch {
	case !purpose.Permits(r.purpose, s.Purposes, nil):
		return "", fmt.Errorf("purpose %.80q was not undertaken", r.purpose)
	case r.answer.DeclaredBy == "undertaking" && r.purpose != s.Default:
		return "", fmt.Errorf("purpose %.80q is not the undertaking's default", r.purpose)
	case !slices.Contains(s.Operators, r.node):
		return "", fmt.Errorf("node %s may not see the requester's prompts", short(r.node.Digest))
	case u.Proof[0].Created > r.at:
		return "", fmt.Errorf("signed at %v, after %v", u.Proof[0].Created, r.at)
	}
	return promised + " for this purpose", inForce(u, r.at)
}
