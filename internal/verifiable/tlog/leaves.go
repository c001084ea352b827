// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"context"
	"fmt"
)

// Leaves calls f with every leaf of the published log, in order, until f returns
// an error. It checks no hash: see Fsck.
func (r *Reader) Leaves(ctx context.Context, f func(index uint64, leaf []byte) error) error {
	cp, err := r.Checkpoint(ctx)
	if err != nil {
		return fmt.Errorf("read leaves: %w", err)
	}
	for n := uint64(0); n*tileWidth < cp.Size; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		leaves, err := r.files.bundle(edge(bundleLevel, n, cp.Size))
		if err != nil {
			return fmt.Errorf("read leaves: %w", err)
		}
		for i, l := range leaves {
			if err := f(n*tileWidth+uint64(i), l); err != nil {
				return err
			}
		}
	}
	return nil
}
