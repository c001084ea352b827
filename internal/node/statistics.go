// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/retrieve"
	"dsai.example/dsai/internal/verifiable/vc"
)

// metaLost names the statistics that a home of format 1 had lost, as their roots
// one after the other.
const metaLost = "statistics-lost"

// openStatistics opens the statistics pinned last. When there are none that can be
// read, the first question pins new ones.
func (n *Node) openStatistics(ctx context.Context) error {
	if err := os.MkdirAll(n.home.Statistics(), 0o700); err != nil {
		return err
	}
	if err := n.once(ctx, metaLost, n.noteLost); err != nil {
		return err
	}
	if err := n.once(ctx, metaNamed, n.noteNamed); err != nil {
		return err
	}
	marks, err := n.db.MetaUnder(ctx, metaMark)
	if err != nil {
		return err
	}
	p := n.pins
	for key, value := range marks {
		credential, m, err := parseMark(key, value)
		if err != nil {
			return err
		}
		p.marks[credential] = m
	}
	if p.changed, err = n.metaNumber(ctx, metaIndexed); err != nil {
		return err
	}
	if p.counted, err = n.metaNumber(ctx, metaCounted); err != nil {
		return err
	}
	if err := n.loadStatistics(ctx); err != nil {
		n.slog.WarnContext(ctx, "pinned statistics cannot be read; the next question pins new ones, run dsai fsck", "error", err)
	}
	return nil
}

// metaNumber reads a named number, 0 without one.
func (n *Node) metaNumber(ctx context.Context, key string) (uint64, error) {
	raw, err := n.db.Meta(ctx, key)
	if isNotFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(string(raw), 10, 64)
}

// loadStatistics opens the statistics pinned last; none is not an error.
func (n *Node) loadStatistics(ctx context.Context) error {
	raw, err := n.metaCredential(ctx, metaStats)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	c, err := vc.Open[dsai.Statistics](raw, dsai.TypeStatistics)
	if err != nil || n.pins.marks[c.Digest].forgotten {
		return err
	}
	e, err := n.pins.files.Open(c.Subject.Root)
	if err != nil {
		return err
	}
	n.pins.now = ranking{e, c.Digest}
	return nil
}

// noteNamed marks, when a home is opened by the first version that does, the
// statistics that receipts name. From then on a receipt marks them itself.
func (n *Node) noteNamed(ctx context.Context) (func(*store.Tx) error, error) {
	pinned, err := openType[dsai.Statistics](ctx, n.db, dsai.TypeStatistics)
	if err != nil {
		return nil, err
	}
	named := map[dsai.Digest]bool{}
	err = n.db.EachCredential(ctx, func(c store.Credential) error {
		if c.Type != dsai.TypeInferenceReceipt || c.Raw == nil {
			return nil
		}
		var r struct {
			Subject struct {
				Statistics dsai.Digest `json:"statistics"`
			} `json:"credentialSubject"`
		}
		err := json.Unmarshal(c.Raw, &r)
		named[r.Subject.Statistics] = true
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find statistics that receipts name: %w", err)
	}
	return func(tx *store.Tx) error {
		for _, s := range pinned {
			if !named[s.Digest] {
				continue
			}
			if err := tx.AddMeta(mark{root: s.Subject.Root}.meta(s.Digest)); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// noteLost remembers, when a home is opened for the first time, which statistics
// it has lost already: format 1 lost them with its index and had them in no
// backup. Whatever is missing later is damage.
func (n *Node) noteLost(ctx context.Context) (func(*store.Tx) error, error) {
	pinned, err := openType[dsai.Statistics](ctx, n.db, dsai.TypeStatistics)
	if err != nil {
		return nil, err
	}
	lost := []byte{}
	for _, s := range pinned {
		if _, err := n.pins.files.Open(s.Subject.Root); errors.Is(err, retrieve.ErrNoEpoch) {
			lost = append(lost, s.Subject.Root[:]...)
		}
	}
	return func(tx *store.Tx) error { return tx.SetMeta(metaLost, lost) }, nil
}

// fsckStatistics wants the statistics in use, and those that receipts name, to be
// there and to be those that were signed, and those that count a forgotten
// document to be gone.
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
	whole, gone, forgotten := 0, 0, 0
	for _, s := range pinned {
		want := s.Subject
		m, marked, used := n.pins.of(s.Digest)
		e, err := n.pins.files.Open(want.Root)
		switch missing := errors.Is(err, retrieve.ErrNoEpoch); {
		case m.forgotten && !missing:
			return "", fmt.Errorf("statistics %s count a document that was forgotten and are still here; the next start removes them", want.Root)
		case m.forgotten:
			forgotten++
			continue
		case missing && !marked && !used:
			continue // nothing names them
		case missing && lost[string(want.Root[:])]:
			gone++
			continue
		case err != nil:
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
	if forgotten > 0 {
		detail += fmt.Sprintf("; %d went with forgotten documents: quoted answers ranked by them cannot be made again", forgotten)
	}
	if gone > 0 {
		detail += fmt.Sprintf("; %d were lost before they were kept apart from the index: answers ranked by them cannot be made again", gone)
	}
	return detail, nil
}

// fsckNamed wants a mark for the statistics that a receipt names: without one they
// would go.
func (n *Node) fsckNamed(ctx context.Context, credential dsai.Digest) error {
	if credential.IsZero() {
		return nil
	}
	key, _ := mark{}.meta(credential)
	if _, err := n.db.Meta(ctx, key); err != nil {
		return fmt.Errorf("statistics %s: nothing keeps them, though a receipt names them: %w", short(credential), err)
	}
	return nil
}
