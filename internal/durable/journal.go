// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// ErrDamaged marks a journal with a record that was whole once.
var ErrDamaged = errors.New("damaged")

// journalLimit is the size in bytes at which a journal lets go of what has ended,
// unless more than half of it was alive the last time.
const journalLimit = 1 << 20

// Journal is a file of records that matter until they end, which is mostly soon:
// appending one is one write and one fsync, ending it neither. What ended leaves
// the file later, so whoever reads a journal after a crash must know from
// elsewhere which records had ended. It is safe for concurrent use.
//
// A record is a line of text: its CRC-32C in hexadecimal, a space, the record.
type Journal struct {
	path string

	mu   sync.Mutex
	file *os.File
	size int64
	kept int64        // size when it last let go
	live []liveRecord // appended and not ended, oldest first
	err  error        // once nobody knows what the file holds
}

type liveRecord struct {
	key    string
	record []byte
}

// WriteJournal makes a journal of records at path, or replaces the one there.
func WriteJournal(path string, records ...[]byte) error {
	var b []byte
	for _, r := range records {
		b = appendRecord(b, r)
	}
	return WriteFile(path, b, 0o600)
}

// ReadJournal returns the records of a journal, oldest first. A write that a
// crash cut off, so that it was never acknowledged, is left out: its end or some
// of its blocks are missing. Anything else that is no record is ErrDamaged.
func ReadJournal(path string) ([][]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var records [][]byte
	for len(b) > 0 {
		line, rest, whole := bytes.Cut(b, []byte{'\n'})
		sum, record, _ := bytes.Cut(line, []byte{' '})
		switch {
		case whole && string(sum) == checksum(record):
			records = append(records, record)
		case len(rest) == 0 && (!whole || bytes.IndexByte(line, 0) >= 0):
			return records, nil
		default:
			return nil, fmt.Errorf("read %s: record %d: %w", path, len(records)+1, ErrDamaged)
		}
		b = rest
	}
	return records, nil
}

func checksum(record []byte) string {
	return fmt.Sprintf("%08x", crc32.Checksum(record, crc32.MakeTable(crc32.Castagnoli)))
}

func appendRecord(b, record []byte) []byte {
	return append(append(append(append(b, checksum(record)...), ' '), record...), '\n')
}

// OpenJournal opens a journal whose records have all ended, and drops them, and
// what a crash left of a rewriting.
func OpenJournal(path string) (*Journal, error) {
	names, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		if strings.HasPrefix(n.Name(), filepath.Base(path)+".tmp") {
			if err := os.Remove(filepath.Join(filepath.Dir(path), n.Name())); err != nil {
				return nil, err
			}
		}
	}
	f, err := openAppend(path)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	j := &Journal{path: path, file: f, size: st.Size()}
	if err := j.Compact(); err != nil {
		j.file.Close()
		return nil, err
	}
	return j, nil
}

func openAppend(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
}

// Append adds a record of text without NUL and line feed and returns once it is
// on disk. Until End, key is its alone. An error that matches [ErrFsync] is fatal.
func (j *Journal) Append(key string, record []byte) error {
	if bytes.ContainsAny(record, "\x00\n") {
		return fmt.Errorf("append to %s: %w: not a line of text", j.path, fs.ErrInvalid)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.find(key) >= 0 {
		return fmt.Errorf("append to %s: %w", j.path, fs.ErrExist)
	}
	if j.size >= max(journalLimit, 2*j.kept) {
		if err := j.compact(); err != nil {
			return err
		}
	}
	if j.err != nil {
		return j.err
	}
	n, err := j.file.Write(appendRecord(nil, record))
	if err != nil { // such as a full disk: nothing may be left of it for others to follow
		if terr := j.file.Truncate(j.size); terr != nil {
			j.err = errors.Join(err, terr)
		}
		return err
	}
	if err := syncFile(j.file); err != nil {
		j.err = fsyncError(j.path, err)
		return j.err
	}
	j.size += int64(n)
	j.live = append(j.live, liveRecord{key, record})
	return nil
}

// End says that a record no longer matters, which the caller has made durable.
// Without such a record it does nothing.
func (j *Journal) End(key string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if i := j.find(key); i >= 0 {
		j.live = slices.Delete(j.live, i, i+1)
	}
}

func (j *Journal) find(key string) int {
	return slices.IndexFunc(j.live, func(r liveRecord) bool { return r.key == key })
}

// Len is how many records have not ended.
func (j *Journal) Len() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.live)
}

// Compact drops what has ended from the file.
func (j *Journal) Compact() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.compact()
}

func (j *Journal) compact() error {
	if j.err != nil || j.size == 0 {
		return j.err
	}
	var b []byte
	for _, r := range j.live {
		b = appendRecord(b, r.record)
	}
	if int64(len(b)) == j.size { // all of it lives
		j.kept = j.size
		return nil
	}
	if err := WriteFile(j.path, b, 0o600); err != nil {
		if errors.Is(err, ErrFsync) {
			j.err = err
		}
		return err
	}
	f, err := openAppend(j.path)
	if err != nil {
		j.err = err
		return err
	}
	j.file.Close()
	j.file, j.size, j.kept = f, int64(len(b)), int64(len(b))
	return nil
}

// Close drops what has ended from the file and gives it up.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	err := j.compact()
	return errors.Join(err, j.file.Close())
}
