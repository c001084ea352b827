// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package retrieve

import (
	"encoding/binary"
	"fmt"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/rank"
	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// view is the index at one moment: immutable segments, what is deleted in each,
// and the columns of their passages. It counts its users through bleve's
// snapshot, which keeps the files alive.
type view struct {
	snapshot *scorch.IndexSnapshot
	segments []segmentView
}

type segmentView struct {
	postings segment.Segment
	deleted  *roaring.Bitmap // nil: nothing
	*columns
}

// columns hold the records of one segment, by its local passage numbers. A
// segment never changes, so they are read once and shared by all views that have
// it; about 85 bytes a passage.
type columns struct {
	ids          []uint64
	documents    []uint32
	contributors []uint32
	lengths      []uint32
	fields       []uint8 // index in fieldNames
	commitments  []dsai.Digest
	sketches     []rank.Sketch
}

func (s *segmentView) live() int {
	if s.deleted == nil {
		return len(s.ids)
	}
	return len(s.ids) - int(s.deleted.GetCardinality())
}

// acquire returns the present view. The caller releases it.
func (ix *Index) acquire() (*view, error) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if ix.view == nil {
		return nil, ErrClosed
	}
	ix.view.snapshot.AddRef()
	return ix.view, nil
}

func (v *view) release() error { return v.snapshot.DecRef() }

// refresh replaces the view by one of the index as it is. It reads the records of
// new segments here, so that no search has to. The caller holds change, or is
// open.
func (ix *Index) refresh() error {
	r, err := ix.scorch.Reader()
	if err != nil {
		return fmt.Errorf("read index: %w", err)
	}
	v := &view{snapshot: r.(*scorch.IndexSnapshot)}
	known := make(map[uint64]*columns)
	for _, s := range v.snapshot.Segments() {
		c := ix.segments[s.Id()]
		if c == nil {
			if c, err = readColumns(s.Segment()); err != nil {
				_ = v.release() // the reason matters more
				return err
			}
		}
		known[s.Id()] = c
		v.segments = append(v.segments, segmentView{postings: s.Segment(), deleted: s.Deleted(), columns: c})
	}
	ix.mu.Lock()
	old := ix.view
	ix.view, ix.segments = v, known
	ix.mu.Unlock()
	if old != nil {
		return old.release()
	}
	return nil
}

func readColumns(s segment.Segment) (*columns, error) {
	n := int(s.Count())
	c := &columns{
		ids: make([]uint64, n), documents: make([]uint32, n), contributors: make([]uint32, n), lengths: make([]uint32, n),
		fields: make([]uint8, n), commitments: make([]dsai.Digest, n), sketches: make([]rank.Sketch, n),
	}
	for i := range n {
		var bad error
		seen := 0
		err := s.VisitStoredFields(uint64(i), func(field string, _ byte, value []byte, _ []uint64) bool {
			switch {
			case field == "_id" && len(value) == 8:
				c.ids[i] = binary.BigEndian.Uint64(value)
				seen++
			case field == recordField:
				bad = c.set(i, value)
				seen++
			}
			return true
		})
		if err == nil && seen != 2 {
			err = fmt.Errorf("%w: no record", ErrDamaged)
		}
		if err == nil {
			err = bad
		}
		if err != nil {
			return nil, fmt.Errorf("read record %d: %w", i, err)
		}
	}
	return c, nil
}

func (c *columns) set(i int, value []byte) error {
	var r record
	if err := r.parse(value); err != nil {
		return err
	}
	f := fieldIndex(r.field)
	if f < 0 {
		return fmt.Errorf("%w: no field %.20q", ErrDamaged, r.field)
	}
	c.documents[i], c.contributors[i], c.lengths[i] = r.document, r.contributor, r.length
	c.fields[i], c.commitments[i], c.sketches[i] = uint8(f), r.commitment, r.sketch
	return nil
}
