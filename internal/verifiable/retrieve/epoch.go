// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package retrieve

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/rank"
	"golang.org/x/mod/sumdb/tlog"
)

// Epoch is pinned statistics: the totals of each field and every term's document
// frequency, provable under one root. It is read-only and safe for concurrent
// use. It holds its file in memory, about 10 bytes a term.
//
// The file, named by the root in hexadecimal, is a line of JSON (header), then
// blocks of up to 64 terms, then the offset of each block as a little-endian
// uint32, then the RFC 6962 hash of each full block, then SHA-256 of all before. A
// term is the length of the prefix it shares with the term before in its block,
// the length of the rest, the rest, and the document frequency, lengths and
// frequency as uvarints. What is compared and sorted is field, zero byte, term.
type Epoch struct {
	head    header
	fields  []dsai.FieldStats
	blocks  []byte
	offsets []uint32
	hashes  [][]tlog.Hash // hashes[i] is the tree's level blockLevel+i, full nodes only
}

// header is the first line of an epoch's file.
type header struct {
	Format  string            `json:"format"`
	Ranking string            `json:"ranking"`
	Fields  []dsai.FieldStats `json:"fields"`
	Terms   int               `json:"terms"`
	Bytes   int               `json:"bytes"` // of the blocks
	Root    dsai.Digest       `json:"root"`
	Secret  dsai.Salt         `json:"secret"` // salts are derived from it; leaves the node in backups only
}

const (
	epochFormat = "dsai-epoch/1"
	blockLevel  = 6
	blockTerms  = 1 << blockLevel
)

// Statistics returns the subject of the epoch's credential; who signs it fills in
// ID, Coop and Node.
func (e *Epoch) Statistics() dsai.Statistics {
	return dsai.Statistics{Ranking: e.head.Ranking, Fields: e.fields, Terms: e.head.Terms, Root: e.head.Root}
}

// DF returns how many passages of a field hold a term: 0 when none does.
func (e *Epoch) DF(field, term string) int {
	_, df := e.find(field, term)
	return df
}

// Proofs returns the inclusion of every term of a weighed question that the epoch
// holds, sorted as the epoch's terms are. Whoever learns them learns the salts of
// these terms, and no other term.
func (e *Epoch) Proofs(q rank.Query) ([]dsai.TermProof, error) {
	var out []dsai.TermProof
	seen := map[int]bool{}
	for _, w := range q.Words {
		for _, t := range w.Terms {
			i, df := e.find(t.Field, t.Term)
			if i < 0 || seen[i] {
				continue
			}
			seen[i] = true
			proof, err := tlog.ProveRecord(int64(e.head.Terms), int64(i), tlog.HashReaderFunc(e.readHashes))
			if err != nil {
				return nil, fmt.Errorf("prove term: %w", err)
			}
			p := dsai.TermProof{Field: t.Field, Term: t.Term, Salt: e.head.salt(t.Field, t.Term), DF: df, Index: i, Hashes: []dsai.Digest{}}
			for _, h := range proof {
				p.Hashes = append(p.Hashes, dsai.Digest(h))
			}
			out = append(out, p)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Index < out[j].Index })
	return out, nil
}

// salt derives a term's salt: HMAC-SHA256 under the epoch's secret.
func (h *header) salt(field, term string) dsai.Salt {
	m := hmac.New(sha256.New, h.Secret[:])
	d := dsai.Hash("term-salt", []byte(field), []byte(term))
	m.Write(d[:])
	return dsai.Salt(m.Sum(nil))
}

func (h *header) leaf(key []byte, df int) tlog.Hash {
	field, term, _ := strings.Cut(string(key), "\x00")
	return tlog.RecordHash(dsai.TermLeaf(h.salt(field, term), field, term, df))
}

// find returns a term's index and document frequency, or -1 and 0.
func (e *Epoch) find(field, term string) (index, df int) {
	want := make([]byte, 0, 64)
	want = append(append(append(want, field...), 0), term...)
	b := sort.Search(len(e.offsets), func(i int) bool {
		first, _, _ := readTerm(e.blocks[e.offsets[i]:], nil)
		return bytes.Compare(first, want) > 0
	}) - 1
	if b < 0 {
		return -1, 0
	}
	index, df = -1, 0
	e.eachTerm(b, func(i int, key []byte, n int) bool {
		if c := bytes.Compare(key, want); c == 0 {
			index, df = i, n
		} else if c < 0 {
			return true
		}
		return false
	})
	return index, df
}

// eachTerm calls f for the terms of a block, in order, until it returns false.
func (e *Epoch) eachTerm(block int, f func(i int, key []byte, df int) bool) {
	rest := e.blocks[e.offsets[block]:]
	key := make([]byte, 0, 64)
	for i := block * blockTerms; i < min((block+1)*blockTerms, e.head.Terms); i++ {
		var df int
		key, df, rest = readTerm(rest, key)
		if !f(i, key, df) {
			return
		}
	}
}

// readTerm decodes one term; key holds the term before and is reused. parseEpoch
// has checked the bytes; without that check rest is nil when they make no sense.
func readTerm(b, key []byte) (_ []byte, df int, rest []byte) {
	shared, n := binary.Uvarint(b)
	if n <= 0 || shared > uint64(len(key)) {
		return key, 0, nil
	}
	b = b[n:]
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return key, 0, nil
	}
	b = b[n:]
	key = append(key[:shared], b[:size]...)
	count, n := binary.Uvarint(b[size:])
	if n <= 0 || count < 1 || count > rank.MaxPassages {
		return key, 0, nil
	}
	return key, int(count), b[int(size)+n:]
}

// readHashes implements tlog.HashReader over the tree of the epoch's terms.
// Nodes below blockLevel are computed from their block's terms.
func (e *Epoch) readHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	var leaves []tlog.Hash
	at := -1 // block that leaves are of
	for i, x := range indexes {
		level, n := tlog.SplitStoredHashIndex(x)
		if up := level - blockLevel; up >= 0 {
			if up >= len(e.hashes) || n >= int64(len(e.hashes[up])) {
				return nil, fmt.Errorf("read hash: no node %d at level %d", n, level)
			}
			out[i] = e.hashes[up][n]
			continue
		}
		block := int(n >> (blockLevel - level))
		if block >= len(e.offsets) {
			return nil, fmt.Errorf("read hash: no node %d at level %d", n, level)
		}
		if block != at {
			leaves, at = e.blockLeaves(block), block
		}
		lo := int(n<<level) - block*blockTerms
		if lo+1<<level > len(leaves) {
			return nil, fmt.Errorf("read hash: no node %d at level %d", n, level)
		}
		out[i] = subtree(leaves[lo : lo+1<<level])
	}
	return out, nil
}

func (e *Epoch) blockLeaves(block int) []tlog.Hash {
	leaves := make([]tlog.Hash, 0, blockTerms)
	e.eachTerm(block, func(_ int, key []byte, df int) bool {
		leaves = append(leaves, e.head.leaf(key, df))
		return true
	})
	return leaves
}

// subtree returns the root of a full subtree over a power of two of hashes.
func subtree(h []tlog.Hash) tlog.Hash {
	if len(h) == 1 {
		return h[0]
	}
	return tlog.NodeHash(subtree(h[:len(h)/2]), subtree(h[len(h)/2:]))
}

// levels fills hashes above the level of the full blocks.
func (e *Epoch) levels(full []tlog.Hash) {
	for len(full) > 0 {
		e.hashes = append(e.hashes, full)
		var up []tlog.Hash
		for i := 0; i+1 < len(full); i += 2 {
			up = append(up, tlog.NodeHash(full[i], full[i+1]))
		}
		full = up
	}
}

// root computes the tree's root from the hashes of the blocks and the terms of
// the last, partial one.
func (e *Epoch) root() (dsai.Digest, error) {
	h, err := tlog.TreeHash(int64(e.head.Terms), tlog.HashReaderFunc(e.readHashes))
	return dsai.Digest(h), err
}

// parseEpoch reads an epoch's file and checks all of it but the hashes of full
// blocks against their terms, which the checksum covers.
func parseEpoch(data []byte) (*Epoch, error) {
	bad := func(what string) (*Epoch, error) { return nil, fmt.Errorf("%w: %s", ErrEpochDamaged, what) }
	if len(data) < sha256.Size {
		return bad("too short")
	}
	body, sum := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	if got := sha256.Sum256(body); !bytes.Equal(got[:], sum) {
		return bad("checksum")
	}
	line, rest, ok := bytes.Cut(body, []byte("\n"))
	e := &Epoch{}
	if !ok || json.Unmarshal(line, &e.head) != nil || e.head.Format != epochFormat || e.head.Terms < 0 || e.head.Bytes < 0 {
		return bad("header")
	}
	e.fields = e.head.Fields
	full := e.head.Terms / blockTerms
	blocks := full + min(1, e.head.Terms%blockTerms)
	if full > len(rest) || e.head.Bytes > len(rest) || len(rest) != e.head.Bytes+4*blocks+sha256.Size*full {
		return bad("length")
	}
	e.blocks, rest = rest[:e.head.Bytes], rest[e.head.Bytes:]
	e.offsets = make([]uint32, blocks)
	for i := range e.offsets {
		e.offsets[i] = binary.LittleEndian.Uint32(rest[4*i:])
	}
	hashes := make([]tlog.Hash, full)
	for i := range hashes {
		copy(hashes[i][:], rest[4*blocks+sha256.Size*i:])
	}
	e.levels(hashes)
	if !e.sorted() {
		return bad("terms")
	}
	if root, err := e.root(); err != nil || root != e.head.Root {
		return bad("root")
	}
	return e, nil
}

// sorted reports whether the blocks hold exactly the terms that the header
// promises, in strictly rising order, with every offset where its block begins.
func (e *Epoch) sorted() bool {
	rest := e.blocks
	var key, last []byte
	for i := range e.head.Terms {
		if i%blockTerms == 0 {
			if int(e.offsets[i/blockTerms]) != len(e.blocks)-len(rest) {
				return false
			}
			key = key[:0]
		}
		if key, _, rest = readTerm(rest, key); rest == nil {
			return false
		}
		if i > 0 && bytes.Compare(last, key) >= 0 || bytes.IndexByte(key, 0) < 0 {
			return false
		}
		last = append(last[:0], key...)
	}
	return len(rest) == 0
}
