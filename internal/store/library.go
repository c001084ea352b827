// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"dsai.example/dsai"
)

// Member is one member of the co-op.
type Member struct {
	ID        dsai.MemberID
	Name      string
	DID       string // consent key in force
	Custody   dsai.Custody
	Inception dsai.Digest
	Secrets   []byte // salt of the chain-key commitment, when kept here
	Created   dsai.Time
}

// AddMember records a member; ErrExists when the name is taken.
func (t *Tx) AddMember(m Member) error {
	r, err := t.exec(`INSERT INTO member(id,name,did,custody,inception,secrets,created) VALUES(?,?,?,?,?,?,?) ON CONFLICT DO NOTHING`,
		m.ID.Digest[:], m.Name, m.DID, string(m.Custody), m.Inception[:], m.Secrets, int64(m.Created))
	if err != nil {
		return err
	}
	if n, _ := r.RowsAffected(); n == 0 {
		return fmt.Errorf("add member %q: %w", m.Name, ErrExists)
	}
	return nil
}

// SetMemberKey records the consent key that a member has now.
func (t *Tx) SetMemberKey(id dsai.MemberID, did string) error {
	return t.do(`UPDATE member SET did=? WHERE id=?`, did, id.Digest[:])
}

// Members returns all members, oldest first.
func (s *Store) Members(ctx context.Context) ([]Member, error) {
	return rows(ctx, s, func(scan func(...any) error) (m Member, err error) {
		var id, inc []byte
		err = scan(&id, &m.Name, &m.DID, &m.Custody, &inc, &m.Secrets, &m.Created)
		m.ID, m.Inception = dsai.MemberID{Digest: digest(id)}, digest(inc)
		return m, err
	}, `SELECT id,name,did,custody,inception,secrets,created FROM member ORDER BY created, name`)
}

// Document is one document with its current version.
type Document struct {
	Num        int64
	ID         dsai.DocumentID
	Member     dsai.MemberID
	Path       string
	Title      string
	Sensitive  bool   // was added as such
	Secret     []byte // nil once forgotten
	Version    dsai.Digest
	Created    dsai.Time
	Gone       dsai.Time       // zero while present
	Quarantine dsai.DocumentID // zero unless a copy of a withdrawn document
}

const documentColumns = `num,id,member,path,title,sensitive,secret,version,created,coalesce(gone,0),quarantine`

func scanDocument(scan func(...any) error) (d Document, err error) {
	var id, member, version, quarantine []byte
	err = scan(&d.Num, &id, &member, &d.Path, &d.Title, &d.Sensitive, &d.Secret, &version, &d.Created, &d.Gone, &quarantine)
	d.ID.Digest, d.Member.Digest = digest(id), digest(member)
	d.Version, d.Quarantine.Digest = digest(version), digest(quarantine)
	return d, err
}

// AddDocument records a new document without a version and returns its number.
func (t *Tx) AddDocument(d Document) (int64, error) {
	r, err := t.exec(`INSERT INTO document(id,member,path,title,sensitive,secret,created) VALUES(?,?,?,?,?,?,?)`,
		d.ID.Digest[:], d.Member.Digest[:], d.Path, d.Title, d.Sensitive, d.Secret, int64(d.Created))
	if err != nil {
		return 0, fmt.Errorf("add document %s: %w", d.Path, err)
	}
	return r.LastInsertId()
}

// Documents returns every document, in order of arrival.
func (s *Store) Documents(ctx context.Context) ([]Document, error) {
	return rows(ctx, s, scanDocument, `SELECT `+documentColumns+` FROM document ORDER BY num`)
}

// Document returns one document by number.
func (s *Store) Document(ctx context.Context, num int64) (Document, error) {
	return row(ctx, s, scanDocument, `SELECT `+documentColumns+` FROM document WHERE num=?`, num)
}

// DocumentByPath returns a member's document by its path.
func (s *Store) DocumentByPath(ctx context.Context, m dsai.MemberID, path string) (Document, error) {
	return row(ctx, s, scanDocument, `SELECT `+documentColumns+` FROM document WHERE member=? AND path=?`, m.Digest[:], path)
}

// SetSensitive marks a document as added as sensitive.
func (t *Tx) SetSensitive(num int64) error {
	return t.do(`UPDATE document SET sensitive=1 WHERE num=?`, num)
}

// SetGone marks a document as absent since at (zero: present again).
func (t *Tx) SetGone(num int64, at dsai.Time) error {
	return t.do(`UPDATE document SET gone=nullif(?,0) WHERE num=?`, int64(at), num)
}

// SetQuarantine marks a copy of a withdrawn document (zero: ruled to stay).
func (t *Tx) SetQuarantine(num int64, of dsai.DocumentID) error {
	var v any
	if !of.IsZero() {
		v = of.Digest[:]
	}
	return t.do(`UPDATE document SET quarantine=? WHERE num=?`, v, num)
}

// Forget destroys a document's secret and all its text: passages, sentences that
// were quoted, and answers that were made from it, with their traces: a model's
// trace holds the tokens of its answer. Commitments stay, so that receipts stay
// provable; nobody can open them any more. Questions stay, which are the
// requester's, and what is numbers alone: quotes are spans, and what was left out
// is counted. See Store.Flush.
//
// The local HMAC of the source stays: it says nothing to anybody without this
// node's key, and keeps the same bytes from coming back under another name.
func (t *Tx) Forget(num int64, at dsai.Time) error {
	if err := t.do(`UPDATE passage SET body=NULL WHERE document=?`, num); err != nil {
		return err
	}
	if err := t.do(`UPDATE version SET salt=zeroblob(32) WHERE document=?`, num); err != nil {
		return err
	}
	if err := t.do(forgetAnswers+`document=?)`, num); err != nil {
		return err
	}
	if err := t.do(`UPDATE use_ SET quoted='' WHERE document=?`, num); err != nil {
		return err
	}
	return t.do(`UPDATE document SET secret=NULL, gone=?, title='(forgotten)', path='(forgotten) '||num WHERE num=?`, int64(at), num)
}

// forgetAnswers removes answers from the receipts that used some documents.
const forgetAnswers = `UPDATE receipt SET openings=CAST(json_remove(CAST(openings AS TEXT),'$.response','$.trace') AS BLOB)
	WHERE openings IS NOT NULL AND num IN (SELECT receipt FROM use_ WHERE consent IS NOT NULL AND `

// ForgetTraces removes the traces of answers whose document was forgotten by a
// version that left them.
func (t *Tx) ForgetTraces() error {
	return t.do(forgetAnswers + `document IN (SELECT num FROM document WHERE secret IS NULL))`)
}

// Version is one version of a document with its derivation.
type Version struct {
	Commitment dsai.Digest
	Document   int64
	Salt       dsai.Salt
	MAC        [32]byte // local HMAC of the source bytes
	Bytes      int64
	Media      string
	Language   string
	Derivation dsai.Digest
	Passages   int
	Created    dsai.Time
}

const versionColumns = `commitment,document,salt,mac,bytes,media,language,derivation,passages,created`

func scanVersion(scan func(...any) error) (v Version, err error) {
	var c, salt, mac, der []byte
	err = scan(&c, &v.Document, &salt, &mac, &v.Bytes, &v.Media, &v.Language, &der, &v.Passages, &v.Created)
	v.Commitment, v.Salt, v.MAC, v.Derivation = digest(c), dsai.Salt(pad(salt)), pad(mac), digest(der)
	return v, err
}

// AddVersion records a version and makes it the document's current one.
func (t *Tx) AddVersion(v Version) error {
	if err := t.do(`INSERT INTO version(`+versionColumns+`) VALUES(?,?,?,?,?,?,?,?,?,?)`,
		v.Commitment[:], v.Document, v.Salt[:], v.MAC[:], v.Bytes, v.Media, v.Language, v.Derivation[:], v.Passages, int64(v.Created)); err != nil {
		return err
	}
	return t.do(`UPDATE document SET version=?, gone=NULL WHERE num=?`, v.Commitment[:], v.Document)
}

// Versions returns a document's versions, oldest first.
func (s *Store) Versions(ctx context.Context, document int64) ([]Version, error) {
	return rows(ctx, s, scanVersion, `SELECT `+versionColumns+` FROM version WHERE document=? ORDER BY created`, document)
}

// VersionCounts returns how many versions every document has.
func (s *Store) VersionCounts(ctx context.Context) (map[int64]int, error) {
	type pair struct {
		doc int64
		n   int
	}
	ps, err := rows(ctx, s, func(scan func(...any) error) (p pair, err error) { return p, scan(&p.doc, &p.n) },
		`SELECT document,count(*) FROM version GROUP BY document`)
	out := make(map[int64]int, len(ps))
	for _, p := range ps {
		out[p.doc] = p.n
	}
	return out, err
}

// CurrentVersions returns the current version of every document.
func (s *Store) CurrentVersions(ctx context.Context) ([]Version, error) {
	return rows(ctx, s, scanVersion, `SELECT v.commitment,v.document,v.salt,v.mac,v.bytes,v.media,v.language,v.derivation,v.passages,v.created
		FROM version v JOIN document d ON d.num=v.document AND d.version=v.commitment ORDER BY v.document`)
}

// Copies returns the documents whose current version has the same source.
func (s *Store) Copies(ctx context.Context, mac [32]byte) ([]Document, error) {
	return rows(ctx, s, scanDocument, `SELECT `+documentColumns+` FROM document
		WHERE num IN (SELECT document FROM version WHERE mac=?) AND version IN (SELECT commitment FROM version WHERE mac=?) ORDER BY num`, mac[:], mac[:])
}

// Holders returns the documents of which a version, current or not, has the same
// source.
func (s *Store) Holders(ctx context.Context, mac [32]byte) ([]Document, error) {
	return rows(ctx, s, scanDocument, `SELECT `+documentColumns+` FROM document
		WHERE num IN (SELECT document FROM version WHERE mac=?) ORDER BY num`, mac[:])
}

// Passage is one passage of a version.
type Passage struct {
	Num        int64
	Document   int64
	Version    dsai.Digest
	Index      int
	Commitment dsai.Digest
	Body       []byte // JCS of dsai.PassageBody; nil once forgotten
}

func scanPassage(scan func(...any) error) (p Passage, err error) {
	var v, c []byte
	err = scan(&p.Num, &p.Document, &v, &p.Index, &c, &p.Body)
	p.Version, p.Commitment = digest(v), digest(c)
	return p, err
}

const passageColumns = `num,document,version,idx,commitment,body`

// AddPassage stores a passage under a number that was never another's.
func (t *Tx) AddPassage(p Passage) error {
	return t.do(`INSERT INTO passage(document,version,idx,commitment,body) VALUES(?,?,?,?,?)`,
		p.Document, p.Version[:], p.Index, p.Commitment[:], p.Body)
}

// Passage returns one passage by number.
func (s *Store) Passage(ctx context.Context, num int64) (Passage, error) {
	return row(ctx, s, scanPassage, `SELECT `+passageColumns+` FROM passage WHERE num=?`, num)
}

// PassagesOf returns a version's passages in span order.
func (s *Store) PassagesOf(ctx context.Context, version dsai.Digest) ([]Passage, error) {
	return rows(ctx, s, scanPassage, `SELECT `+passageColumns+` FROM passage WHERE version=? ORDER BY idx`, version[:])
}

// PassageAt returns one passage by its place in a version.
func (s *Store) PassageAt(ctx context.Context, version dsai.Digest, index int) (Passage, error) {
	return row(ctx, s, scanPassage, `SELECT `+passageColumns+` FROM passage WHERE version=? AND idx=?`, version[:], index)
}

// PassageNums returns the numbers of every passage that belongs in the index,
// in order: those with text, of the current version of a present document.
func (s *Store) PassageNums(ctx context.Context) ([]int64, error) {
	return rows(ctx, s, func(scan func(...any) error) (n int64, err error) { return n, scan(&n) }, `SELECT p.num `+indexed+` ORDER BY p.num`)
}

const indexed = `FROM passage p JOIN document d ON d.num=p.document AND d.version=p.version
	WHERE p.body IS NOT NULL AND d.gone IS NULL`

// CountPassages returns how many passages belong in the index.
func (s *Store) CountPassages(ctx context.Context) (int, error) {
	return row(ctx, s, number, `SELECT count(*) `+indexed)
}

// ReindexVersion notes that every passage of a version must join or leave the
// index.
func (t *Tx) ReindexVersion(version dsai.Digest, c IndexChange) error {
	return t.do(`INSERT INTO reindex(passage,add_) SELECT num,? FROM passage WHERE version=?
		ON CONFLICT DO UPDATE SET add_=excluded.add_`, c == IndexAdd, version[:])
}

// IndexChange is what happens to a passage in the index.
type IndexChange int

// Index changes.
const (
	IndexRemove IndexChange = iota
	IndexAdd
)

// PendingPassage is a passage that the index does not show yet.
type PendingPassage struct {
	Passage
	Member dsai.MemberID // whose document it is of
}

// PendingIndex returns the first max of what the index does not show yet:
// passages to add, with text, and numbers to remove.
func (s *Store) PendingIndex(ctx context.Context, max int) (add []PendingPassage, remove []int64, err error) {
	// In the order of reindex's key, so that a batch reads no more than itself.
	changes, err := rows(ctx, s, scanPending, pending+`ORDER BY r.passage LIMIT ?`, max)
	for _, c := range changes {
		if c.add {
			add = append(add, c.PendingPassage)
		} else {
			remove = append(remove, c.Num)
		}
	}
	return add, remove, err
}

// PendingOf returns the first max passages that the index does not show yet of
// documents that came after another.
func (s *Store) PendingOf(ctx context.Context, after int64, max int) (add []PendingPassage, err error) {
	changes, err := rows(ctx, s, scanPending, pending+`WHERE r.add_=1 AND p.body IS NOT NULL AND p.document>? ORDER BY r.passage LIMIT ?`, after, max)
	for _, c := range changes {
		add = append(add, c.PendingPassage)
	}
	return add, err
}

const pending = `SELECT r.passage,coalesce(p.document,0),p.version,coalesce(p.idx,0),p.commitment,p.body,d.member,r.add_=1 AND p.body IS NOT NULL
	FROM reindex r LEFT JOIN passage p ON p.num=r.passage LEFT JOIN document d ON d.num=p.document `

type pendingChange struct {
	PendingPassage
	add bool
}

func scanPending(scan func(...any) error) (c pendingChange, err error) {
	var member []byte
	c.Passage, err = scanPassage(func(dest ...any) error { return scan(append(dest, &member, &c.add)...) })
	c.Member.Digest = digest(member)
	return c, err
}

// Indexed notes that the index holds these changes. A passage that was added and
// must leave by now still waits; what left does not come back.
func (t *Tx) Indexed(added, removed []int64) error {
	return errors.Join(
		t.do(`DELETE FROM reindex WHERE add_=1 AND passage IN (SELECT value FROM json_each(?))`, numbers(added)),
		t.do(`DELETE FROM reindex WHERE passage IN (SELECT value FROM json_each(?))`, numbers(removed)))
}

// numbers is a list for json_each: one statement for many rows.
func numbers(list []int64) string {
	b := []byte{'['}
	for i, n := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return string(append(b, ']'))
}

// ReindexAll notes that the index must be filled again from nothing.
func (t *Tx) ReindexAll() error {
	return t.do(`INSERT OR REPLACE INTO reindex(passage,add_) SELECT p.num,1 ` + indexed)
}

// Grant is the state of one consent.
type Grant struct {
	Consent    dsai.Digest
	Member     dsai.MemberID
	Index      int // bit in the status list
	Revoked    dsai.Time
	Superseded dsai.Digest
}

// AddGrant records a consent and the status bit it was given.
func (t *Tx) AddGrant(g Grant) error {
	return t.do(`INSERT INTO grant_(consent,member,idx) VALUES(?,?,?)`, g.Consent[:], g.Member.Digest[:], g.Index)
}

// AddGrantDocument records that a consent names a document; addition is the
// CollectionAddition that joined it last, zero when the consent names it itself.
func (t *Tx) AddGrantDocument(consent dsai.Digest, d dsai.DocumentID, addition dsai.Digest) error {
	var a any
	if !addition.IsZero() {
		a = addition[:]
	}
	return t.do(`INSERT INTO grant_document(consent,document,addition) VALUES(?,?,?)
		ON CONFLICT DO UPDATE SET addition=coalesce(excluded.addition,addition)`, consent[:], d.Digest[:], a)
}

// Supersede marks a consent as replaced.
func (t *Tx) Supersede(old, by dsai.Digest) error {
	return t.do(`UPDATE grant_ SET superseded=? WHERE consent=? AND superseded IS NULL`, by[:], old[:])
}

// Revoke marks a consent, or only some of its documents, as withdrawn. Marks
// are never removed and never move later.
func (t *Tx) Revoke(revocation, consent dsai.Digest, documents []dsai.DocumentID, at dsai.Time) error {
	if err := t.do(`INSERT INTO revocation(digest,consent) VALUES(?,?) ON CONFLICT DO NOTHING`, revocation[:], consent[:]); err != nil {
		return err
	}
	if len(documents) == 0 {
		return t.do(`UPDATE grant_ SET revoked=min(coalesce(revoked,?),?) WHERE consent=?`, int64(at), int64(at), consent[:])
	}
	for _, d := range documents {
		if err := t.do(`UPDATE grant_document SET revoked=min(coalesce(revoked,?),?) WHERE consent=? AND document=?`,
			int64(at), int64(at), consent[:], d.Digest[:]); err != nil {
			return err
		}
	}
	return nil
}

// Grants returns every consent's state.
func (s *Store) Grants(ctx context.Context) ([]Grant, error) {
	return rows(ctx, s, func(scan func(...any) error) (g Grant, err error) {
		var c, m, sup []byte
		var rev sql.NullInt64
		err = scan(&c, &m, &g.Index, &rev, &sup)
		g.Consent, g.Member.Digest, g.Superseded, g.Revoked = digest(c), digest(m), digest(sup), dsai.Time(rev.Int64)
		return g, err
	}, `SELECT consent,member,idx,revoked,superseded FROM grant_ ORDER BY consent`)
}

// GrantDocument says that a consent names a document.
type GrantDocument struct {
	Consent  dsai.Digest
	Document dsai.DocumentID
	Addition dsai.Digest // zero when named directly
	Revoked  dsai.Time
}

// GrantDocuments returns which documents every consent names, the naming that
// arrived last first.
func (s *Store) GrantDocuments(ctx context.Context) ([]GrantDocument, error) {
	return rows(ctx, s, func(scan func(...any) error) (g GrantDocument, err error) {
		var c, d, a []byte
		err = scan(&c, &d, &a, &g.Revoked)
		g.Consent, g.Document.Digest, g.Addition = digest(c), digest(d), digest(a)
		return g, err
	}, `SELECT g.consent,g.document,g.addition,coalesce(g.revoked,0) FROM grant_document g
		LEFT JOIN credential c ON c.digest=coalesce(g.addition,g.consent) ORDER BY c.num DESC, g.document`)
}

// RevokedBits returns the status list indexes of every withdrawn consent, as
// this transaction sees them.
func (t *Tx) RevokedBits() ([]int, error) {
	r, err := t.s.conn.QueryContext(t.ctx, `SELECT idx FROM grant_ WHERE revoked IS NOT NULL ORDER BY idx`)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var out []int
	for r.Next() {
		var i int
		if err := r.Scan(&i); err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	return out, r.Err()
}

// RevokedDocuments returns which documents were withdrawn from consents that are
// not withdrawn themselves, as this transaction sees them.
func (t *Tx) RevokedDocuments() ([]GrantDocument, error) {
	r, err := t.s.conn.QueryContext(t.ctx, `SELECT d.consent,d.document,d.revoked FROM grant_document d
		JOIN grant_ g ON g.consent=d.consent WHERE d.revoked IS NOT NULL AND g.revoked IS NULL`)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var out []GrantDocument
	for r.Next() {
		var c, d []byte
		var g GrantDocument
		if err := r.Scan(&c, &d, &g.Revoked); err != nil {
			return nil, err
		}
		g.Consent, g.Document.Digest = digest(c), digest(d)
		out = append(out, g)
	}
	return out, r.Err()
}

// Revocations returns the digests of the Revocations of a consent.
func (s *Store) Revocations(ctx context.Context, consent dsai.Digest) ([]dsai.Digest, error) {
	return rows(ctx, s, func(scan func(...any) error) (dsai.Digest, error) {
		var d []byte
		err := scan(&d)
		return digest(d), err
	}, `SELECT digest FROM revocation WHERE consent=? ORDER BY digest`, consent[:])
}
