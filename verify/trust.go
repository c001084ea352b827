// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"

	fnote "github.com/transparency-dev/formats/note"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
)

// ParseTrust reads a trust file (spec/trust.md). It refuses one that could not
// be meant: unreadable keys, a threshold that its operators cannot reach.
func ParseTrust(raw []byte) (*dsai.Trust, error) {
	t, err := vc.Decode[dsai.Trust](raw)
	if err != nil {
		return nil, fmt.Errorf("read trust: %w", err)
	}
	if _, err := checkTrust(&t); err != nil {
		return nil, fmt.Errorf("read trust: %w", err)
	}
	return &t, nil
}

// checkTrust returns the witnesses that t pins.
func checkTrust(t *dsai.Trust) ([]witness, error) {
	if t.Format != dsai.TrustFormat {
		return nil, fmt.Errorf("format %.40q is not %q", t.Format, dsai.TrustFormat)
	}
	if t.Coop.IsZero() || len(t.Nodes) == 0 {
		return nil, errors.New("names no co-op or no node")
	}
	seen := map[dsai.NodeID]bool{}
	for _, n := range t.Nodes {
		if seen[n.Node] || len(n.LogKeys) == 0 || len(n.ReceiptKeys) == 0 {
			return nil, fmt.Errorf("node %s: twice, or without keys", short(n.Node.Digest))
		}
		seen[n.Node] = true
		for _, did := range slices.Concat(n.LogKeys, n.ReceiptKeys) {
			key, err := vc.ParseDID(did)
			if _, ok := key.(ed25519.PublicKey); err != nil || !ok {
				return nil, fmt.Errorf("node %s: key %.80q is not an Ed25519 did:key", short(n.Node.Digest), did)
			}
		}
	}
	var witnesses []witness
	operators := map[string]bool{}
	for _, w := range t.Witnesses {
		v, err := fnote.NewVerifierForCosignatureV1(w.Key)
		if err != nil {
			return nil, fmt.Errorf("witness of %.40q: %w", w.Operator, err)
		}
		if w.Operator == "" || slices.ContainsFunc(witnesses, func(o witness) bool { return o.Name() == v.Name() && o.KeyHash() == v.KeyHash() }) {
			return nil, fmt.Errorf("witness %.80q: twice, or without an operator", v.Name())
		}
		operators[w.Operator] = true
		witnesses = append(witnesses, witness{v, w.Operator})
	}
	if t.Threshold < 0 || t.Threshold > len(operators) {
		return nil, fmt.Errorf("threshold %d of %d operators", t.Threshold, len(operators))
	}
	return witnesses, nil
}

// pinnedNode returns what the trust file says of a node, or nil.
func (a *audit) pinnedNode(id dsai.NodeID) *dsai.TrustNode {
	t := a.v.o.Trust
	if t == nil || a.v.err != nil || t.Coop != a.receipt.coop {
		return nil
	}
	for i := range t.Nodes {
		if t.Nodes[i].Node == id {
			return &t.Nodes[i]
		}
	}
	return nil
}

// sinceChanged says that a node which the trust file knows by an earlier key has
// changed its keys. The event is not enough to believe the new ones: it is signed
// by the receipt key alone, so following it would let whoever stole that key name
// a log key of their own.
func (a *audit) sinceChanged(n *dsai.TrustNode) string {
	for _, k := range a.nodeKeys[n.Node] {
		if slices.Contains(n.ReceiptKeys, k.Sign) && slices.Contains(n.LogKeys, k.Set.LogKey) && len(a.nodeKeys[n.Node]) > 1 {
			return ", which knows earlier keys of this node: they were changed since, so get the co-op's trust file again"
		}
	}
	return ""
}

// checkAnchor compares who signed with the verifier's own trust.
func (a *audit) checkAnchor() (string, error) {
	r, t := a.receipt, a.v.o.Trust
	if t == nil {
		return "", errors.New("no trust file: anybody can found a co-op of this name")
	}
	a.result.Anchor = AnchorMismatch
	if a.v.err != nil {
		return "", fmt.Errorf("trust file: %w", a.v.err)
	}
	if t.Coop != r.coop {
		return "", fmt.Errorf("co-op %s is not %s of the trust file", short(r.coop.Digest), short(t.Coop.Digest))
	}
	n := a.pinnedNode(r.node)
	switch {
	case n == nil:
		return "", fmt.Errorf("node %s is not in the trust file", short(r.node.Digest))
	case !slices.Contains(n.ReceiptKeys, r.issuer):
		return "", fmt.Errorf("receipt key is not in the trust file%s", a.sinceChanged(n))
	case a.leaf.logKey == "":
		return "", needs("inclusion")
	case !slices.Contains(n.LogKeys, a.leaf.logKey):
		return "", fmt.Errorf("log key is not in the trust file%s", a.sinceChanged(n))
	}
	a.result.Anchor = AnchorPinned
	return fmt.Sprintf("co-op, node and keys are those that you trust as %q", t.Name), nil
}
