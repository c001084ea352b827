// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// File is a file to ingest, as Walk found it.
type File struct {
	Path string // as named, joined below a named folder; absolute if that was
	Size int64  // in bytes, when found

	root string // named folder that holds it, "" if it was named itself
}

// Walk returns the regular files that paths name, folders with all below them,
// each once and sorted by path, and what it leaves out with the reason. Hidden
// files and folders and links inside a folder are left out unless named, and
// private folders even then, as is what Unnamed cannot name; only a link that
// leaves the folder is reported, since the target of any other is found by itself.
// The only error is that of ctx.
func Walk(ctx context.Context, paths []string) ([]File, []SkipError, error) {
	w := walker{seen: map[string]bool{}}
	for _, p := range paths {
		p = filepath.Clean(p)
		if bad := Unnamed(p); bad != nil {
			w.skip(bad.Path, bad.Code, bad.Reason)
			continue
		}
		info, err := os.Stat(p)
		switch {
		case err != nil:
			w.skip(p, CodeUnreadable, reason(err))
		case info.IsDir():
			if err := w.folder(ctx, p); err != nil {
				return nil, nil, err
			}
		default:
			w.add(p, info, "")
		}
	}
	slices.SortFunc(w.files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(w.skipped, func(a, b SkipError) int { return strings.Compare(a.Path, b.Path) })
	return w.files, w.skipped, nil
}

// Unnamed returns why a path cannot be taken, nil if it can: one that is not UTF-8
// would become another on its way through JSON, which names the file from then on.
// The path in it spells such bytes out.
func Unnamed(path string) *SkipError {
	if utf8.ValidString(path) {
		return nil
	}
	var out strings.Builder
	for i, r := range path {
		if r == utf8.RuneError && !strings.HasPrefix(path[i:], string(utf8.RuneError)) {
			out.WriteString(`\x` + strconv.FormatUint(uint64(path[i])|0x100, 16)[1:])
			continue
		}
		out.WriteRune(r)
	}
	return &SkipError{out.String(), CodeName, "its name is not UTF-8; rename it"}
}

type walker struct {
	files   []File
	skipped []SkipError
	seen    map[string]bool
}

func (w *walker) skip(path string, c Code, why string) {
	if !w.seen[path] {
		w.seen[path] = true
		w.skipped = append(w.skipped, SkipError{Path: path, Code: c, Reason: why})
	}
}

func (w *walker) add(path string, info fs.FileInfo, root string) {
	if !info.Mode().IsRegular() {
		w.skip(path, CodeNotFile, "a device, pipe or socket")
		return
	}
	if !w.seen[path] {
		w.seen[path] = true
		w.files = append(w.files, File{path, info.Size(), root})
	}
}

// folder adds what lies below a folder, without following links.
func (w *walker) folder(ctx context.Context, root string) error {
	// A named link to a folder is followed; WalkDir would report it as a file.
	real, err := filepath.EvalSymlinks(root)
	if err != nil {
		w.skip(root, CodeUnreadable, reason(err))
		return nil
	}
	return filepath.WalkDir(real, func(at string, e fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		rel, relErr := filepath.Rel(real, at)
		if relErr != nil {
			return relErr
		}
		path := filepath.Join(root, rel)
		bad := Unnamed(path)
		switch {
		case err != nil:
			w.skip(path, CodeUnreadable, reason(err))
			return nil
		case at != real && strings.HasPrefix(e.Name(), "."):
			if e.IsDir() {
				return filepath.SkipDir
			}
		case bad != nil && e.Type()&fs.ModeSymlink == 0:
			w.skip(bad.Path, bad.Code, bad.Reason)
			if e.IsDir() {
				return filepath.SkipDir
			}
		case e.IsDir():
			if why := Private(at); why != "" {
				w.skip(path, CodePrivate, why)
				return filepath.SkipDir
			}
		case e.Type()&fs.ModeSymlink != 0:
			w.link(real, at, path)
		default:
			info, err := e.Info()
			if err != nil {
				w.skip(path, CodeUnreadable, reason(err))
				return nil
			}
			w.add(path, info, root)
		}
		return nil
	})
}

// link reports a link that leaves the folder or leads nowhere.
func (w *walker) link(root, at, path string) {
	target, err := filepath.EvalSymlinks(at)
	if err != nil {
		w.skip(path, CodeUnreadable, reason(err))
		return
	}
	rel, err := filepath.Rel(root, target)
	if err != nil || !filepath.IsLocal(rel) {
		w.skip(path, CodeLink, "a link out of the folder")
	}
}

// read returns the bytes of a file, at most limit. A file below a named folder
// is opened inside it, so a link put in its place since Walk cannot lead out.
func (f File) read(limit int64) ([]byte, error) {
	file, err := f.open()
	if err != nil {
		return nil, &SkipError{f.Path, CodeUnreadable, reason(err)}
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, &SkipError{f.Path, CodeUnreadable, reason(err)}
	case !info.Mode().IsRegular():
		return nil, &SkipError{f.Path, CodeNotFile, "a device, pipe or socket"}
	case info.Size() > limit:
		return nil, &SkipError{f.Path, CodeTooLarge, "larger than the limit for one file"}
	}
	b, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, &SkipError{f.Path, CodeUnreadable, reason(err)}
	}
	return b, nil
}

func (f File) open() (*os.File, error) {
	if f.root == "" {
		return os.Open(f.Path)
	}
	rel, err := filepath.Rel(f.root, f.Path)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(f.root)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.Open(rel)
}

// reason returns why the operating system refused, without the path, which
// stands beside it.
func reason(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return oneLine(err.Error())
}
