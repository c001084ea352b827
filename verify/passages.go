// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"dsai.example/dsai"
)

// checkPassages shows that each used passage is, at its place, in a derivation
// of its document that the node signed before.
func (a *audit) checkPassages() (string, error) {
	derivations, err := openAll[dsai.Derivation](a, a.b.derivations, dsai.TypeDerivation)
	if err != nil {
		return "", err
	}
	found, cited := map[dsai.Digest]int{}, map[dsai.Digest]bool{}
	for i, d := range derivations {
		s := d.Subject
		if s.ID != d.Issuer || s.Coop != a.receipt.coop || s.Node != a.receipt.node || d.Proof[0].Created > a.receipt.at {
			return "", fmt.Errorf("derivation %s: of another co-op or node, or signed later", short(d.Digest))
		}
		if err := byNode(a, d, s.Node); err != nil {
			return "", err
		}
		found[d.Digest] = i
	}
	if len(a.b.passages) != len(a.receipt.used) {
		return "", fmt.Errorf("%d passage proofs for %d uses", len(a.b.passages), len(a.receipt.used))
	}
	type place struct {
		derivation dsai.Digest
		passage    int
	}
	seen := map[place]bool{}
	for i, u := range a.receipt.used {
		n, ok := found[u.Derivation]
		if !ok {
			return "", fmt.Errorf("use %d: derivation %s is not here", i+1, short(u.Derivation))
		}
		d := derivations[n].Subject
		at := place{u.Derivation, u.Passage}
		switch {
		case u.Document != d.Document || u.Version != d.Version:
			return "", fmt.Errorf("use %d: derivation %s is of another document or version", i+1, short(u.Derivation))
		case seen[at]:
			return "", fmt.Errorf("use %d: passage %d is used twice", i+1, u.Passage)
		}
		leaf := dsai.PassageLeaf(u.Document, u.Passage, u.Commitment)
		if err := included(a.b.passages[i].Hashes, d.Passages, d.Root, u.Passage, leaf); err != nil {
			return "", fmt.Errorf("use %d: passage %d: %w", i+1, u.Passage, err)
		}
		seen[at], cited[u.Derivation] = true, true
	}
	if err := superfluous(derivations, cited); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d passages stand in %d derivations of their documents", len(a.receipt.used), len(derivations)), nil
}

// included checks an RFC 6962 inclusion proof of leaf at index in a tree.
func included(hashes []dsai.Digest, size int, root dsai.Digest, index int, leaf []byte) error {
	if index < 0 || index >= size || len(hashes) > maxProofHashes {
		return fmt.Errorf("leaf %d of %d", index, size)
	}
	proof := make(tlog.RecordProof, len(hashes))
	for i, h := range hashes {
		proof[i] = tlog.Hash(h)
	}
	if tlog.CheckRecord(proof, int64(size), tlog.Hash(root), int64(index), tlog.RecordHash(leaf)) != nil {
		return errors.New("inclusion proof does not lead to the signed root")
	}
	return nil
}
