// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"dsai.example/dsai"
)

// Receipt is one outcome.
type Receipt struct {
	Num       int64
	Digest    dsai.Digest // of the artifact
	Request   dsai.Digest
	At        dsai.Time
	Requester dsai.Digest
	Code      dsai.Code // "" = answered
	Ended     dsai.Ended
	Purpose   string
	Model     string
	Openings  []byte // JSON of dsai.Openings; nil once erased
}

const selectReceipt = `SELECT r.num,c.digest,r.request,r.at,r.requester,r.code,r.ended,r.purpose,r.model,r.openings
	FROM receipt r JOIN credential c ON c.num=r.num `

func scanReceipt(scan func(...any) error) (r Receipt, err error) {
	var d, q, who []byte
	err = scan(&r.Num, &d, &q, &r.At, &who, &r.Code, &r.Ended, &r.Purpose, &r.Model, &r.Openings)
	r.Digest, r.Request, r.Requester = digest(d), digest(q), digest(who)
	return r, err
}

// Ended reports whether a request has an outcome.
func (s *Store) Ended(ctx context.Context, request dsai.Digest) (bool, error) {
	n, err := row(ctx, s, number, `SELECT count(*) FROM receipt WHERE request=?`, request[:])
	return n > 0, err
}

// Finish stores the artifact of an outcome and lists it. A request has one.
func (t *Tx) Finish(c Credential, r Receipt) (num int64, err error) {
	if num, err = t.put(c); err == nil && num == 0 {
		err = ErrExists
	}
	if err == nil {
		err = t.do(`INSERT INTO receipt(num,request,at,requester,code,ended,purpose,model,openings) VALUES(?,?,?,?,?,?,?,?,?)`,
			num, r.Request[:], int64(r.At), r.Requester[:], string(r.Code), string(r.Ended), r.Purpose, r.Model, r.Openings)
	}
	if err != nil {
		return 0, fmt.Errorf("finish request: %w", err)
	}
	return num, nil
}

// Use is what one receipt used of one document, or, of a refusal, that the
// question came to it.
type Use struct {
	Document int64 // 0: one that is not here
	ID       dsai.DocumentID
	Receipt  int64
	Consent  dsai.Digest // zero: withheld
	Quoted   string
	Chars    int
}

// AddUse records a use and adds to what its requester was quoted.
func (t *Tx) AddUse(u Use, requester dsai.Digest) error {
	if u.Document == 0 {
		return nil
	}
	var c any
	if !u.Consent.IsZero() {
		c = u.Consent[:]
	}
	if err := t.do(`INSERT INTO use_(document,receipt,consent,quoted,chars) VALUES(?,?,?,?,?) ON CONFLICT DO NOTHING`,
		u.Document, u.Receipt, c, u.Quoted, u.Chars); err != nil || u.Chars == 0 {
		return err
	}
	return t.Charge(requester, u.ID, u.Chars)
}

// Charge adds to what a requester was quoted of a document.
func (t *Tx) Charge(requester dsai.Digest, d dsai.DocumentID, chars int) error {
	return t.do(`INSERT INTO quoted(requester,document,chars) VALUES(?,?,?)
		ON CONFLICT DO UPDATE SET chars=chars+excluded.chars`, requester[:], d.Digest[:], chars)
}

// Quoted returns how many code points of a document a requester was quoted.
func (s *Store) Quoted(ctx context.Context, requester dsai.Digest, d dsai.DocumentID) (int, error) {
	return row(ctx, s, number, `SELECT coalesce(sum(chars),0) FROM quoted WHERE requester=? AND document=?`, requester[:], d.Digest[:])
}

// Newest begins a list of receipts at its start.
const Newest int64 = math.MaxInt64

// Receipts returns outcomes with numbers before one, newest first, at most max.
func (s *Store) Receipts(ctx context.Context, before int64, max int) ([]Receipt, error) {
	return rows(ctx, s, scanReceipt, selectReceipt+`WHERE r.num<? ORDER BY r.num DESC LIMIT ?`, before, max)
}

// ReceiptsOf does for one requester's outcomes what Receipts does for all.
func (s *Store) ReceiptsOf(ctx context.Context, requester dsai.Digest, before int64, max int) ([]Receipt, error) {
	return rows(ctx, s, scanReceipt, selectReceipt+`WHERE r.requester=? AND r.num<? ORDER BY r.num DESC LIMIT ?`, requester[:], before, max)
}

// Receipt returns one outcome by its digest.
func (s *Store) Receipt(ctx context.Context, d dsai.Digest) (Receipt, error) {
	return row(ctx, s, scanReceipt, selectReceipt+`WHERE c.digest=?`, d[:])
}

// LastReceipt returns the newest outcome.
func (s *Store) LastReceipt(ctx context.Context) (Receipt, error) {
	return row(ctx, s, scanReceipt, selectReceipt+`ORDER BY r.num DESC LIMIT 1`)
}

// CountReceipts returns how many answers and refusals there are.
func (s *Store) CountReceipts(ctx context.Context) (answers, refusals int, err error) {
	type pair struct{ a, r int }
	p, err := row(ctx, s, func(scan func(...any) error) (p pair, err error) { return p, scan(&p.a, &p.r) },
		`SELECT count(*) FILTER (WHERE code=''), count(*) FILTER (WHERE code<>'') FROM receipt`)
	return p.a, p.r, err
}

// UseRow is a use with its receipt.
type UseRow struct {
	Use
	Digest    dsai.Digest
	At        dsai.Time
	Requester dsai.Digest
	Purpose   string
	Code      dsai.Code
}

// Uses returns the uses of documents since a time, newest first.
func (s *Store) Uses(ctx context.Context, documents []int64, since dsai.Time) ([]UseRow, error) {
	if len(documents) == 0 {
		return nil, nil
	}
	in, err := json.Marshal(documents)
	if err != nil {
		return nil, err
	}
	return rows(ctx, s, func(scan func(...any) error) (u UseRow, err error) {
		var c, d, who []byte
		err = scan(&u.Document, &u.Receipt, &c, &u.Quoted, &u.Chars, &d, &u.At, &who, &u.Purpose, &u.Code)
		u.Consent, u.Digest, u.Requester = digest(c), digest(d), digest(who)
		return u, err
	}, `SELECT u.document,u.receipt,u.consent,u.quoted,u.chars,c.digest,r.at,r.requester,r.purpose,r.code
		FROM use_ u JOIN receipt r ON r.num=u.receipt JOIN credential c ON c.num=r.num WHERE r.at>=? AND u.document IN (SELECT value FROM json_each(?))
		ORDER BY r.num DESC, u.document`, int64(since), string(in))
}

// QuotedIn returns the sentences of a document that a receipt is listed with.
func (s *Store) QuotedIn(ctx context.Context, document, receipt int64) (string, error) {
	return row(ctx, s, text, `SELECT quoted FROM use_ WHERE document=? AND receipt=?`, document, receipt)
}

// UseCounts returns, for every document ever used in an answer, how often and
// when last.
func (s *Store) UseCounts(ctx context.Context) (map[int64]UseCount, error) {
	type pair struct {
		doc int64
		UseCount
	}
	ps, err := rows(ctx, s, func(scan func(...any) error) (p pair, err error) { return p, scan(&p.doc, &p.Count, &p.Last) },
		`SELECT u.document,count(*),max(r.at) FROM use_ u JOIN receipt r ON r.num=u.receipt WHERE r.code='' GROUP BY u.document`)
	out := make(map[int64]UseCount, len(ps))
	for _, p := range ps {
		out[p.doc] = p.UseCount
	}
	return out, err
}

// UseCount is how often something was used, and when last.
type UseCount struct {
	Count int
	Last  dsai.Time
}

// UsesOfConsent returns in how many answers a consent was used, and when last:
// for all that it names, or for some documents only.
func (s *Store) UsesOfConsent(ctx context.Context, consent dsai.Digest, documents ...int64) (UseCount, error) {
	query := `SELECT count(DISTINCT u.receipt),coalesce(max(r.at),0) FROM grant_document g JOIN document d ON d.id=g.document
		JOIN use_ u ON u.document=d.num AND u.consent=g.consent JOIN receipt r ON r.num=u.receipt WHERE g.consent=? AND r.code=''`
	args := []any{consent[:]}
	if len(documents) > 0 {
		in, err := json.Marshal(documents)
		if err != nil {
			return UseCount{}, err
		}
		query, args = query+` AND u.document IN (SELECT value FROM json_each(?))`, append(args, string(in))
	}
	return row(ctx, s, func(scan func(...any) error) (u UseCount, err error) { return u, scan(&u.Count, &u.Last) }, query, args...)
}

// Key is an API key. The secret itself is never stored.
type Key struct {
	Hash        [32]byte
	Name        string
	Undertaking dsai.Digest
	Created     dsai.Time
	Revoked     dsai.Time
	Used        dsai.Time
}

const keyColumns = `hash,name,undertaking,created,coalesce(revoked,0),coalesce(used,0)`

func scanKey(scan func(...any) error) (k Key, err error) {
	var h, u []byte
	err = scan(&h, &k.Name, &u, &k.Created, &k.Revoked, &k.Used)
	k.Hash, k.Undertaking = pad(h), digest(u)
	return k, err
}

// AddKey records an API key; ErrExists when a key that is in force has the name. One
// that was revoked gives it up, and is told apart by the start of its hash.
func (t *Tx) AddKey(k Key) error {
	if err := t.do(`UPDATE apikey SET name=name||' #'||lower(hex(substr(hash,1,4))) WHERE name=? AND revoked IS NOT NULL`, k.Name); err != nil {
		return err
	}
	r, err := t.exec(`INSERT INTO apikey(hash,name,undertaking,created) VALUES(?,?,?,?) ON CONFLICT DO NOTHING`,
		k.Hash[:], k.Name, k.Undertaking[:], int64(k.Created))
	if err != nil {
		return err
	}
	if n, _ := r.RowsAffected(); n == 0 {
		return fmt.Errorf("add key %q: %w", k.Name, ErrExists)
	}
	return nil
}

// Keys returns all API keys, oldest first.
func (s *Store) Keys(ctx context.Context) ([]Key, error) {
	return rows(ctx, s, scanKey, `SELECT `+keyColumns+` FROM apikey ORDER BY created, name`)
}

// KeyByHash returns the API key with a secret's hash.
func (s *Store) KeyByHash(ctx context.Context, h [32]byte) (Key, error) {
	return row(ctx, s, scanKey, `SELECT `+keyColumns+` FROM apikey WHERE hash=?`, h[:])
}

// RevokeKey revokes an API key by name; ErrNotFound without one.
func (t *Tx) RevokeKey(name string, at dsai.Time) error {
	r, err := t.exec(`UPDATE apikey SET revoked=coalesce(revoked,?) WHERE name=?`, int64(at), name)
	if err != nil {
		return err
	}
	if n, _ := r.RowsAffected(); n == 0 {
		return fmt.Errorf("revoke key %q: %w", name, ErrNotFound)
	}
	return nil
}

// TouchKey notes when a key was last used.
func (t *Tx) TouchKey(h [32]byte, at dsai.Time) error {
	return t.do(`UPDATE apikey SET used=? WHERE hash=?`, int64(at), h[:])
}

// Model is an upstream server that the operator added.
type Model struct {
	Name    string
	URL     string
	Remote  string // model id at the server
	Created dsai.Time
}

// AddModel records a server; ErrExists when the name is taken.
func (t *Tx) AddModel(m Model) error {
	r, err := t.exec(`INSERT INTO model(name,url,remote,created) VALUES(?,?,?,?) ON CONFLICT DO NOTHING`, m.Name, m.URL, m.Remote, int64(m.Created))
	if err != nil {
		return err
	}
	if n, _ := r.RowsAffected(); n == 0 {
		return fmt.Errorf("add model %q: %w", m.Name, ErrExists)
	}
	return nil
}

// RemoveModel forgets a server; ErrNotFound without one.
func (t *Tx) RemoveModel(name string) error {
	r, err := t.exec(`DELETE FROM model WHERE name=?`, name)
	if err != nil {
		return err
	}
	if n, _ := r.RowsAffected(); n == 0 {
		return fmt.Errorf("remove model %q: %w", name, ErrNotFound)
	}
	return nil
}

// Models returns all servers by name.
func (s *Store) Models(ctx context.Context) ([]Model, error) {
	return rows(ctx, s, func(scan func(...any) error) (m Model, err error) {
		return m, scan(&m.Name, &m.URL, &m.Remote, &m.Created)
	},
		`SELECT name,url,remote,created FROM model ORDER BY name`)
}

// ReceiptsByPrefix returns outcomes whose digest begins with hexadecimal digits,
// at least four.
func (s *Store) ReceiptsByPrefix(ctx context.Context, hex string) ([]Receipt, error) {
	const digits = 2 * len(dsai.Digest{})
	if len(hex) < 4 || len(hex) > digits {
		return nil, nil
	}
	low, err1 := dsai.ParseDigest(hex + strings.Repeat("0", digits-len(hex)))
	high, err2 := dsai.ParseDigest(hex + strings.Repeat("f", digits-len(hex)))
	if err1 != nil || err2 != nil {
		return nil, nil // no digits
	}
	return rows(ctx, s, scanReceipt, selectReceipt+`WHERE c.digest BETWEEN ? AND ? LIMIT 10`, low[:], high[:])
}
