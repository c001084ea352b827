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

// Credential is one signed artifact in canonical form.
type Credential struct {
	Digest  dsai.Digest // content digest
	Type    string
	Raw     []byte // canonical bytes; nil once erased
	Created dsai.Time

	// The log entry: Kind 0 keeps the artifact out of the log.
	Kind dsai.LeafKind
	Salt dsai.Salt
	Body dsai.Digest // digest of the whole credential
}

// Put stores an artifact and, with a Kind, its entry in the outbox. Putting the
// same artifact again changes nothing.
func (t *Tx) Put(c Credential) error {
	_, err := t.put(c)
	return err
}

// put returns the artifact's number, 0 when it was there.
func (t *Tx) put(c Credential) (num int64, err error) {
	r, err := t.exec(`INSERT INTO credential(digest,type,raw,salt,created) VALUES(?,?,?,?,?) ON CONFLICT DO NOTHING`,
		c.Digest[:], c.Type, c.Raw, c.Salt[:], int64(c.Created))
	if err != nil {
		return 0, fmt.Errorf("put %s: %w", c.Type, err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return 0, err
	}
	if num, err = r.LastInsertId(); err != nil || c.Kind == 0 {
		return num, err
	}
	return num, t.do(`INSERT INTO outbox(credential,epoch,first,leaf) VALUES(?,?,?,?)`,
		num, t.epoch, c.Kind == dsai.LeafEpoch, dsai.Leaf(c.Kind, c.Salt, c.Body))
}

// Erase removes an artifact's body and salt. Its leaf stays in the log and says
// nothing without them.
func (t *Tx) Erase(d dsai.Digest) error {
	return t.do(`UPDATE credential SET raw=NULL, salt=NULL WHERE digest=?`, d[:])
}

// Raw returns an artifact's canonical bytes.
func (s *Store) Raw(ctx context.Context, d dsai.Digest) ([]byte, error) {
	raw, err := row(ctx, s, blob, `SELECT raw FROM credential WHERE digest=? AND raw IS NOT NULL`, d[:])
	if err != nil {
		return nil, fmt.Errorf("credential %s: %w", d, err)
	}
	return raw, nil
}

// Salt returns the salt of an artifact's log leaf.
func (s *Store) Salt(ctx context.Context, d dsai.Digest) (dsai.Salt, error) {
	b, err := row(ctx, s, blob, `SELECT salt FROM credential WHERE digest=? AND salt IS NOT NULL`, d[:])
	return dsai.Salt(pad(b)), err
}

// notReceipts lets a query use the index on types, which leaves receipts out.
const notReceipts = ` AND type NOT IN ('InferenceReceipt','RefusalReceipt')`

// OfType returns all artifacts of a type that still have a body, oldest first. It
// knows none of the types of receipts.
func (s *Store) OfType(ctx context.Context, typ string) ([]Credential, error) {
	return rows(ctx, s, scanCredential, `SELECT digest,type,raw,salt,created FROM credential WHERE type=? AND raw IS NOT NULL`+notReceipts+` ORDER BY num`, typ)
}

// SinceDocument is OfType without what came before the first version of a document.
func (s *Store) SinceDocument(ctx context.Context, typ string, document int64) ([]Credential, error) {
	return rows(ctx, s, scanCredential, `SELECT digest,type,raw,salt,created FROM credential WHERE type=? AND raw IS NOT NULL`+notReceipts+`
		AND num>(SELECT min(c.num) FROM version v JOIN credential c ON c.digest=v.derivation WHERE v.document=?) ORDER BY num`, typ, document)
}

func scanCredential(scan func(...any) error) (c Credential, err error) {
	var d, salt []byte
	err = scan(&d, &c.Type, &c.Raw, &salt, &c.Created)
	c.Digest, c.Salt = digest(d), dsai.Salt(pad(salt))
	return c, err
}

// Latest returns the newest artifact of a type, as OfType knows it.
func (s *Store) Latest(ctx context.Context, typ string) (dsai.Digest, []byte, error) {
	type pair struct{ d, raw []byte }
	p, err := row(ctx, s, func(scan func(...any) error) (p pair, err error) { return p, scan(&p.d, &p.raw) },
		`SELECT digest,raw FROM credential WHERE type=? AND raw IS NOT NULL`+notReceipts+` ORDER BY num DESC LIMIT 1`, typ)
	return digest(p.d), p.raw, err
}

// Index returns where an artifact stands in the log, or -1 while it waits.
func (s *Store) Index(ctx context.Context, d dsai.Digest) (epoch int, index int64, err error) {
	type at struct {
		epoch int
		idx   sql.NullInt64
	}
	a, err := row(ctx, s, func(scan func(...any) error) (a at, err error) { return a, scan(&a.epoch, &a.idx) },
		`SELECT o.epoch,o.idx FROM outbox o JOIN credential c ON c.num=o.credential WHERE c.digest=?`, d[:])
	if err != nil || !a.idx.Valid {
		return a.epoch, -1, err
	}
	return a.epoch, a.idx.Int64, nil
}

// Leaf returns the leaf by which the log commits to an artifact.
func (s *Store) Leaf(ctx context.Context, d dsai.Digest) ([]byte, error) {
	l, err := row(ctx, s, blob, `SELECT o.leaf FROM outbox o JOIN credential c ON c.num=o.credential WHERE c.digest=?`, d[:])
	if err == nil && len(l) != LeafSize {
		err = fmt.Errorf("leaf of %s: %d bytes, want %d", d, len(l), LeafSize)
	}
	return l, err
}

// LeafSize is the length of a leaf: its kind and a digest.
const LeafSize = 1 + len(dsai.Digest{})

// Meta returns a named value, ErrNotFound without one.
func (s *Store) Meta(ctx context.Context, key string) ([]byte, error) {
	return row(ctx, s, blob, `SELECT value FROM meta WHERE key=?`, key)
}

// MetaUnder returns the values whose names begin with a prefix, by name.
func (s *Store) MetaUnder(ctx context.Context, prefix string) (map[string][]byte, error) {
	type pair struct {
		key   string
		value []byte
	}
	ps, err := rows(ctx, s, func(scan func(...any) error) (p pair, err error) { return p, scan(&p.key, &p.value) },
		`SELECT key,value FROM meta WHERE substr(key,1,length(?))=?`, prefix, prefix)
	out := make(map[string][]byte, len(ps))
	for _, p := range ps {
		out[p.key] = p.value
	}
	return out, err
}

// SetMeta sets a named value.
func (t *Tx) SetMeta(key string, value []byte) error {
	return t.do(`INSERT INTO meta(key,value) VALUES(?,?) ON CONFLICT(key) DO UPDATE SET value=excluded.value`, key, value)
}

// DropMeta removes a named value.
func (t *Tx) DropMeta(key string) error { return t.do(`DELETE FROM meta WHERE key=?`, key) }

// AddMeta sets a named value unless it has one.
func (t *Tx) AddMeta(key string, value []byte) error {
	return t.do(`INSERT INTO meta(key,value) VALUES(?,?) ON CONFLICT DO NOTHING`, key, value)
}

// Next returns the next number of a named sequence, beginning with 1.
func (t *Tx) Next(key string) (uint64, error) {
	var b []byte
	err := t.s.conn.QueryRowContext(t.ctx, `SELECT value FROM meta WHERE key=?`, key).Scan(&b)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	n, err := strconv.ParseUint(string(b), 10, 63)
	if err != nil && len(b) > 0 {
		return 0, fmt.Errorf("sequence %s: %w", key, err)
	}
	return n + 1, t.SetMeta(key, []byte(strconv.FormatUint(n+1, 10)))
}

// SetEpoch says which epoch of the log new artifacts go to. Call it once,
// before the first Put.
func (s *Store) SetEpoch(epoch int) { s.epoch = epoch }

// OpenEpoch says that what is put from here on goes to another epoch of the log.
func (t *Tx) OpenEpoch(epoch int) { t.epoch = epoch }

// LastPut returns the outbox's own name for the newest leaf.
func (s *Store) LastPut(ctx context.Context) (int64, error) {
	n, err := row(ctx, s, nullable, `SELECT max(credential) FROM outbox`)
	return n.Int64, err
}

// CountPendingTo returns how many leaves of an epoch wait, up to one by its name.
func (s *Store) CountPendingTo(ctx context.Context, epoch int, id int64) (int, error) {
	return row(ctx, s, number, `SELECT count(*) FROM outbox WHERE idx IS NULL AND epoch=? AND credential<=?`, epoch, id)
}

// Pending is an artifact that waits for its place in the log.
type Pending struct {
	ID   int64
	Leaf []byte
}

// Unsequenced returns up to max waiting leaves of an epoch, the oldest first but
// for the epoch's own record, which precedes them.
func (s *Store) Unsequenced(ctx context.Context, epoch, max int) ([]Pending, error) {
	return rows(ctx, s, func(scan func(...any) error) (p Pending, err error) { return p, scan(&p.ID, &p.Leaf) },
		`SELECT credential,leaf FROM outbox WHERE idx IS NULL AND epoch=? ORDER BY first DESC, credential LIMIT ?`, epoch, max)
}

// CountPending returns how many leaves wait.
func (s *Store) CountPending(ctx context.Context) (int, error) {
	return row(ctx, s, number, `SELECT count(*) FROM outbox WHERE idx IS NULL`)
}

// Sequence records the log index of leaves. Recording the same again is fine;
// recording another index for a leaf is an error.
func (t *Tx) Sequence(id int64, index uint64) error {
	r, err := t.exec(`UPDATE outbox SET idx=? WHERE credential=? AND (idx IS NULL OR idx=?)`, int64(index), id, int64(index))
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, fmt.Errorf("sequence leaf %d at %d: it has another index", id, index))
	}
	return nil
}

// LastSequenced returns the highest index recorded in an epoch.
func (s *Store) LastSequenced(ctx context.Context, epoch int) (index uint64, ok bool, err error) {
	n, err := row(ctx, s, nullable, `SELECT max(idx) FROM outbox WHERE epoch=?`, epoch)
	return uint64(n.Int64), n.Valid, err
}

// Leaves calls f with every recorded (index, leaf) of an epoch in order.
func (s *Store) Leaves(ctx context.Context, epoch int, f func(index uint64, leaf []byte) error) error {
	_, err := rows(ctx, s, func(scan func(...any) error) (struct{}, error) {
		var i int64
		var leaf []byte
		if err := scan(&i, &leaf); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, f(uint64(i), leaf)
	}, `SELECT idx,leaf FROM outbox WHERE epoch=? AND idx IS NOT NULL ORDER BY idx`, epoch)
	return err
}

func blob(scan func(...any) error) (b []byte, err error)            { return b, scan(&b) }
func text(scan func(...any) error) (s string, err error)            { return s, scan(&s) }
func number(scan func(...any) error) (n int, err error)             { return n, scan(&n) }
func nullable(scan func(...any) error) (n sql.NullInt64, err error) { return n, scan(&n) }

func digest(b []byte) dsai.Digest { return dsai.Digest(pad(b)) }

// pad makes a 32-byte array of a column that may be NULL.
func pad(b []byte) [32]byte {
	var out [32]byte
	copy(out[:], b)
	return out
}

// EachCredential calls f with every artifact in order of arrival, erased ones
// with a nil Raw, until f returns an error.
func (s *Store) EachCredential(ctx context.Context, f func(Credential) error) error {
	_, err := rows(ctx, s, func(scan func(...any) error) (struct{}, error) {
		var c Credential
		var d, salt []byte
		if err := scan(&d, &c.Type, &c.Raw, &salt, &c.Created); err != nil {
			return struct{}{}, err
		}
		c.Digest, c.Salt = digest(d), dsai.Salt(pad(salt))
		return struct{}{}, f(c)
	}, `SELECT digest,type,raw,salt,created FROM credential ORDER BY num`)
	return err
}

// MovePending gives the leaves that wait to another epoch.
func (t *Tx) MovePending(epoch int) error {
	return t.do(`UPDATE outbox SET epoch=?, first=0 WHERE idx IS NULL AND epoch<>?`, epoch, epoch)
}
