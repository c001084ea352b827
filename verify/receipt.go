// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
)

// receipt is what the two kinds of receipt have in common. Exactly one of
// answer and refusal is set.
type receipt struct {
	answer  *dsai.InferenceReceipt
	refusal *dsai.RefusalReceipt

	typ          string
	kind         dsai.LeafKind
	digest, body dsai.Digest
	issuer, id   string
	created      dsai.Time

	coop             dsai.CoopID
	node             dsai.NodeID
	undertaking      dsai.Digest
	request          dsai.Digest
	requester        dsai.Digest
	purpose, rule    string
	policy, adoption dsai.Digest
	at, appendBy     dsai.Time
	previous         dsai.CheckpointRef
	log              string
	used             []dsai.Use
}

func readReceipt(raw []byte) (*receipt, error) {
	if s, err := vc.Open[dsai.InferenceReceipt](raw, dsai.TypeInferenceReceipt); err == nil {
		r := s.Subject
		return &receipt{
			answer: &r, typ: s.Type[1], kind: dsai.LeafReceipt, digest: s.Digest, body: s.Body, issuer: s.Issuer, id: r.ID,
			created: s.Proof[0].Created, coop: r.Coop, node: r.Node, undertaking: r.Undertaking, purpose: r.Purpose, rule: r.Rule,
			policy: r.Policy, adoption: r.Adoption, at: r.Started, appendBy: r.AppendBy, previous: r.Previous, log: r.Log, used: r.Used,
			request: r.Request, requester: r.Requester,
		}, nil
	} else if !errors.Is(err, vc.ErrType) {
		return nil, err
	}
	s, err := vc.Open[dsai.RefusalReceipt](raw, dsai.TypeRefusalReceipt)
	if err != nil {
		return nil, err
	}
	r := s.Subject
	return &receipt{
		refusal: &r, typ: s.Type[1], kind: dsai.LeafRefusal, digest: s.Digest, body: s.Body, issuer: s.Issuer, id: r.ID,
		created: s.Proof[0].Created, coop: r.Coop, node: r.Node, undertaking: r.Undertaking, purpose: r.Purpose, rule: r.Rule,
		policy: r.Policy, adoption: r.Adoption, at: r.Refused, appendBy: r.AppendBy, previous: r.Previous, log: r.Log,
		request: r.Request, requester: r.Requester,
	}, nil
}

// founding is a charter with the id of its co-op.
type founding struct {
	*vc.Sealed[dsai.Charter]
	id dsai.CoopID
}

func readFounding(raw []byte) (*founding, error) {
	s, err := vc.Open[dsai.Charter](raw, dsai.TypeCharter)
	if err != nil {
		return nil, err
	}
	id, err := vc.CharterID(s.Subject)
	return &founding{&s, id}, err
}

// checkCharter shows which co-op the receipt speaks for and who founded it.
func (a *audit) checkCharter() (string, error) {
	c, err := recall(a.v, a.b.charter, readFounding)
	if err != nil {
		return "", err
	}
	id := c.id
	founder := a.member(c.Subject.Founder)
	switch {
	case id != a.receipt.coop:
		return "", fmt.Errorf("charter of co-op %s, receipt of %s", short(id.Digest), short(a.receipt.coop.Digest))
	case c.Issuer != c.Subject.ID:
		return "", errors.New("charter names another key than its issuer's")
	case founder == nil:
		a.unkeyed = fmt.Errorf("no inception of the founder %s", short(c.Subject.Founder.Digest))
		return "", a.unkeyed
	case founder.Subject.ConsentKey != c.Issuer:
		return "", errors.New("charter is not signed by the founder's first key")
	}
	a.charter = c
	a.needed[c.Subject.Founder] = true
	return fmt.Sprintf("co-op %s calls itself %q", short(id.Digest), c.Subject.Name), nil
}

// checkNode shows that the node is the one that the charter, or else the trust
// file, names.
func (a *audit) checkNode() (string, error) {
	if a.node == nil {
		_, err := readNode(a.b.node)
		if err == nil {
			err = needs("members")
		}
		return "", err
	}
	id := a.node.id
	switch {
	case id != a.receipt.node:
		return "", fmt.Errorf("inception of node %s, receipt of %s", short(id.Digest), short(a.receipt.node.Digest))
	case a.charter == nil:
		return "", needs("charter")
	case id != a.charter.Subject.Node && a.pinnedNode(id) == nil:
		return "", fmt.Errorf("node %s is neither the founding one nor in a trust file", short(id.Digest))
	}
	return fmt.Sprintf("node %s, operated by member %s", short(id.Digest), short(a.node.Subject.Operator.Digest)), nil
}

// checkReceipt shows that the node signed the receipt, and that it is whole in
// itself.
func (a *audit) checkReceipt() (string, error) {
	r := a.receipt
	if r == nil {
		return "", a.receiptErr
	}
	h, ok := a.nodeKeys[r.node]
	switch {
	case !ok:
		return "", needs("node")
	case r.id != r.issuer:
		return "", errors.New("names another key than its issuer's")
	case h.At(r.created).Sign != r.issuer:
		return "", fmt.Errorf("signed at %v by a key that the node did not have in force", r.created)
	case r.at > r.created || r.appendBy < r.created:
		return "", fmt.Errorf("started %v, signed %v, promised by %v: out of order", r.at, r.created, r.appendBy)
	case r.request.IsZero() || r.requester.IsZero():
		return "", errors.New("names no request or no requester")
	case !isOrigin(r.log, r.node) || r.previous.Size > 0 && !isOrigin(r.previous.Origin, r.node):
		return "", errors.New("names a log that is not the node's")
	}
	if r.answer != nil {
		if err := checkAnswer(r.answer); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("signed by the node's receipt key at %v", r.created), nil
}

// isOrigin reports whether origin is that of a log of n in some epoch.
func isOrigin(origin string, n dsai.NodeID) bool {
	text, ok := strings.CutPrefix(origin, strings.TrimSuffix(dsai.LogOrigin(n, 0), "0"))
	epoch, err := strconv.Atoi(text)
	return ok && err == nil && epoch >= 0 && origin == dsai.LogOrigin(n, epoch)
}

// checkAnswer checks the values of an answer's receipt that nothing else binds.
func checkAnswer(r *dsai.InferenceReceipt) error {
	recorded := r.Model.Class == dsai.EngineUpstream
	switch {
	case !slices.Contains([]dsai.EngineClass{dsai.EngineExtract, dsai.EngineInfer, dsai.EngineUpstream}, r.Model.Class):
		return fmt.Errorf("unknown engine class %.20q", r.Model.Class)
	case r.Assurance != dsai.Recorded && r.Assurance != dsai.Replayable || (r.Assurance == dsai.Recorded) != recorded:
		return fmt.Errorf("assurance %.20q of an engine of class %q", r.Assurance, r.Model.Class)
	case !slices.Contains([]dsai.Ended{dsai.EndedComplete, dsai.EndedStopped, dsai.EndedCancelled, dsai.EndedRevoked, dsai.EndedCrashed, dsai.EndedDegraded}, r.Ended):
		return fmt.Errorf("unknown end %.20q", r.Ended)
	case (r.Model.Class == dsai.EngineInfer) == (r.Model.Fingerprint == dsai.Hash("engine", []byte(r.Model.ID))):
		return fmt.Errorf("fingerprint %s of an engine of class %q, called %.40q", short(r.Model.Fingerprint), r.Model.Class, r.Model.ID)
	case r.DeclaredBy != "undertaking" && r.DeclaredBy != "request":
		return fmt.Errorf("purpose declared by %.20q", r.DeclaredBy)
	case len(r.Operations) == 0:
		return errors.New("names no operation")
	}
	if err := checkCosts(r.Tokens, r.Energy); err != nil {
		return err
	}
	_, err := amount(r.Price)
	return err
}

// checkCosts checks that what an answer took is a number of something: the node
// is believed in what it counted, and not beyond.
func checkCosts(t dsai.Tokens, e dsai.Energy) error {
	switch {
	case t.Prompt < 0 || t.Completion < 0 || t.Unit != "word" && t.Unit != "token":
		return fmt.Errorf("%d and %d tokens in %.20q", t.Prompt, t.Completion, t.Unit)
	case !isDecimal(e.Joules):
		return fmt.Errorf("energy of %.30q joules", e.Joules)
	case !slices.Contains([]string{"none", "rapl", "battery", "model"}, e.Source),
		!slices.Contains([]string{"process", "package", "machine"}, e.Scope),
		!slices.Contains([]string{"measured", "calibrated", "modelled", "unknown"}, e.Method):
		return fmt.Errorf("energy of a %.20q from %.20q, %.20q", e.Scope, e.Source, e.Method)
	}
	return nil
}

// isDecimal reports whether s is a number that is not negative: digits without a
// leading zero, and if it has a point, digits after it.
func isDecimal(s string) bool {
	whole, fraction, point := strings.Cut(s, ".")
	digits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	return len(s) <= 40 && digits(whole) && (whole == "0" || whole[0] != '0') && (!point || digits(fraction))
}

// amount reads an integer in millionths of a credit.
func amount(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || strconv.FormatUint(n, 10) != s {
		return 0, fmt.Errorf("amount %.30q: %w", s, dsai.ErrSyntax)
	}
	return n, nil
}
