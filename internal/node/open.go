// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"io/fs"
	"path/filepath"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
)

// openReceipt opens the receipt of an answer.
func (n *Node) openReceipt(ctx context.Context, d dsai.Digest) (vc.Sealed[dsai.InferenceReceipt], error) {
	raw, err := n.db.Raw(ctx, d)
	if err != nil {
		return vc.Sealed[dsai.InferenceReceipt]{}, err
	}
	return vc.Open[dsai.InferenceReceipt](raw, dsai.TypeInferenceReceipt)
}

// diskBytes adds up a folder; what cannot be read counts nothing.
func diskBytes(dir string) (n int64) {
	filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if i, err := d.Info(); err == nil {
				n += i.Size()
			}
		}
		return nil
	})
	return n
}
