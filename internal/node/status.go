// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/vc"
)

const metaStatus = "status-sequence"

// statusEvery is how old the list in use may become before the next one is
// made, in seconds. Lists are made when something is asked: an idle node makes
// none. Sensitive consents accept lists of 30 seconds, so this stays below.
const statusEvery = 20

// statusLists makes this node's status list: the node is the revocation point
// of its consents.
type statusLists struct {
	db     *store.Store
	coop   dsai.CoopID
	node   dsai.NodeID
	signer func(at dsai.Time) vc.Signer
	wake   func() // of the log
	// ended reports whether a consent is over, so that its list need not say
	// more of it; nil = none is.
	ended func(consent dsai.Digest, now dsai.Time) bool

	mu   sync.Mutex
	seen consent.Seen
	now  *consent.Status
}

// listURI names the node's list; index is the position of one consent in it.
func listURI(n dsai.NodeID) string { return "urn:dsai:status:" + n.String() }

// current returns a list that is young enough, for a policy's ceiling too,
// making one if need be.
func (s *statusLists) current(now dsai.Time, ceiling dsai.Seconds) (*consent.Status, consent.Seen, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	every := dsai.Time(statusEvery)
	if ceiling > 0 {
		every = min(every, dsai.Time(ceiling))
	}
	if s.now != nil && now >= s.now.From && now < s.now.From+every {
		return s.now, s.seen, nil
	}
	err := s.makeLocked(context.Background(), now, nil)
	return s.now, s.seen, err
}

// renew makes a list at once, in the same transaction as what changed it.
func (s *statusLists) renew(ctx context.Context, now dsai.Time, change func(*store.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.makeLocked(ctx, now, change)
}

func (s *statusLists) makeLocked(ctx context.Context, now dsai.Time, change func(*store.Tx) error) error {
	signer := s.signer(now) // not inside the transaction, which a change of keys may wait for
	var made vc.Sealed[dsai.StatusList]
	var sequence uint64
	err := s.db.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if change != nil {
			if err := change(tx); err != nil {
				return err
			}
		}
		revoked, err := tx.RevokedBits()
		if err != nil {
			return err
		}
		documents, err := tx.RevokedDocuments()
		if err != nil {
			return err
		}
		if sequence, err = tx.Next(metaStatus); err != nil {
			return err
		}
		if made, err = s.issue(signer, now, sequence, revoked, s.withdrawn(documents, now)); err != nil {
			return err
		}
		return tx.Put(record(made, dsai.LeafStatusList, now))
	})
	if err != nil {
		return fmt.Errorf("renew status list: %w", err)
	}
	st, err := consent.OpenStatus(made)
	if err != nil {
		return err
	}
	if s.seen, err = s.seen.Accept(st); err != nil {
		return err
	}
	s.now = st
	s.wake()
	return nil
}

// withdrawn names documents as a list does.
func (s *statusLists) withdrawn(documents []store.GrantDocument, now dsai.Time) []dsai.Digest {
	var out []dsai.Digest
	for _, d := range documents {
		if s.ended == nil || !s.ended(d.Consent, now) {
			out = append(out, dsai.WithdrawnDocument(d.Consent, d.Document))
		}
	}
	slices.SortFunc(out, func(a, b dsai.Digest) int { return bytes.Compare(a[:], b[:]) })
	return out
}

func (s *statusLists) issue(signer vc.Signer, now dsai.Time, sequence uint64, revoked []int, withdrawn []dsai.Digest) (vc.Sealed[dsai.StatusList], error) {
	var bits vc.Bits
	for _, i := range revoked {
		if err := bits.Revoke(i); err != nil {
			return vc.Sealed[dsai.StatusList]{}, err
		}
	}
	enc, err := vc.EncodeBits(&bits)
	if err != nil {
		return vc.Sealed[dsai.StatusList]{}, err
	}
	uri := listURI(s.node)
	return vc.Issue(vc.New(dsai.TypeStatusList, signer.DID(), dsai.StatusList{
		ID: vc.ListID(uri), Type: vc.StatusListType, StatusPurpose: vc.StatusPurpose,
		EncodedList: enc, Coop: s.coop, Node: s.node, Sequence: sequence, Withdrawn: withdrawn,
	}, now, now+dsai.Time(consent.Standard.ListLife)), now, signer)
}
