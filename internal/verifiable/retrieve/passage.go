// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package retrieve

import (
	"encoding/binary"
	"fmt"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/rank"
	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"
)

// Passage is what the index learns about one passage. Text is used to find its
// terms and is not kept.
type Passage struct {
	ID          uint64 // the node's number of the passage, used once
	Document    uint32 // the node's number of the document: what Permit decides on
	Contributor uint32 // the node's number of the contributor: what the cap counts
	Field       string // Lexicon.Field of its language
	Text        string // rank.Text of its body
	Commitment  dsai.Digest
}

// record is what the index keeps of a passage beside its postings. It is a
// stored field of the passage's document, so that it is as durable as they are
// and moves with them when segments merge.
type record struct {
	document, contributor uint32
	length                uint32
	commitment            dsai.Digest
	sketch                rank.Sketch
	field                 string
}

const (
	recordField = "record"
	recordFixed = 4 + 4 + 4 + len(dsai.Digest{}) + 2*len(rank.Sketch{})
)

func (r *record) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, r.document)
	b = binary.LittleEndian.AppendUint32(b, r.contributor)
	b = binary.LittleEndian.AppendUint32(b, r.length)
	b = append(b, r.commitment[:]...)
	for _, s := range r.sketch {
		b = binary.LittleEndian.AppendUint16(b, s)
	}
	return append(b, r.field...)
}

func (r *record) parse(b []byte) error {
	if len(b) <= recordFixed {
		return fmt.Errorf("parse passage record: %w: %d bytes", ErrDamaged, len(b))
	}
	r.document = binary.LittleEndian.Uint32(b)
	r.contributor = binary.LittleEndian.Uint32(b[4:])
	r.length = binary.LittleEndian.Uint32(b[8:])
	b = b[12:]
	b = b[copy(r.commitment[:], b):]
	for i := range r.sketch {
		r.sketch[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	r.field = string(b[2*len(r.sketch):])
	return nil
}

// newDocument returns the bleve document of p. Its text is analysed once, by
// whichever of bleve's workers comes to it; the record takes length and sketch
// from the same terms, before bleve asks for its value.
func newDocument(p *Passage) *document.Document {
	r := &record{document: p.Document, contributor: p.Contributor, commitment: p.Commitment, field: p.Field}
	d := document.NewDocument(key(p.ID))
	d.AddField(document.NewTextFieldCustom(p.Field, nil, []byte(p.Text), index.IndexField, counting{r, analyzers[p.Field]}))
	d.AddField(stored{document.NewTextFieldCustom(recordField, nil, nil, index.StoreField, nil), r})
	return d
}

// key is a passage's name in bleve: big-endian, so that keys sort as numbers.
func key(id uint64) string { return string(binary.BigEndian.AppendUint64(nil, id)) }

// counting is an analyzer that notes length and sketch of what it analyses.
type counting struct {
	*record
	analysis.Analyzer
}

// Analyze implements analysis.Analyzer. Terms beyond rank.MaxLength are dropped.
func (c counting) Analyze(text []byte) analysis.TokenStream {
	stream := c.Analyzer.Analyze(text)
	stream = stream[:min(len(stream), rank.MaxLength)]
	terms := make([]string, len(stream))
	for i, t := range stream {
		terms[i] = string(t.Term)
	}
	c.length, c.sketch = uint32(len(stream)), rank.MakeSketch(terms)
	return stream
}

// stored is the field that keeps a record.
type stored struct {
	*document.TextField
	*record
}

// Value implements bleve's Field.
func (s stored) Value() []byte { return s.append(nil) }
