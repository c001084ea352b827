// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package retrieve

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/verifiable/rank"
	segment "github.com/blevesearch/scorch_segment_api/v2"
	"golang.org/x/mod/sumdb/tlog"
)

// Pin counts the passages that the index holds now and writes the statistics,
// durably, as a new epoch into a folder. It is a function of the set of passages and the secret
// alone. The secret must be random and new for each epoch: proofs reveal salts
// derived from it, and never the secret. It takes about a second for 50,000
// passages and does not hold up searches or changes.
func (ix *Index) Pin(ctx context.Context, into Epochs, secret dsai.Salt) (*Epoch, error) {
	if err := ix.catchUp(); err != nil {
		return nil, fmt.Errorf("pin statistics: %w", err)
	}
	v, err := ix.acquire()
	if err != nil {
		return nil, fmt.Errorf("pin statistics: %w", err)
	}
	w := newEpochWriter(v.fieldStats(), secret)
	for _, f := range w.head.Fields {
		if err = v.eachTerm(ctx, f.Field, w.add); err != nil {
			break
		}
	}
	if err = errors.Join(err, v.release()); err != nil {
		return nil, fmt.Errorf("pin statistics: %w", err)
	}
	data, err := w.finish()
	if err != nil {
		return nil, fmt.Errorf("pin statistics: %w", err)
	}
	err = durable.CreateFile(into.file(w.head.Root), data, 0o600)
	if err != nil && !errors.Is(err, fs.ErrExist) { // the same passages and secret: the same file
		return nil, fmt.Errorf("pin statistics: %w", err)
	}
	return into.Open(w.head.Root)
}

// catchUp takes what bleve merged since the last change into the view.
func (ix *Index) catchUp() error {
	ix.change.Lock()
	defer ix.change.Unlock()
	if ix.scorch == nil {
		return ErrClosed
	}
	return ix.refresh()
}

// fieldStats sums the view's passages by field, sorted, without empty fields.
func (v *view) fieldStats() []dsai.FieldStats {
	all := make([]dsai.FieldStats, len(fieldNames))
	for i := range v.segments {
		s := &v.segments[i]
		for j, f := range s.fields {
			if s.deleted == nil || !s.deleted.Contains(uint32(j)) {
				all[f].Passages++
				all[f].Tokens += int(s.lengths[j])
			}
		}
	}
	out := []dsai.FieldStats{}
	for i, f := range all {
		if f.Field = fieldNames[i]; f.Passages > 0 {
			out = append(out, f)
		}
	}
	return out
}

// cursor walks the terms of one segment.
type cursor struct {
	segment *segmentView
	dict    segment.TermDictionary
	iter    segment.DictionaryIterator
	term    []byte // nil at the end
}

func (c *cursor) next() error {
	e, err := c.iter.Next()
	if err != nil || e == nil {
		c.term = nil
		return err
	}
	c.term = append(make([]byte, 0, len(e.Term)), e.Term...)
	return nil
}

// eachTerm calls f for every term of a field that a passage holds, in order, with
// the number of passages. bleve's own counts include what is deleted; these do not.
func (v *view) eachTerm(ctx context.Context, field string, f func(field string, term []byte, df int)) error {
	var cursors []*cursor
	for i := range v.segments {
		c := &cursor{segment: &v.segments[i]}
		var err error
		if c.dict, err = c.segment.postings.Dictionary(field); err != nil {
			return err
		}
		c.iter = c.dict.AutomatonIterator(nil, nil, nil)
		if err := c.next(); err != nil {
			return err
		}
		cursors = append(cursors, c)
	}
	var list segment.PostingsList
	for n := 0; ; n++ {
		var least []byte
		for _, c := range cursors {
			if c.term != nil && (least == nil || bytes.Compare(c.term, least) < 0) {
				least = c.term
			}
		}
		if least == nil {
			return nil
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		df := 0
		for _, c := range cursors {
			if !bytes.Equal(c.term, least) || c.term == nil {
				continue
			}
			var err error
			if list, err = c.dict.PostingsList(c.term, c.segment.deleted, list); err != nil {
				return err
			}
			df += int(list.Count())
			if err := c.next(); err != nil {
				return err
			}
		}
		if df > 0 {
			f(field, least, df)
		}
	}
}

// epochWriter builds the file of an epoch; see Epoch.
type epochWriter struct {
	head    header
	blocks  []byte
	offsets []uint32
	full    []tlog.Hash
	leaves  []tlog.Hash // of the block that is being filled
	last    []byte
}

func newEpochWriter(fields []dsai.FieldStats, secret dsai.Salt) *epochWriter {
	return &epochWriter{head: header{Format: epochFormat, Ranking: rank.ID, Fields: fields, Secret: secret}}
}

func (w *epochWriter) add(field string, term []byte, df int) {
	key := append(append([]byte(field), 0), term...)
	shared := 0
	if w.head.Terms%blockTerms == 0 {
		w.offsets = append(w.offsets, uint32(len(w.blocks)))
	} else {
		for shared < min(len(key), len(w.last)) && key[shared] == w.last[shared] {
			shared++
		}
	}
	w.blocks = binary.AppendUvarint(w.blocks, uint64(shared))
	w.blocks = binary.AppendUvarint(w.blocks, uint64(len(key)-shared))
	w.blocks = append(w.blocks, key[shared:]...)
	w.blocks = binary.AppendUvarint(w.blocks, uint64(df))
	w.last = key
	w.head.Terms++
	if w.leaves = append(w.leaves, w.head.leaf(key, df)); len(w.leaves) == blockTerms {
		w.full, w.leaves = append(w.full, subtree(w.leaves)), w.leaves[:0]
	}
}

func (w *epochWriter) finish() ([]byte, error) {
	w.head.Bytes = len(w.blocks)
	e := &Epoch{head: w.head, blocks: w.blocks, offsets: w.offsets}
	e.levels(w.full)
	var err error
	if w.head.Root, err = e.root(); err != nil {
		return nil, err
	}
	line, err := json.Marshal(w.head)
	if err != nil {
		return nil, err
	}
	data := append(append(line, '\n'), w.blocks...)
	for _, o := range w.offsets {
		data = binary.LittleEndian.AppendUint32(data, o)
	}
	for _, h := range w.full {
		data = append(data, h[:]...)
	}
	sum := sha256.Sum256(data)
	return append(data, sum[:]...), nil
}
