// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package store keeps a node's state in one SQLite database. It is the only
// package that writes SQL. Every write is one transaction under
// synchronous=FULL: when a method returns nil, its effect survives a crash.
// [Store.Later] is the exception, for what is durable elsewhere.
// It decides nothing: consent, policy and ranking are judged elsewhere, from
// what it returns.
package store

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"

	"modernc.org/sqlite" // registers the "sqlite" driver
	sqlite3 "modernc.org/sqlite/lib"
)

// Sentinel errors.
var (
	ErrNotFound  = errors.New("not found")
	ErrAmbiguous = errors.New("ambiguous")
	ErrExists    = errors.New("already exists")
	ErrFormat    = errors.New("database has another format")
)

// formatVersion is SQLite's user_version for schema.sql.
const formatVersion = 2

//go:embed schema.sql
var schema string

// Store is safe for concurrent use: many readers, one writer at a time.
type Store struct {
	dir  string // of the database
	read *sql.DB

	rmu    sync.Mutex
	rstmts map[string]*readStmt

	lmu   sync.Mutex
	later []later

	mu    sync.Mutex // serialises writers, so that none meets SQLITE_BUSY
	write *sql.DB
	conn  *sql.Conn // the one connection of write; statements are prepared on it
	stmts map[string]*sql.Stmt
	epoch int // of the log; set by SetEpoch before the first credential, and by OpenEpoch
}

// Create makes a new database at path and refuses an existing one.
func Create(ctx context.Context, path string) (*Store, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		if errors.Is(err, os.ErrExist) {
			return nil, fmt.Errorf("create store %s: %w", path, ErrExists)
		}
		return nil, fmt.Errorf("create store: %w", err)
	}
	f.Close()
	s, err := open(path)
	if err != nil {
		return nil, err
	}
	err = s.Update(ctx, func(*Tx) error {
		_, err := s.conn.ExecContext(ctx, schema+fmt.Sprintf("PRAGMA user_version=%d;", formatVersion))
		return err
	})
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("create store: %w", err)
	}
	return s, nil
}

// Open opens an existing database. One of a newer format is refused with
// ErrFormat, so that an old program cannot damage it.
func Open(ctx context.Context, path string) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s, err := open(path)
	if err != nil {
		return nil, err
	}
	var v int
	if err := s.read.QueryRowContext(ctx, "PRAGMA user_version").Scan(&v); err != nil {
		s.Close()
		return nil, fmt.Errorf("open store: %w", err)
	}
	if v != formatVersion {
		s.Close()
		return nil, fmt.Errorf("open store: %w: have %d, this version reads %d", ErrFormat, v, formatVersion)
	}
	return s, nil
}

func open(path string) (*Store, error) {
	dsn := func(mode string) string {
		q := url.Values{"_pragma": {
			"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)", "busy_timeout(10000)",
			// Overwrite deleted content: what is forgotten must not linger in free pages.
			"secure_delete(ON)", "cache_size(-8192)", "temp_store(MEMORY)",
		}}
		if mode == "read" {
			q.Add("_pragma", "query_only(ON)")
		}
		return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
	}
	w, err := sql.Open("sqlite", dsn("write"))
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	w.SetMaxOpenConns(1)
	r, err := sql.Open("sqlite", dsn("read"))
	if err != nil {
		w.Close()
		return nil, fmt.Errorf("open store: %w", err)
	}
	r.SetMaxOpenConns(4)
	r.SetMaxIdleConns(4)
	// The writer goes first: it switches the file to WAL, which readers cannot.
	conn, err := w.Conn(context.Background())
	if err != nil {
		w.Close()
		r.Close()
		return nil, fmt.Errorf("open store: %w", err)
	}
	return &Store{dir: filepath.Dir(path), read: r, write: w, conn: conn, stmts: map[string]*sql.Stmt{}, rstmts: map[string]*readStmt{}}, nil
}

// Close releases the database and leaves all of it in one file.
func (s *Store) Close() error {
	// Statements first: SQLite keeps a connection open until its last one ends,
	// and readers before the writer: they would hold its checkpoint up.
	err := s.settle()
	s.rmu.Lock()
	for _, st := range s.rstmts {
		err = errors.Join(err, st.Close())
	}
	clear(s.rstmts)
	s.rmu.Unlock()
	err = errors.Join(err, s.read.Close(), s.Flush(context.Background()))
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.stmts {
		err = errors.Join(err, st.Close())
	}
	clear(s.stmts)
	return errors.Join(err, s.conn.Close(), s.write.Close())
}

// Flush moves what was written from the write-ahead log into the database and
// empties that log: only then is what was erased in neither file. It waits for
// readers.
func (s *Store) Flush(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.settleLocked()
	if err == nil {
		err = s.emptyLocked(ctx)
	}
	if err != nil {
		return fmt.Errorf("flush store: %w", err)
	}
	return nil
}

// emptyLocked empties the write-ahead log. The caller holds mu.
func (s *Store) emptyLocked(ctx context.Context) error {
	var busy, frames, moved int
	err := s.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved)
	if err == nil && busy != 0 {
		err = errors.New("database is being read")
	}
	return explain(err)
}

// Rewrite makes all pages of the database anew: secure_delete overwrites what is
// deleted where it stands, and not where SQLite had it before it split a page.
// When it returns nil, what was erased is in neither file. Readers go on
// meanwhile, and writers wait. It needs as much room as the database has, twice:
// once beside it, in a file without a name, and once in the write-ahead log.
func (s *Store) Rewrite(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.settleLocked()
	if err == nil {
		err = s.rewriteLocked(ctx)
	}
	if err != nil {
		return fmt.Errorf("rewrite store: %w", err)
	}
	return nil
}

func (s *Store) rewriteLocked(ctx context.Context) error {
	whole := context.WithoutCancel(ctx)
	do := func(query string) error {
		_, err := s.conn.ExecContext(whole, query)
		return err
	}
	// Not in memory, which a large database does not fit into, nor on a disk where
	// nobody expects it.
	err := errors.Join(do("PRAGMA temp_store_directory="+quoted(s.dir)), do("PRAGMA temp_store(FILE)"))
	if err == nil {
		_, err = s.conn.ExecContext(ctx, "VACUUM")
	}
	// Also after a failure: the log has grown, perhaps until the disk was full.
	return errors.Join(explain(err), do("PRAGMA temp_store(MEMORY)"), s.emptyLocked(whole))
}

// quoted is a string in SQL.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// Check runs SQLite's own integrity check and returns its complaints.
func (s *Store) Check(ctx context.Context) ([]string, error) {
	lines, err := rows(ctx, s, text, "PRAGMA integrity_check")
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(lines, func(l string) bool { return l == "ok" }), nil
}

// BackupTo writes a consistent copy of the database to a new file.
func (s *Store) BackupTo(ctx context.Context, path string) error {
	if err := s.settle(); err != nil {
		return fmt.Errorf("back up store: %w", err)
	}
	conn, err := s.read.Conn(ctx)
	if err != nil {
		return fmt.Errorf("back up store: %w", err)
	}
	defer conn.Close()
	// A reader may not write, not even to another file, while it is query-only.
	if _, err := conn.ExecContext(ctx, "PRAGMA query_only(OFF)"); err != nil {
		return fmt.Errorf("back up store: %w", err)
	}
	_, err = conn.ExecContext(ctx, "VACUUM INTO ?", path)
	if _, on := conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA query_only(ON)"); err != nil || on != nil {
		return fmt.Errorf("back up store: %w", errors.Join(err, on))
	}
	return nil
}

// Tx is one write transaction: everything in it becomes durable together, or
// nothing does.
type Tx struct {
	ctx   context.Context
	s     *Store
	epoch int // of the log, for what is put from here on
}

// Update runs f in one write transaction and returns once it is on disk. f must
// not read through the Store: it would not see the transaction.
func (s *Store) Update(ctx context.Context, f func(*Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.settleLocked(); err != nil {
		return err
	}
	return s.update(ctx, f)
}

// update is one transaction. The caller holds mu.
func (s *Store) update(ctx context.Context, f func(*Tx) error) error {
	// Begin and end are not for ctx to interrupt: nobody would know whether
	// they happened.
	whole := context.WithoutCancel(ctx)
	if _, err := s.exec(whole, "BEGIN IMMEDIATE"); err != nil {
		return explain(err)
	}
	done := false
	defer func() {
		if !done { // f panicked: leave no transaction behind
			_ = s.rollback(ctx)
		}
	}()
	tx := &Tx{ctx, s, s.epoch}
	err := f(tx)
	if err == nil {
		_, err = s.exec(whole, "COMMIT")
	}
	done = true
	if err != nil {
		return errors.Join(explain(err), s.rollback(ctx))
	}
	s.epoch = tx.epoch
	return nil
}

// later is a change that waits.
type later struct {
	change func(*Tx) error
	done   func()
}

// Later has a change made before anybody reads what it may touch, and before any
// other change, in one transaction with those that wait with it: so the many
// outcomes of a busy node cost one fsync now and then. The caller has made it
// durable elsewhere, and repeats it after a crash; done is called once it is on
// disk. While it fails, such as on a full disk, it waits on, and whoever needs it
// done gets the error.
func (s *Store) Later(change func(*Tx) error, done func()) {
	s.lmu.Lock()
	defer s.lmu.Unlock()
	s.later = append(s.later, later{change, done})
}

// waiting returns the changes that wait. Only settleLocked removes any.
func (s *Store) waiting() []later {
	s.lmu.Lock()
	defer s.lmu.Unlock()
	return s.later
}

// settle makes the changes that wait.
func (s *Store) settle() error {
	if len(s.waiting()) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settleLocked()
}

// settleLocked makes the changes that wait. The caller holds mu. It is not for
// one caller's context to interrupt: they are others' changes.
func (s *Store) settleLocked() error {
	changes := s.waiting()
	if len(changes) == 0 {
		return nil
	}
	err := s.update(context.Background(), func(tx *Tx) error {
		for _, l := range changes {
			if err := l.change(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.lmu.Lock()
	s.later = append([]later(nil), s.later[len(changes):]...)
	s.lmu.Unlock()
	for _, l := range changes {
		l.done()
	}
	return nil
}

// explain gives errors of the disk the names that they have elsewhere.
func explain(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch e.Code() & 0xff { // without the extension
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %w", syscall.ENOSPC, err)
	case sqlite3.SQLITE_READONLY:
		return fmt.Errorf("%w: %w", syscall.EROFS, err)
	}
	return err
}

// rollback must succeed even when ctx is done. After some errors, such as a full
// disk, SQLite has rolled back by itself and says that no transaction is active.
func (s *Store) rollback(ctx context.Context) error {
	_, err := s.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	if err != nil && strings.Contains(err.Error(), "no transaction is active") {
		return nil
	}
	return err
}

// exec runs a statement, prepared once for the life of the store: SQLite's
// compiler costs more than most of our statements do. The caller holds mu.
func (s *Store) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	st, ok := s.stmts[query]
	if !ok {
		var err error
		if st, err = s.conn.PrepareContext(context.WithoutCancel(ctx), query); err != nil {
			return nil, err
		}
		s.stmts[query] = st
	}
	return st.ExecContext(ctx, args...)
}

func (t *Tx) exec(query string, args ...any) (sql.Result, error) {
	return t.s.exec(t.ctx, query, args...)
}

func (t *Tx) do(query string, args ...any) error {
	_, err := t.exec(query, args...)
	return err
}

// rows runs a query and scans every row.
func rows[T any](ctx context.Context, s *Store, scan func(func(...any) error) (T, error), query string, args ...any) ([]T, error) {
	st, err := s.readStmt(ctx, query)
	if err != nil {
		return nil, err
	}
	r, err := st.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var out []T
	for r.Next() {
		v, err := scan(r.Scan)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, r.Err()
}

// row runs a query that yields one row; ErrNotFound without one.
func row[T any](ctx context.Context, s *Store, scan func(func(...any) error) (T, error), query string, args ...any) (T, error) {
	var zero T
	st, err := s.readStmt(ctx, query)
	if err != nil {
		return zero, err
	}
	v, err := scan(st.QueryRowContext(ctx, args...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return zero, ErrNotFound
	}
	return v, err
}

// readStmt is a prepared query, and whether it may read what a change that waits
// touches.
type readStmt struct {
	*sql.Stmt
	late bool
}

// late matches the tables that Finish and AddUse write. A query that names none of
// them does not wait for outcomes: there is one for each passage of an answer. Not
// among them is quoted: who asks for it counts what has ended and waits; nor meta,
// of which an outcome adds a value that only a start reads.
var late = regexp.MustCompile(`\b(credential|outbox|receipt|use_)\b|PRAGMA`)

func (s *Store) readStmt(ctx context.Context, query string) (*readStmt, error) {
	s.rmu.Lock()
	st, ok := s.rstmts[query]
	if !ok {
		prepared, err := s.read.PrepareContext(context.WithoutCancel(ctx), query)
		if err != nil {
			s.rmu.Unlock()
			return nil, err
		}
		st = &readStmt{prepared, late.MatchString(query)}
		s.rstmts[query] = st
	}
	s.rmu.Unlock()
	if st.late {
		return st, s.settle()
	}
	return st, nil
}
