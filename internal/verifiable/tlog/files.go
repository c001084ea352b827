// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Tiles are 256 hashes wide (c2sp.org/tlog-tiles). Coordinates are those of
// tlog.Tile; its level -1 stands for entry bundles.
const (
	tileHeight  = 8
	tileWidth   = 1 << tileHeight
	bundleLevel = -1
	maxLevel    = 63 // of a tree of 2^64 leaves, with room to spare
)

// tilePath is the path of a tile or bundle in a log, with slashes. It differs
// from the one of tlog.Tile in having no height and another name for bundles.
func tilePath(t tlog.Tile) string {
	p := strings.TrimPrefix(t.Path(), "tile/8/")
	if rest, ok := strings.CutPrefix(p, "data/"); ok {
		p = "entries/" + rest
	}
	return "tile/" + p
}

// parseTilePath is the inverse of tilePath. It accepts canonical paths only.
func parseTilePath(path string) (tlog.Tile, error) {
	p, ok := strings.CutPrefix(path, "tile/")
	if !ok {
		return tlog.Tile{}, fmt.Errorf("parse tile path %q: no tile/", path)
	}
	if rest, ok := strings.CutPrefix(p, "entries/"); ok {
		p = "data/" + rest
	}
	t, err := tlog.ParseTilePath("tile/8/" + p)
	if err != nil {
		return tlog.Tile{}, err
	}
	if t.L > maxLevel {
		return tlog.Tile{}, fmt.Errorf("parse tile path %q: level above %d", path, maxLevel)
	}
	if tilePath(t) != path { // "data" is sumdb's name, not ours
		return tlog.Tile{}, fmt.Errorf("parse tile path %q: not canonical", path)
	}
	return t, nil
}

// implied reports whether a tree of size leaves has all of the tile's hashes.
func implied(t tlog.Tile, size uint64) bool {
	hashes := size >> (tileHeight * max(t.L, 0)) // at the tile's level
	return t.N >= 0 && uint64(t.W) <= hashes && uint64(t.N) <= (hashes-uint64(t.W))/tileWidth
}

// edge returns the tile at level and number n, as wide as a tree of size leaves has it.
// Its width is 0 if the tree has no hash there.
func edge(level int, n, size uint64) tlog.Tile {
	hashes := size >> (tileHeight * max(level, 0))
	return tlog.Tile{H: tileHeight, L: level, N: int64(n), W: int(min(hashes-min(hashes, n*tileWidth), tileWidth))}
}

// FileError names the file of a log that is missing, has the wrong width or
// does not belong to the tree.
type FileError struct {
	Path string // below the log directory, with slashes
	Err  error
}

func (e *FileError) Error() string { return e.Path + ": " + e.Err.Error() }
func (e *FileError) Unwrap() error { return e.Err }

// files reads a log directory as strictly as a client that trusts nobody: a file
// of the wrong width is an error even if its first hashes are right.
type files string

func (f files) read(path string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(f), filepath.FromSlash(path)))
}

// readPartial reads t. Once a tile is full its partial versions may be deleted,
// so the full one stands in for them; full says that it did.
func (f files) readPartial(t tlog.Tile) (data []byte, path string, full bool, err error) {
	path = tilePath(t)
	data, err = f.read(path)
	if t.W == tileWidth || !errors.Is(err, fs.ErrNotExist) {
		return data, path, t.W == tileWidth, err
	}
	t.W = tileWidth
	if data, ferr := f.read(tilePath(t)); ferr == nil {
		return data, tilePath(t), true, nil
	}
	return nil, path, false, err
}

// tile returns the hashes of t.
func (f files) tile(t tlog.Tile) ([]byte, error) {
	data, path, full, err := f.readPartial(t)
	if err != nil {
		return nil, &FileError{path, err}
	}
	want := t.W * tlog.HashSize
	if full {
		want = tileWidth * tlog.HashSize
	}
	if len(data) != want {
		return nil, &FileError{path, fmt.Errorf("%w: %d bytes, want %d", ErrCorrupt, len(data), want)}
	}
	return data[:t.W*tlog.HashSize], nil
}

// bundle returns the t.W leaves of an entry bundle.
func (f files) bundle(t tlog.Tile) ([][]byte, error) {
	data, path, full, err := f.readPartial(t)
	if err != nil {
		return nil, &FileError{path, err}
	}
	want := t.W
	if full {
		want = tileWidth
	}
	leaves, err := parseBundle(data, want)
	if err != nil {
		return nil, &FileError{path, fmt.Errorf("%w: %w", ErrCorrupt, err)}
	}
	return leaves[:t.W], nil
}

// parseBundle splits a bundle: each leaf has its length before it, as big-endian
// uint16 (c2sp.org/tlog-tiles#log-entries).
func parseBundle(data []byte, want int) ([][]byte, error) {
	leaves := make([][]byte, 0, want)
	for len(data) > 0 {
		if len(data) < 2 {
			return nil, errors.New("bundle ends inside a length")
		}
		n := int(binary.BigEndian.Uint16(data))
		if n > len(data)-2 {
			return nil, errors.New("bundle ends inside a leaf")
		}
		if n == 0 || n > MaxLeaf {
			return nil, fmt.Errorf("leaf of %d bytes, want 1 to %d", n, MaxLeaf)
		}
		leaves = append(leaves, data[2:2+n])
		data = data[2+n:]
	}
	if len(leaves) != want {
		return nil, fmt.Errorf("bundle of %d leaves, want %d", len(leaves), want)
	}
	return leaves, nil
}

// tree is a tree of at least one leaf and its files. It reads tiles for
// tlog.TileHashReader, which checks each of them against the root.
type tree struct {
	files
	size uint64
	root tlog.Hash
}

// hashes returns a reader of hashes that are proven to be in the tree.
func (t tree) hashes() tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: int64(t.size), Hash: t.root}, t)
}

func (tree) Height() int { return tileHeight }

func (t tree) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		var err error
		if data[i], err = t.tile(tile); err != nil {
			return nil, err
		}
	}
	return data, nil
}

func (tree) SaveTiles([]tlog.Tile, [][]byte) {}

// checkEdge checks that the right edge of the tree, on which every proof and the
// next integration stand, adds up to the root.
func (t tree) checkEdge() error {
	if t.size == 0 {
		return nil
	}
	_, err := t.hashes().ReadHashes(nil)
	if err != nil {
		return fmt.Errorf("check tree of size %d: %w: %w", t.size, ErrCorrupt, err)
	}
	return nil
}
