// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"fmt"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/vc"
)

// checkSigner refuses what m, nil for nobody, did not sign with the key that they
// have in force, and what is dated ahead: it would count as said last for as
// long. The caller holds keys.mu.
func (n *Node) checkSigner(what string, m *member, issuer string, created dsai.Time) error {
	now := n.clock.now()
	switch {
	case m == nil || !m.keys.Ever(issuer):
		return fmt.Errorf("%s by %.60s: %w", what, issuer, ErrNotMember)
	case created > now.Add(consent.Skew.Std()):
		return fmt.Errorf("%s is signed at %v, and it is %v here: %w: %w", what, created, now, errAhead, errNotOurs)
	case m.keys.At(created).Sign != issuer || m.keys.At(now).Sign != issuer:
		// Also one that claims to be from before: a stolen key can date it back.
		return fmt.Errorf("%s is signed with a key that %s does not have in force: %w: %w", what, m.Name, ErrOldKey, errNotOurs)
	}
	return nil
}

// checkStatusIndex refuses an entry that another consent has.
func (n *Node) checkStatusIndex(e *dsai.StatusEntry) error {
	_, index, err := vc.ParseStatusEntry(*e)
	if err != nil {
		return err
	}
	for _, g := range n.lib.allGrants() {
		if g.state.Index == index {
			return fmt.Errorf("consent has index %d of the status list, which is taken; ask for another request: %w", index, errNotOurs)
		}
	}
	return nil
}
