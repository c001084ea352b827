// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"path/filepath"
	"slices"
	"strconv"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/ingest"
	"dsai.example/dsai/internal/verifiable/ingest/segment"
	"dsai.example/dsai/internal/verifiable/merkle"
	"dsai.example/dsai/internal/verifiable/vc"
)

// Contribution is what "dsai add" asks for.
type Contribution struct {
	Member    string    `json:"member"` // name; "" = the founder
	Paths     []string  `json:"paths"`  // absolute
	For       []string  `json:"for"`
	Never     []string  `json:"never"`
	Until     dsai.Time `json:"until,omitzero"`
	Sensitive bool      `json:"sensitive"`
	QuoteMax  int       `json:"quoteMax"`
	Share     bool      `json:"share,omitempty"` // also with model servers on other machines
	// Signed is a consent that the member signed elsewhere; the terms above are
	// then taken from it.
	Signed []byte `json:"signed,omitempty"`
	// Name and Inception come with Signed from somebody who may be no member yet.
	Name      string          `json:"name,omitempty"`
	Inception json.RawMessage `json:"inception,omitempty"`
	// Collection is the name of what the documents join, by an addition each,
	// instead of being named by a consent.
	Collection string `json:"collection,omitempty"`
	// Additions are those that the member signed elsewhere.
	Additions []json.RawMessage `json:"additions,omitempty"`
	// Keep leaves documents under the consent that they are lent under: nobody
	// named terms, and those above are for new documents.
	Keep bool `json:"keep,omitempty"`
	// Ask signs nothing yet when it would make anything wider, or permits more than
	// the named purposes say; Contributed.Asks then says so.
	Ask bool `json:"ask,omitempty"`
	// Agreed says that the member said yes to these terms before: Ask is then about
	// wider ones alone.
	Agreed bool `json:"agreed,omitempty"`
}

// Contributed is what came of a Contribution.
type Contributed struct {
	Consent   dsai.Digest      `json:"consent"`
	Short     string           `json:"short"`
	Words     string           `json:"words"` // what was agreed
	Documents []ContributedDoc `json:"documents"`
	Skipped   []Skipped        `json:"skipped"`
	Added     int              `json:"added"`
	Unchanged int              `json:"unchanged"`
	Passages  int              `json:"passages"`
	Copies    []Copy           `json:"copies"` // same bytes as another member's

	Collection string `json:"collection,omitempty"`
	Joined     int    `json:"joined"` // documents that joined it now

	Kept    []KeptConsent  `json:"kept,omitempty"`    // under which documents stay
	Changes []TermsChanged `json:"changes,omitempty"` // of documents lent before
	Asks    bool           `json:"asks,omitempty"`    // nothing was signed: Words are what would be
}

// ContributedDoc is one document of a contribution.
type ContributedDoc struct {
	ID       dsai.DocumentID `json:"id"`
	Short    string          `json:"short"`
	Path     string          `json:"path"`
	Passages int             `json:"passages"`
}

// Skipped is a file that was left out, and why.
type Skipped struct {
	Path   string `json:"path"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// Copy names another member's document with the same bytes, in any version: a
// withdrawal covers all of them.
type Copy struct {
	Path  string `json:"path"`
	Of    string `json:"of"`
	Owner string `json:"owner"`
}

// Contribute ingests files and records the consent under which they may be
// used. Files come first and are unusable until the consent names them, so an
// interruption leaves nothing that anybody could be shown; running it again
// resumes. Progress, unless nil, gets values of ingest.Progress and Waiting.
func (n *Node) Contribute(ctx context.Context, c Contribution, progress func(any)) (*Contributed, error) {
	if progress == nil {
		progress = func(any) {}
	}
	began := n.lib.asItIs()
	if err := n.change.take(ctx, func() { progress(Waiting{another}) }); err != nil {
		return nil, err
	}
	defer n.change.Unlock()
	if (c.Signed != nil || c.Additions != nil) && len(c.Paths) == 0 {
		return n.contributeSigned(ctx, c)
	}
	m, err := n.memberNamed(c.Member)
	if err != nil {
		return nil, err
	}
	if _, _, _, err := consent.Draft(n.draftOptions(m, nil, c, n.clock.now())); err != nil {
		return nil, err // before anything is read
	}
	files, skipped, err := ingest.Walk(ctx, c.Paths)
	if err != nil {
		return nil, err
	}
	s := &sink{n: n, m: m, sensitive: c.Sensitive, paths: c.Paths, added: map[int64]bool{}}
	rep, err := ingest.Run(ctx, s, files, ingest.Options{Progress: func(p ingest.Progress) { progress(p) }})
	if ferr := n.afterIngest(ctx); err == nil {
		err = ferr
	}
	if err != nil {
		return nil, err
	}
	out := &Contributed{Documents: []ContributedDoc{}, Skipped: []Skipped{}, Copies: s.copies}
	for _, k := range append(skipped, rep.Skipped...) {
		out.Skipped = append(out.Skipped, Skipped{k.Path, string(k.Code), k.Reason})
	}
	// No withdrawal is between the look and the signature: it would be undone.
	n.revoking.Lock()
	defer n.revoking.Unlock()
	if err := n.lib.mend(ctx, n.db); err != nil {
		return nil, err
	}
	var docs []*document
	for _, num := range s.seen {
		d := n.lib.document(num)
		if why := n.leftOut(m, d, c, began); why != "" {
			out.Skipped = append(out.Skipped, Skipped{d.Path, stateWithdrawn, why})
			continue
		}
		docs = append(docs, d)
		out.count(d, s.added[num])
		out.Documents = append(out.Documents, ContributedDoc{d.ID, shortID("d", d.ID.Digest), d.Path, d.version.Passages})
	}
	if len(docs) == 0 {
		return out, nil
	}
	if n.hooks.looked != nil {
		n.hooks.looked()
	}
	return out, n.place(ctx, m, docs, c, out)
}

// count counts a document that is lent.
func (out *Contributed) count(d *document, added bool) {
	if !added {
		out.Unchanged++
		return
	}
	out.Added++
	out.Passages += d.version.Passages
}

// contributeSigned records a consent for documents that are here already and
// waited for it, and lets its member in if need be.
func (n *Node) contributeSigned(ctx context.Context, c Contribution) (*Contributed, error) {
	s, err := n.openSigned(c)
	if err != nil {
		return nil, err
	}
	g, err := n.handIn(ctx, s)
	if err != nil {
		return nil, err
	}
	out := &Contributed{Consent: g.Consent.Digest, Short: shortID("c", g.Consent.Digest), Skipped: []Skipped{}, Documents: []ContributedDoc{}, Copies: []Copy{},
		Words: consent.Words(g.Consent.Subject, g.Consent.ValidUntil), Collection: n.collectionName(g), Joined: len(c.Additions)}
	for _, id := range n.documentsOf(g) {
		d := n.lib.documentByID(id)
		out.Documents = append(out.Documents, ContributedDoc{d.ID, shortID("d", d.ID.Digest), d.Path, d.version.Passages})
		out.Unchanged++
	}
	return out, nil
}

// afterIngest brings library and index up to the store.
func (n *Node) afterIngest(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if err := n.lib.reload(ctx, n.db); err != nil {
		return err
	}
	n.log.wake()
	_, err := n.catchUpIndex(ctx, nil)
	return err
}

// consentFor returns the consent under which documents are lent from now on, and
// how many of them joined a collection.
func (n *Node) consentFor(ctx context.Context, m *member, docs []*document, c Contribution) (*grant, int, error) {
	switch {
	case c.Signed != nil || c.Additions != nil:
		s, err := n.openSigned(c)
		if err != nil {
			return nil, 0, err
		}
		g, err := n.acceptSaid(ctx, s)
		return g, len(c.Additions), err
	case c.Collection != "":
		return n.lendCollection(ctx, m, docs, c)
	}
	g, err := n.signConsent(ctx, m, docs, c)
	return g, 0, err
}

// signConsent signs a consent over documents for a member whose key this node
// keeps.
func (n *Node) signConsent(ctx context.Context, m *member, docs []*document, c Contribution) (*grant, error) {
	signer, now, err := n.signingNow(m)
	if err != nil {
		return nil, err
	}
	b, until, _, err := consent.Draft(n.draftOptions(m, docs, c, now))
	if err != nil {
		return nil, err
	}
	b.Supersedes = n.replaced(m, docs)
	index, err := n.freeStatusIndex()
	if err != nil {
		return nil, err
	}
	b.ID = signer.DID()
	cred := vc.New(dsai.TypeConsentBundle, signer.DID(), b, now, until)
	cred.Status = vc.NewStatusEntry(listURI(n.id), index)
	s, err := vc.Issue(cred, now, signer)
	if err != nil {
		return nil, err
	}
	return n.acceptConsent(ctx, said{consent: &s, at: saidHere})
}

func (n *Node) draftOptions(m *member, docs []*document, c Contribution, now dsai.Time) consent.Options {
	var scope dsai.DataScope
	scope.Documents = []dsai.DocumentGrant{}
	for _, d := range docs {
		scope.Documents = append(scope.Documents, dsai.DocumentGrant{Document: d.ID, Mode: dsai.ModeFollowing})
	}
	return consent.Options{
		Key: m.DID, Member: m.ID, Coop: n.coop, Steward: n.id, Data: scope,
		For: c.For, Never: c.Never, Sensitive: c.Sensitive, Share: c.Share, QuoteMax: c.QuoteMax, From: now, Until: c.Until,
		Capture: dsai.Capture{Method: "cli", Custody: m.Custody},
	}
}

// replaced names the member's consents in force over none but these documents:
// what is agreed now replaces what was agreed about them.
func (n *Node) replaced(m *member, docs []*document) []dsai.Digest {
	named := map[dsai.DocumentID]bool{}
	for _, d := range docs {
		named[d.ID] = true
	}
	var out []dsai.Digest
	now := n.clock.now()
	for _, g := range n.lib.allGrants() {
		// A collection stands for what joins it later, too.
		if g.Consent.Subject.Data.Collection != nil || g.Consent.Subject.Member != m.ID || !g.stands(now) {
			continue
		}
		ids := n.documentsOf(g)
		if len(ids) > 0 && !slices.ContainsFunc(ids, func(id dsai.DocumentID) bool { return !named[id] }) {
			out = append(out, g.Consent.Digest)
		}
	}
	slices.SortFunc(out, func(a, b dsai.Digest) int { return slices.Compare(a[:], b[:]) })
	return out
}

// freeStatusIndex picks a random unused bit of the status list, so that the
// index says nothing about when a consent was given.
func (n *Node) freeStatusIndex() (int, error) {
	used := map[int]bool{}
	for _, g := range n.lib.allGrants() {
		used[g.state.Index] = true
	}
	for range 1000 {
		i, err := rand.Int(rand.Reader, big.NewInt(dsai.StatusListBits))
		if err != nil {
			return 0, err
		}
		if !used[int(i.Int64())] {
			return int(i.Int64()), nil
		}
	}
	return 0, errors.New("pick status index: the status list is full")
}

// sink puts documents into the store.
type sink struct {
	n         *Node
	m         *member
	sensitive bool
	paths     []string       // that were named; others were found in folders
	seen      []int64        // documents of this contribution, in file order
	added     map[int64]bool // those among them with a new version
	copies    []Copy
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
			s.seen = append(s.seen, d.Num)
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

// Add implements ingest.Sink: one transaction holds document, version,
// derivation, passages and what the index must learn.
func (s *sink) Add(ctx context.Context, path string, source []byte, t *ingest.Text) error {
	n, now := s.n, s.n.clock.now()
	d, err := n.db.DocumentByPath(ctx, s.m.ID, path)
	isNew := isNotFound(err)
	if err != nil && !isNew {
		return err
	}
	if isNew {
		why, err := s.tookBack(ctx, path, source)
		if err != nil {
			return fmt.Errorf("add %s: %w", path, err)
		}
		if why != "" {
			return &ingest.SkipError{Path: path, Code: ingest.CodeWithdrawn, Reason: why}
		}
		d = store.Document{ID: dsai.DocumentID{Digest: dsai.Digest(newSalt())}, Member: s.m.ID, Path: path,
			Title: inert.Name(filepath.Base(path)), Sensitive: s.sensitive, Created: now}
		secret := newSalt()
		d.Secret = secret[:]
	}
	w, err := n.derive(d, source, t, now)
	if err != nil {
		return fmt.Errorf("add %s: %w", path, err)
	}
	copies, err := s.store(ctx, &d, isNew, w)
	if err != nil {
		return fmt.Errorf("add %s: %w", path, err)
	}
	s.seen, s.added[d.Num] = append(s.seen, d.Num), true
	for _, o := range copies {
		if o.Member != s.m.ID {
			s.copies = append(s.copies, Copy{path, shortID("d", o.ID.Digest), n.memberName(o.Member)})
		}
	}
	return nil
}

// tookBack says why a file that a folder holds is left out, "" when it is not: the
// member withdrew or forgot a document with these bytes, under another name or the
// same. Adding the folder again must not undo that.
func (s *sink) tookBack(ctx context.Context, path string, source []byte) (string, error) {
	if slices.Contains(s.paths, path) {
		return "", nil
	}
	same, err := s.n.db.Holders(ctx, s.n.mac(sha256.Sum256(source)))
	for _, o := range same {
		d := s.n.lib.document(o.Num)
		switch {
		case d == nil || d.Member != s.m.ID:
		case d.Secret == nil:
			return "was forgotten; name the file itself to lend it again", nil
		case d.withdrawn():
			return "was withdrawn as " + d.Title + "; name the file itself to lend it again", nil
		}
	}
	return "", err
}

// store puts a version on disk, and sets its document aside if another member
// took the same bytes back. No revocation is between the look and the record: of
// one before, the library knows; one after finds here what it must set aside. It
// returns the documents that have these bytes, or had them.
func (s *sink) store(ctx context.Context, d *store.Document, isNew bool, w *written) ([]store.Document, error) {
	n := s.n
	n.revoking.Lock()
	defer n.revoking.Unlock()
	if err := n.lib.mend(ctx, n.db); err != nil {
		return nil, err
	}
	copies, err := n.db.Holders(ctx, w.version.MAC)
	if err != nil {
		return nil, err
	}
	aside := s.withdrawnCopy(copies)
	return copies, n.db.Update(ctx, func(tx *store.Tx) (err error) {
		if isNew {
			if d.Num, err = tx.AddDocument(*d); err != nil {
				return err
			}
		} else if err := tx.ReindexVersion(d.Version, store.IndexRemove); err != nil {
			return err
		}
		if s.marks(*d) {
			if err := tx.SetSensitive(d.Num); err != nil {
				return err
			}
		}
		if !aside.IsZero() {
			if err := tx.SetQuarantine(d.Num, aside); err != nil {
				return err
			}
		}
		return w.write(tx, d.Num)
	})
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
		num, err := tx.AddPassage(p)
		if err != nil {
			return err
		}
		if err := tx.Reindex(num, store.IndexAdd); err != nil {
			return err
		}
	}
	return nil
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

func mustCanonical(v any) []byte {
	b, err := vc.Canonical(v)
	if err != nil {
		panic("node: canonical: " + err.Error()) // closed types of strings and integers
	}
	return b
}
