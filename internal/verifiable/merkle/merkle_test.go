// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package merkle_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/merkle"
)

func TestProofs(t *testing.T) {
	for _, size := range []int{1, 2, 3, 7, 8, 100} {
		var leaves [][]byte
		for i := range size {
			leaves = append(leaves, fmt.Append(nil, "leaf ", i))
		}
		tree, err := merkle.New(leaves)
		if err != nil {
			t.Fatal(err)
		}
		root, err := tree.Root()
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range leaves {
			p, err := tree.Prove(i)
			if err != nil {
				t.Fatal(err)
			}
			if err := merkle.Check(p, size, i, root, l); err != nil {
				t.Errorf("Check(%d of %d) = %v, want nil", i, size, err)
			}
			if merkle.Check(p, size, i, root, []byte("other")) == nil {
				t.Errorf("Check(%d of %d, another leaf) = nil, want an error", i, size)
			}
			if size > 1 && merkle.Check(p, size, (i+1)%size, root, l) == nil {
				t.Errorf("Check(%d of %d at another place) = nil, want an error", i, size)
			}
		}
	}
}

func TestEmpty(t *testing.T) {
	tree, err := merkle.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	root, err := tree.Root()
	if err != nil || root != dsai.Digest(sha256.Sum256(nil)) {
		t.Errorf("Root() = %v, %v, want SHA-256 of nothing", root, err)
	}
	if err := merkle.Check(nil, 0, 0, root, nil); err == nil {
		t.Error("Check in an empty tree = nil, want an error")
	}
}
