// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/keys"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/tlog"
	"dsai.example/dsai/internal/verifiable/vc"
)

// BackupReport says what a backup holds.
type BackupReport struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
	Files int    `json:"files"`
}

// Backup writes one compressed archive with everything but the index, which is
// derived. It holds the private keys: whoever reads it can sign as this node and
// as the members whose keys it keeps. The node goes on meanwhile.
func (n *Node) Backup(ctx context.Context, path string) (*BackupReport, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("back up: %w", err)
	}
	n.copying.Lock() // keys and database must be of one moment
	rep, err := n.backup(ctx, f)
	n.copying.Unlock()
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("back up: %w", err), os.Remove(path))
	}
	rep.Path = path
	if st, err := os.Stat(path); err == nil {
		rep.Bytes = st.Size()
	}
	return rep, durable.SyncDir(filepath.Dir(path))
}

func (n *Node) backup(ctx context.Context, w io.Writer) (*BackupReport, error) {
	z := gzip.NewWriter(w)
	t := tar.NewWriter(z)
	rep := &BackupReport{}
	add := func(name, from string) error {
		rep.Files++
		return addFile(t, name, from)
	}
	if err := add("format", n.home.formatFile()); err != nil {
		return nil, err
	}
	for _, dir := range []string{"keys", "trust"} {
		if err := n.addTree(dir, add); err != nil {
			return nil, err
		}
	}
	// The database before the log: the log is append-only and may only be ahead
	// of what the database knows, as after a crash.
	copied := n.home.path("backup.tmp.db")
	os.Remove(copied)
	defer os.Remove(copied)
	if err := n.db.BackupTo(ctx, copied); err != nil {
		return nil, err
	}
	if err := add("dsai.db", copied); err != nil {
		return nil, err
	}
	if err := n.addTree("log", add); err != nil {
		return nil, err
	}
	return rep, errors.Join(t.Close(), z.Close())
}

// addTree adds the files of a folder of the home. Files that vanish meanwhile,
// as the log's temporary and superseded ones do, are left out.
func (n *Node) addTree(dir string, add func(name, from string) error) error {
	return filepath.WalkDir(n.home.path(dir), func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return ignoreMissing(err)
		}
		rel, err := filepath.Rel(string(n.home), p)
		if err != nil {
			return err
		}
		return ignoreMissing(add(filepath.ToSlash(rel), p))
	})
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func addFile(t *tar.Writer, name, from string) error {
	b, err := os.Open(from)
	if err != nil {
		return err
	}
	defer b.Close()
	st, err := b.Stat()
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: name, Mode: int64(st.Mode().Perm()), Size: st.Size(), ModTime: st.ModTime(), Typeflag: tar.TypeReg}); err != nil {
		return err
	}
	_, err = io.CopyN(t, b, st.Size())
	return err
}

// maxRestored bounds one file of an archive, against one that was tampered with.
const maxRestored = 1 << 40

// Restore unpacks a backup into a home that does not exist yet and opens a new
// epoch of the log there: what the old node logged after the backup is unknown
// here, so the old log must not be continued. Revocations made after the backup
// are not in it; have the members repeat them.
func Restore(ctx context.Context, archive string, cfg Config) error {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if _, err := os.Stat(string(cfg.Home)); err == nil {
		return fmt.Errorf("restore into %s: %w", cfg.Home, fs.ErrExist)
	}
	if err := os.MkdirAll(filepath.Dir(string(cfg.Home)), 0o700); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	draft, err := os.MkdirTemp(filepath.Dir(string(cfg.Home)), ".dsai-restoring-")
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer os.RemoveAll(draft)
	if err := unpack(archive, draft); err != nil {
		return fmt.Errorf("restore %s: %w", archive, err)
	}
	h := Home(draft)
	if err := h.check(); err != nil {
		return fmt.Errorf("restore %s: %w", archive, err)
	}
	if err := newEpoch(ctx, h, cfg); err != nil {
		return fmt.Errorf("restore %s: open new log epoch: %w", archive, err)
	}
	return durable.Rename(draft, string(cfg.Home))
}

func unpack(archive, dir string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir) // nothing in an archive can name a place outside
	if err != nil {
		return err
	}
	defer root.Close()
	t := tar.NewReader(z)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg || h.Size > maxRestored || !filepath.IsLocal(h.Name) {
			return fmt.Errorf("entry %.80q is not a file of a backup", h.Name)
		}
		if err := unpackFile(root, h, t); err != nil {
			return fmt.Errorf("entry %.80q: %w", h.Name, err)
		}
	}
}

func unpackFile(root *os.Root, h *tar.Header, r io.Reader) error {
	if d := filepath.Dir(h.Name); d != "." {
		if err := root.MkdirAll(d, 0o700); err != nil {
			return err
		}
	}
	mode := fs.FileMode(0o600)
	if strings.HasPrefix(h.Name, "log/") {
		mode = 0o644
	}
	f, err := root.OpenFile(h.Name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Sync(), f.Close())
}

// newEpoch closes the restored log and opens the next one. Leaves that still
// wait move to it.
func newEpoch(ctx context.Context, h Home, cfg Config) error {
	if err := os.MkdirAll(h.Trust(), 0o700); err != nil {
		return err
	}
	ring, err := keys.Open(h.Keys())
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, h.Database())
	if err != nil {
		return err
	}
	defer db.Close()
	n := &Node{cfg: cfg, home: h, ring: ring, db: db}
	if err := n.openIdentity(ctx); err != nil {
		return err
	}
	old, err := epochNumber(ctx, db)
	if err != nil {
		return err
	}
	r, err := n.closedLog(ctx, old)
	if err != nil {
		return err
	}
	last, err := r.Checkpoint(ctx)
	if err != nil {
		return err
	}
	if err := createLog(ctx, h, ring, n.id, old+1, n.logKeyFile()); err != nil {
		return err
	}
	return n.recordEpoch(ctx, max(dsai.At(cfg.Now()), n.keys.history.Last().From), old+1, last)
}

// recordEpoch makes an epoch the current one: its own record comes first in it,
// then what still waits.
func (n *Node) recordEpoch(ctx context.Context, now dsai.Time, epoch int, last tlog.Checkpoint) error {
	signer := n.signerAt(now)
	s, err := vc.Issue(vc.New(dsai.TypeLogEpoch, signer.DID(), dsai.LogEpoch{
		ID: signer.DID(), Coop: n.coop, Node: n.id, Epoch: epoch,
		Last: &dsai.CheckpointRef{Origin: last.Origin, Size: last.Size, Root: dsai.Digest(last.Root)},
	}, now, 0), now, signer)
	if err != nil {
		return err
	}
	return n.db.Update(ctx, func(tx *store.Tx) error {
		tx.OpenEpoch(epoch)
		return errors.Join(tx.Put(record(s, dsai.LeafEpoch, now)), tx.MovePending(epoch), tx.SetMeta(metaEpoch, []byte(strconv.Itoa(epoch))))
	})
}
