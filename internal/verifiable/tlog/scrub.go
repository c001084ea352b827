// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Files of a log directory besides tile/. Those in .state are Tessera's own,
// in the layout that layoutVersion names.
const (
	checkpointFile = "checkpoint"
	lockFile       = "lock" // ours: held by the Log that owns the directory
	tileDir        = "tile"
	stateDir       = ".state"
	stateFile      = stateDir + "/treeState"
	versionFile    = stateDir + "/version"
	layoutVersion  = "1"
)

// keep lists the files outside tile/ that Tessera replaces through a temporary
// file, whose name is the file's own with digits after it.
var keep = []string{checkpointFile, stateFile, versionFile, stateDir + "/gcState"}

// integrated returns the tree that Tessera last finished. Files beyond it are
// left from an integration that a crash cut short.
func (f files) integrated() (tree, error) {
	version, err := f.read(versionFile)
	if err != nil {
		return tree{}, err
	}
	if string(version) != layoutVersion {
		return tree{}, fmt.Errorf("log has layout %q, want %q", version, layoutVersion)
	}
	raw, err := f.read(stateFile)
	if err != nil {
		return tree{}, err
	}
	var state struct {
		Size uint64 `json:"size"`
		Root []byte `json:"root"`
	}
	if err := json.Unmarshal(raw, &state); err != nil {
		return tree{}, &FileError{stateFile, fmt.Errorf("%w: %w", ErrCorrupt, err)}
	}
	if len(state.Root) != tlog.HashSize || state.Size > maxSize {
		return tree{}, &FileError{stateFile, fmt.Errorf("%w: no tree", ErrCorrupt)}
	}
	return tree{files: f, size: state.Size, root: tlog.Hash(state.Root)}, nil
}

// scrub deletes the leftovers of a crash. Only the owner of the log may call it.
//
// Without it a crash corrupts what readers see: Tessera v1.0.4 writes full tiles
// before it records the tree, and when the recorded size is a multiple of 256 the
// next integration takes such an orphan as its base. It then publishes a partial
// tile of 256 hashes, of which all but the first few are of leaves that were never
// logged, and every strict client refuses the log until the tile is full. Nothing
// is lost: the leaves of orphans are still in the outbox.
//
// The deletions are not synced: after a power cut the next scrub repeats them.
func (f files) scrub(size uint64) error {
	paths, err := f.leftovers(size)
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := os.Remove(filepath.Join(string(f), filepath.FromSlash(path))); err != nil {
			return err
		}
	}
	return nil
}

// leftovers returns the paths of all tiles, bundles and temporary files that a
// tree of size leaves does not imply.
func (f files) leftovers(size uint64) (paths []string, err error) {
	root := os.DirFS(string(f))
	err = fs.WalkDir(root, tileDir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case path == tileDir && errors.Is(err, fs.ErrNotExist): // no leaf yet
			return nil
		case err != nil || d.IsDir():
			return err
		}
		if t, err := parseTilePath(path); err != nil || !implied(t, size) {
			paths = append(paths, path)
		}
		return nil
	})
	for _, dir := range []string{".", stateDir} {
		entries, derr := fs.ReadDir(root, dir)
		err = errors.Join(err, derr)
		for _, e := range entries {
			if p := path.Join(dir, e.Name()); isTemp(p) {
				paths = append(paths, p)
			}
		}
	}
	return paths, err
}

// isTemp reports whether path is a temporary file of one of the files in keep.
func isTemp(path string) bool {
	for _, k := range keep {
		if rest, ok := strings.CutPrefix(path, k); ok && rest != "" && strings.Trim(rest, "0123456789") == "" {
			return true
		}
	}
	return false
}
