// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/merkle"
)

// entry is one leaf of the node's log with what it hides.
type entry struct {
	Type string        `json:"type"`
	Kind dsai.LeafKind `json:"kind"`
	Salt dsai.Salt     `json:"salt"`
	Body dsai.Digest   `json:"body"`
}

type leafVector struct {
	entry
	Leaf hexBytes    `json:"leaf"`
	Root dsai.Digest `json:"root"` // RFC 6962, of the tree that ends with this leaf
}

type logVectors struct {
	Origin     string       `json:"origin"`
	LogKey     string       `json:"logKey"`     // C2SP vkey
	WitnessKey string       `json:"witnessKey"` // C2SP vkey
	Leaves     []leafVector `json:"leaves"`
	Checkpoint string       `json:"checkpoint"` // of all leaves, cosigned
	Index      int          `json:"index"`      // of the leaf that proof is for
	Proof      string       `json:"proof"`      // c2sp.org/tlog-proof@v1
}

func (s *scene) logVectors() logVectors {
	out := logVectors{Origin: s.origin, LogKey: vkey(s.origin, nodeKey("log")), WitnessKey: vkey(witnessName, nodeKey("neighbour")), Checkpoint: string(s.signed())}
	for i, e := range s.log {
		out.Leaves = append(out.Leaves, leafVector{e, e.leaf(), s.checkpoint(i + 1).Root})
		if e.Type == dsai.TypeInferenceReceipt {
			out.Index, out.Proof = i, s.prove(i)
		}
	}
	return out
}

func (e entry) leaf() []byte { return dsai.Leaf(e.Kind, e.Salt, e.Body) }

// tree is the log's first n leaves.
func (s *scene) tree(n int) *merkle.Tree {
	var leaves [][]byte
	for _, e := range s.log[:n] {
		leaves = append(leaves, e.leaf())
	}
	return must1(merkle.New(leaves))
}

// checkpoint names the state of the log after n leaves.
func (s *scene) checkpoint(n int) dsai.CheckpointRef {
	return dsai.CheckpointRef{Origin: s.origin, Size: uint64(n), Root: must1(s.tree(n).Root())}
}

// signed is the checkpoint of the whole log, signed and cosigned.
func (s *scene) signed() []byte {
	c := s.checkpoint(len(s.log))
	text := log.Checkpoint{Origin: c.Origin, Size: c.Size, Hash: c.Root[:]}.Marshal()
	return must1(note.Sign(&note.Note{Text: string(text)}, logSigner(s.origin, nodeKey("log")), newCosigner(logged+1000)))
}

// prove returns the tlog-proof of one leaf under the whole log.
func (s *scene) prove(index int) string {
	p := proof.TLogProof{Index: uint64(index), Checkpoint: s.signed()}
	for _, h := range must1(s.tree(len(s.log)).Prove(index)) {
		p.Hashes = append(p.Hashes, h)
	}
	return string(p.Marshal())
}
