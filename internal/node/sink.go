// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/ingest"
	"dsai.example/dsai/internal/verifiable/ingest/segment"
	"dsai.example/dsai/internal/verifiable/merkle"
	"dsai.example/dsai/internal/verifiable/vc"
)

// A sink flushes after so many passages, or so long after the first of them: a
// commit costs an fsync, and a process that is killed repeats what it gathered.
const (
	gatherPassages = 500
	gatherFor      = time.Second
)

// sink puts documents into the store, several in a transaction.
type sink struct {
	n         *Node
	m         *member
	sensitive bool
	paths     []string          // that were named; others were found in folders
	seen      []*store.Document // of this contribution, in file order; with numbers after Flush
	added     map[int64]bool    // those among them with a new version
	copies    []Copy
	left      []Skipped // by Flush

	gathered []*gathered
	passages int       // of gathered
	since    time.Time // when the first of gathered came
	index    *indexing
}

// gathered is a document with a version that is not on disk yet.
type gathered struct {
	*store.Document
	isNew bool
	written
}

// ingest puts files into the store and the index. What it gives back is told
// apart by the sink: documents that are here now, and files that were left out.
func (n *Node) ingest(ctx context.Context, m *member, c Contribution, progress func(any)) (*sink, []Skipped, error) {
	files, skipped, err := ingest.Walk(ctx, c.Paths)
	if err != nil {
		return nil, nil, err
	}
	s := &sink{n: n, m: m, sensitive: c.Sensitive, paths: c.Paths, added: map[int64]bool{}, copies: []Copy{}, index: n.startIndexing(ctx)}
	rep, err := ingest.Run(ctx, s, files, ingest.Options{Progress: func(p ingest.Progress) { progress(p) }})
	if err := errors.Join(err, s.index.end(), n.afterIngest(ctx)); err != nil {
		return nil, nil, err
	}
	out := []Skipped{}
	for _, k := range append(skipped, rep.Skipped...) {
		out = append(out, Skipped{k.Path, string(k.Code), k.Reason})
	}
	return s, append(out, s.left...), nil
}

// mac finds equal sources without telling anybody else what they are.
func (n *Node) mac(source [32]byte) [32]byte {
	h := hmac.New(sha256.New, n.macKey)
	h.Write(source[:])
	return [32]byte(h.Sum(nil))
}

// Known implements ingest.Sink.
func (s *sink) Known(ctx context.Context, path string, source [32]byte) (bool, error) {
	d, err := s.n.db.DocumentByPath(ctx, s.m.ID, path)
	if isNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	vs, err := s.n.db.Versions(ctx, d.Num)
	if err != nil || len(vs) == 0 || d.Gone != 0 {
		return false, err
	}
	for _, v := range vs {
		if v.Commitment == d.Version && v.MAC == s.n.mac(source) {
			s.seen = append(s.seen, &d)
			if !s.marks(d) {
				return true, nil
			}
			return true, s.n.db.Update(ctx, func(tx *store.Tx) error { return tx.SetSensitive(d.Num) })
		}
	}
	return false, nil
}

// marks reports whether a document is added as sensitive now and was not before.
// That it is added again without a word of that takes nothing back: only another
// consent does, and place says so.
func (s *sink) marks(d store.Document) bool { return s.sensitive && !d.Sensitive }

// Add implements ingest.Sink.
func (s *sink) Add(ctx context.Context, path string, source []byte, t *ingest.Text) error {
	n, now := s.n, s.n.clock.now()
	d, err := n.db.DocumentByPath(ctx, s.m.ID, path)
	isNew := isNotFound(err)
	if err != nil && !isNew {
		return err
	}
	if isNew {
		d = store.Document{ID: dsai.DocumentID{Digest: dsai.Digest(newSalt())}, Member: s.m.ID, Path: path,
			Title: inert.Name(filepath.Base(path)), Sensitive: s.sensitive, Created: now}
		secret := newSalt()
		d.Secret = secret[:]
	}
	w, err := n.derive(d, source, t, now)
	if err != nil {
		return err
	}
	if len(s.gathered) == 0 {
		s.since = time.Now()
	}
	s.seen, s.gathered = append(s.seen, &d), append(s.gathered, &gathered{&d, isNew, *w})
	if s.passages += len(w.passages); s.passages < gatherPassages && time.Since(s.since) < gatherFor {
		return nil
	}
	return s.Flush(ctx)
}

// Flush implements ingest.Sink: one transaction holds documents, versions,
// derivations, passages and what the index must learn. No revocation is between
// the look and the record: of one before, the library knows, so that nothing which
// was taken back is stored; one after finds here what it must set aside.
func (s *sink) Flush(ctx context.Context) error {
	all, n := s.gathered, s.n
	s.gathered, s.passages = nil, 0
	if len(all) == 0 {
		return nil
	}
	n.revoking.Lock()
	defer n.revoking.Unlock()
	if err := n.lib.mend(ctx, n.db); err != nil {
		return err
	}
	aside := map[*gathered]dsai.DocumentID{}
	fresh := 0 // passages of new documents
	var kept []*gathered
	for _, g := range all {
		// Those that have these bytes, or had them.
		copies, err := n.db.Holders(ctx, g.version.MAC)
		if err != nil {
			return err
		}
		if why := s.tookBack(g, copies); why != "" {
			s.leave(g, why)
			continue
		}
		if kept = append(kept, g); g.isNew {
			fresh += len(g.passages)
		}
		aside[g] = s.withdrawnCopy(copies)
		for _, o := range copies {
			if o.Member != s.m.ID {
				s.copies = append(s.copies, Copy{g.Path, shortID("d", o.ID.Digest), n.memberName(o.Member)})
			}
		}
	}
	err := n.db.Update(ctx, func(tx *store.Tx) error {
		for _, g := range kept {
			if err := s.record(tx, g, aside[g]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, g := range kept {
		s.added[g.Num] = true
	}
	s.index.more(fresh)
	return nil
}

// record writes one document, and sets it aside if another member took the same
// bytes back.
func (s *sink) record(tx *store.Tx, g *gathered, aside dsai.DocumentID) (err error) {
	if g.isNew {
		if g.Num, err = tx.AddDocument(*g.Document); err != nil {
			return err
		}
	} else if err := tx.ReindexVersion(g.Version, store.IndexRemove); err != nil {
		return err
	}
	if s.marks(*g.Document) {
		if err := tx.SetSensitive(g.Num); err != nil {
			return err
		}
	}
	if !aside.IsZero() {
		if err := tx.SetQuarantine(g.Num, aside); err != nil {
			return err
		}
	}
	return g.write(tx, g.Num)
}

// tookBack says why a file that a folder holds is left out, "" when it is not: the
// member withdrew or forgot another document with these bytes, or this one before
// they had it. Adding the folder again must not undo that.
func (s *sink) tookBack(g *gathered, same []store.Document) string {
	if slices.Contains(s.paths, g.Path) {
		return ""
	}
	for _, o := range same {
		d := s.n.lib.document(o.Num)
		switch {
		case d == nil || d.Member != s.m.ID:
		case d.Secret == nil:
			return "was forgotten; name the file itself to lend it again"
		case d.withdrawn():
			return "was withdrawn as " + d.Title + "; name the file itself to lend it again"
		}
	}
	return ""
}

// leave leaves out what was gathered. A document that was here before stays as it
// was, and is part of the contribution: under its terms, too.
func (s *sink) leave(g *gathered, why string) {
	if g.isNew {
		s.seen = slices.DeleteFunc(s.seen, func(d *store.Document) bool { return d == g.Document })
	} else {
		why += "; until then the version before it stays lent"
	}
	s.left = append(s.left, Skipped{g.Path, string(ingest.CodeWithdrawn), why})
}

// withdrawnCopy returns another member's document that was withdrawn or forgotten
// and has, or had, these bytes: uploading them again must not bring them back.
func (s *sink) withdrawnCopy(copies []store.Document) dsai.DocumentID {
	for _, c := range copies {
		o := s.n.lib.document(c.Num)
		if o == nil || o.Member == s.m.ID {
			continue
		}
		if o.Secret == nil || o.withdrawn() {
			return o.ID
		}
	}
	return dsai.DocumentID{}
}

// written is a version ready for the store.
type written struct {
	version    store.Version
	derivation store.Credential
	passages   []store.Passage
}

// derive commits to a source and its passages.
func (n *Node) derive(d store.Document, source []byte, t *ingest.Text, now dsai.Time) (*written, error) {
	salt := newSalt()
	version := dsai.Commit("version", salt, source)
	w := &written{}
	leaves := make([][]byte, len(t.Passages))
	for i, p := range t.Passages {
		heading := p.Heading
		if heading == nil {
			heading = []string{}
		}
		body, err := vc.Canonical(dsai.PassageBody{
			Title: d.Title, Heading: heading, Page: p.Page, Start: p.Start, End: p.End, Language: p.Language, Text: string(t.Bytes[p.Start:p.End]),
		})
		if err != nil {
			return nil, err
		}
		c := dsai.PassageCommitment(passageSalt(d.Secret, version, i), body)
		leaves[i] = dsai.PassageLeaf(d.ID, i, c)
		w.passages = append(w.passages, store.Passage{Version: version, Index: i, Commitment: c, Body: body})
	}
	tree, err := merkle.New(leaves)
	if err != nil {
		return nil, err
	}
	root, err := tree.Root()
	if err != nil {
		return nil, err
	}
	signer := n.signerAt(now)
	s, err := vc.Issue(vc.New(dsai.TypeDerivation, signer.DID(), dsai.Derivation{
		ID: signer.DID(), Coop: n.coop, Node: n.id, Document: d.ID, Version: version, Extractor: t.Extractor,
		Chunker: segment.ID, Unicode: segment.UnicodeVersion, Language: t.Language, Passages: len(t.Passages), Root: root,
	}, now, 0), now, signer)
	if err != nil {
		return nil, err
	}
	w.derivation = record(s, dsai.LeafDerivation, now)
	w.version = store.Version{
		Commitment: version, Salt: salt, MAC: n.mac(sha256.Sum256(source)), Bytes: int64(len(source)), Media: t.MediaType,
		Language: t.Language, Derivation: s.Digest, Passages: len(t.Passages), Created: now,
	}
	return w, nil
}

func (w *written) write(tx *store.Tx, document int64) error {
	if err := tx.Put(w.derivation); err != nil {
		return err
	}
	w.version.Document = document
	if err := tx.AddVersion(w.version); err != nil {
		return err
	}
	for _, p := range w.passages {
		p.Document = document
		if err := tx.AddPassage(p); err != nil {
			return err
		}
	}
	return tx.ReindexVersion(w.version.Commitment, store.IndexAdd)
}

// passageSalt derives a passage's salt from its document's secret: destroying
// the secret makes every commitment of the document unopenable (RFC 5869).
func passageSalt(secret []byte, version dsai.Digest, index int) dsai.Salt {
	b, err := hkdf.Key(sha256.New, secret, version[:], "dsai/1/passage-salt "+strconv.Itoa(index), 32)
	if err != nil {
		panic("node: hkdf: " + err.Error()) // the length is constant
	}
	return dsai.Salt(b)
}
