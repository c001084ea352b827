// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package durable changes files so that a crash or a power cut leaves either the
// old content or the new, never a mixture and never a file that was reported as
// written and is gone. It never retries, and it never hides a failed fsync. Any
// package that writes files outside a database may import it.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrFsync marks an error after which nobody knows what the disk holds: the
// kernel may have dropped the dirty pages and will report success next time.
// Callers must treat it as fatal for the state that the file belongs to: stop,
// and let the next start read what is really there.
var ErrFsync = errors.New("fsync failed, disk content unknown")

// WriteFile replaces the file at path by data. It writes a temporary file beside
// it, syncs that, renames it over path and syncs the directory. The file has
// exactly the permissions perm, whatever the umask, from before its name exists.
// A crash can leave a temporary file named path + ".tmp" + digits.
// An error that matches [ErrFsync] is fatal; after any other the old file is intact.
func WriteFile(path string, data []byte, perm fs.FileMode) error {
	tmp, err := writeTemp(path, data, perm)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		os.Remove(tmp)
		return err
	}
	return syncName(path)
}

// CreateFile is WriteFile for a file that must not exist yet. If it does, the
// error matches [fs.ErrExist] and the existing file is untouched.
func CreateFile(path string, data []byte, perm fs.FileMode) error {
	tmp, err := writeTemp(path, data, perm)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	// Unlike rename, link refuses an existing name, so two creators cannot both win.
	err = os.Link(tmp, path)
	switch e, _ := errors.AsType[*os.LinkError](err); {
	case err == nil:
	case e != nil && errors.Is(err, fs.ErrExist):
		return &fs.PathError{Op: "create", Path: path, Err: e.Err}
	default: // such as on a stick: its file system has no links
		if err := createWhole(path, data, perm); err != nil {
			return err
		}
	}
	return syncName(path)
}

// createWhole makes a file at its own name, and leaves none that is not whole.
func createWhole(path string, data []byte, perm fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = syncFile(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// Rename renames a file or directory and syncs the directories of both names.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	if err := syncName(to); err != nil {
		return err
	}
	if filepath.Dir(from) == filepath.Dir(to) {
		return nil
	}
	return syncName(from)
}

// syncName makes a change of the name at path durable. The change is made: if its
// directory cannot even be opened, such as for want of file descriptors, nobody
// knows which content is there after a power cut.
func syncName(path string) error {
	err := SyncDir(filepath.Dir(path))
	if err != nil && !errors.Is(err, ErrFsync) {
		return fsyncError(path, err)
	}
	return err
}

// SyncDir makes the names in dir durable. On Windows, which cannot sync a
// directory and journals its names, it only checks that dir exists.
func SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := syncDir(f); err != nil {
		return fsyncError(dir, err)
	}
	return nil
}

// writeTemp writes data to a new synced file beside path and returns its name.
func writeTemp(path string, data []byte, perm fs.FileMode) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".tmp*")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	// CreateTemp makes the file private, so the content is never wider than perm.
	if err := f.Chmod(perm); err != nil {
		return "", err
	}
	if _, err := f.Write(data); err != nil {
		return "", err
	}
	if err := syncFile(f); err != nil {
		return "", fsyncError(path, err)
	}
	return f.Name(), f.Close()
}

// syncFile is a variable only so that a test can make it fail.
var syncFile = (*os.File).Sync

func fsyncError(path string, err error) error {
	return fmt.Errorf("sync %s: %w: %w", path, ErrFsync, err)
}
