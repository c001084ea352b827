// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Fsck reads the whole published log and recomputes every tile from the entry
// bundles. The error joins a [FileError] for each file at fault: a missing file,
// one of the wrong width, or one whose content does not belong to the checkpoint.
func (r *Reader) Fsck(ctx context.Context) error {
	cp, err := r.Checkpoint(ctx)
	if err != nil {
		return fmt.Errorf("fsck log: %w", err)
	}
	c := checker{tree: r.tree(cp)}
	for n := uint64(0); n*tileWidth < cp.Size; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		c.bundle(n)
	}
	if err := c.verdict(); err != nil {
		return fmt.Errorf("fsck log of size %d: %w", cp.Size, err)
	}
	return nil
}

// checker rebuilds the tiles of a tree from its leaves, in one pass and with one
// tile per level in memory.
type checker struct {
	tree
	levels  []level
	broken  []error // files that cannot be read strictly
	lost    bool    // a bundle is among them, so nothing above it can be rebuilt
	differs []tlog.Tile
}

// level is the tile that is being filled at one level.
type level struct {
	n    uint64
	data []byte
}

// bundle adds the leaves of bundle n.
func (c *checker) bundle(n uint64) {
	leaves, err := c.files.bundle(edge(bundleLevel, n, c.size))
	if err != nil {
		c.broken = append(c.broken, err)
		c.lost = true
	}
	if c.lost {
		return // go on only to find the other broken bundles
	}
	for _, leaf := range leaves {
		h := tlog.RecordHash(leaf)
		c.add(0, h[:])
	}
	if len(leaves) < tileWidth || (n+1)*tileWidth == c.size {
		for l := range c.levels {
			c.compare(l)
		}
	}
}

// add appends a hash at level l. A full tile is compared, and its root goes one level up.
func (c *checker) add(l int, hash []byte) {
	if l == len(c.levels) {
		c.levels = append(c.levels, level{})
	}
	c.levels[l].data = append(c.levels[l].data, hash...)
	if len(c.levels[l].data) < tileWidth*tlog.HashSize {
		return
	}
	c.compare(l)
	n := c.levels[l].n
	root := fullRoot(tlog.Tile{H: tileHeight, L: l, N: int64(n), W: tileWidth}, c.levels[l].data)
	c.levels[l] = level{n: n + 1}
	c.add(l+1, root[:])
}

// fullRoot returns the root over the hashes of a full tile, which is one hash of
// the tile above.
func fullRoot(t tlog.Tile, data []byte) tlog.Hash {
	half := func(i int64) tlog.Hash {
		h, err := tlog.HashFromTile(t, data, tlog.StoredHashIndex(tileHeight*(t.L+1)-1, 2*t.N+i))
		if err != nil {
			panic(err) // the coordinates are our own
		}
		return h
	}
	return tlog.NodeHash(half(0), half(1))
}

// compare checks the rebuilt tile of level l against its file.
func (c *checker) compare(l int) {
	lv := c.levels[l]
	if len(lv.data) == 0 {
		return
	}
	tile := edge(l, lv.n, c.size)
	got, err := c.tile(tile)
	switch {
	case err != nil:
		c.broken = append(c.broken, err)
	case !bytes.Equal(got, lv.data):
		c.differs = append(c.differs, tile)
	}
}

// verdict decides which files are at fault. If the leaves add up to the
// checkpoint, they are right and every tile that differs is wrong. If not, and a
// bundle disagrees with its tile, the bundle is the one that was changed.
func (c *checker) verdict() error {
	if c.lost {
		return errors.Join(c.broken...)
	}
	root, err := tlog.TreeHash(int64(c.size), tlog.HashReaderFunc(c.rebuilt))
	if err != nil {
		return err
	}
	errs := c.broken
	for _, t := range c.differs {
		if root != c.root {
			if t.L > 0 {
				continue // it differs because something below it was changed
			}
			t.L = bundleLevel
		}
		errs = append(errs, &FileError{tilePath(t), fmt.Errorf("%w: content is not what the checkpoint commits to", ErrCorrupt)})
	}
	if root != c.root && len(errs) == 0 {
		errs = append(errs, &FileError{checkpointFile, fmt.Errorf("%w: leaves have root %s, want %s", ErrCorrupt, root, c.root)})
	}
	return errors.Join(errs...)
}

// rebuilt returns hashes of the right edge from the rebuilt tiles.
func (c *checker) rebuilt(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		t := tlog.TileForIndex(tileHeight, x)
		lv := c.levels[t.L]
		var err error
		if hashes[i], err = tlog.HashFromTile(edge(t.L, lv.n, c.size), lv.data, x); err != nil {
			return nil, err
		}
	}
	return hashes, nil
}
