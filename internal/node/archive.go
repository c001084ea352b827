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
	"strings"

	"dsai.example/dsai/internal/durable"
)

// archive is a backup in the making: the files of a home in a compressed tar.
type archive struct {
	ctx   context.Context
	home  Home
	tar   *tar.Writer
	files int
}

// createArchive makes a file that must not exist, readable by its owner alone,
// and returns when it is durable. fill adds what goes into it.
func (h Home) createArchive(ctx context.Context, path string, fill func(*archive) error) (files int, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	z := gzip.NewWriter(f)
	a := &archive{ctx: ctx, home: h, tar: tar.NewWriter(z)}
	err = fill(a)
	if err == nil {
		err = errors.Join(a.tar.Close(), z.Close(), f.Sync())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, errors.Join(err, os.Remove(path))
	}
	return a.files, durable.SyncDir(filepath.Dir(path))
}

// addTree adds the files of a folder of the home. Files that vanish meanwhile,
// as the log's temporary and superseded ones do, are left out.
func (a *archive) addTree(dir string, skip func(name string) bool) error {
	return filepath.WalkDir(a.home.path(dir), func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return ignoreMissing(err)
		}
		rel, err := filepath.Rel(string(a.home), p)
		if name := filepath.ToSlash(rel); err == nil && (skip == nil || !skip(name)) {
			err = ignoreMissing(a.add(name, p))
		}
		return err
	})
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// add adds one file under a name.
func (a *archive) add(name, from string) error {
	if err := a.ctx.Err(); err != nil {
		return err
	}
	b, err := os.Open(from)
	if err != nil {
		return err
	}
	defer b.Close()
	st, err := b.Stat()
	if err != nil {
		return err
	}
	if err := a.tar.WriteHeader(&tar.Header{Name: name, Mode: int64(st.Mode().Perm()), Size: st.Size(), ModTime: st.ModTime(), Typeflag: tar.TypeReg}); err != nil {
		return err
	}
	a.files++
	_, err = io.CopyN(a.tar, b, st.Size())
	return err
}

// maxRestored bounds one file of an archive, against one that was tampered with.
const maxRestored = 1 << 40

func unpack(archive io.Reader, dir string) error {
	z, err := gzip.NewReader(archive)
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
			_, err = io.Copy(io.Discard, z) // to its end, where the checksum is
			return err
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg || isSparse(h) || h.Size > maxRestored || !filepath.IsLocal(h.Name) {
			return fmt.Errorf("entry %.80q is not a file of a backup", h.Name)
		}
		if err := unpackFile(root, h, t); err != nil {
			return fmt.Errorf("entry %.80q: %w", h.Name, err)
		}
	}
}

// isSparse reports whether most of a file is holes that the archive does not hold.
func isSparse(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
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
