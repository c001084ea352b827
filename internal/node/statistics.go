// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/retrieve"
)

// metaLost names the statistics that a home of format 1 had lost, as their roots
// one after the other.
const metaLost = "statistics-lost"

// openStatistics opens the statistics pinned last, or pins new ones when there
// are none that can be read, or when the index changed.
func (n *Node) openStatistics(ctx context.Context, changed bool) error {
	if err := os.MkdirAll(n.home.Statistics(), 0o700); err != nil {
		return err
	}
	if err := n.noteLost(ctx); err != nil {
		return err
	}
	err := n.loadStatistics(ctx)
	if err != nil {
		n.slog.WarnContext(ctx, "pinned statistics cannot be read; pinning new ones, run dsai fsck", "error", err)
	}
	if err != nil || changed || n.epoch == nil {
		return n.pinStatistics(ctx)
	}
	return nil
}

// noteLost remembers, when a home is opened for the first time, which statistics
// it has lost already: format 1 lost them with its index and had them in no
// backup. Whatever is missing later is damage.
func (n *Node) noteLost(ctx context.Context) error {
	if _, err := n.db.Meta(ctx, metaLost); !isNotFound(err) {
		return err
	}
	pinned, err := openType[dsai.Statistics](ctx, n.db, dsai.TypeStatistics)
	if err != nil {
		return err
	}
	lost := []byte{}
	for _, s := range pinned {
		if _, err := n.pin.Open(s.Subject.Root); errors.Is(err, retrieve.ErrNoEpoch) {
			lost = append(lost, s.Subject.Root[:]...)
		}
	}
	return n.db.Update(ctx, func(tx *store.Tx) error { return tx.SetMeta(metaLost, lost) })
}

// fsckStatistics wants all pinned statistics to be there and to be those that
// were signed.
func (n *Node) fsckStatistics(ctx context.Context) (string, error) {
	pinned, err := openType[dsai.Statistics](ctx, n.db, dsai.TypeStatistics)
	if err != nil {
		return "", err
	}
	raw, err := n.db.Meta(ctx, metaLost)
	if err != nil {
		return "", err
	}
	lost := map[string]bool{}
	for root := range slices.Chunk(raw, len(dsai.Digest{})) {
		lost[string(root)] = true
	}
	whole, gone := 0, 0
	for _, s := range pinned {
		want := s.Subject
		e, err := n.pin.Open(want.Root)
		if errors.Is(err, retrieve.ErrNoEpoch) && lost[string(want.Root[:])] {
			gone++
			continue
		}
		if err != nil {
			return "", fmt.Errorf("answers cannot be made again: %w", err)
		}
		have := e.Statistics()
		have.ID, have.Coop, have.Node = want.ID, want.Coop, want.Node
		if !reflect.DeepEqual(have, want) {
			return "", fmt.Errorf("statistics %s are not what was signed", want.Root)
		}
		whole++
	}
	detail := fmt.Sprintf("%d are whole", whole)
	if gone > 0 {
		detail += fmt.Sprintf("; %d were lost before they were kept apart from the index: answers ranked by them cannot be made again", gone)
	}
	return detail, nil
}
