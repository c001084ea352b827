// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
)

// maxProofHashes bounds inclusion proofs: no tree has more levels.
const maxProofHashes = 64

// logged is what the log's proof has shown.
type logged struct {
	checkpoint []byte    // signed note
	logKey     string    // did:key that signed it
	cosigned   dsai.Time // earliest cosignature by a pinned witness; 0 = none
}

// checkInclusion shows that the receipt is a leaf of the node's log.
func (a *audit) checkInclusion() (string, error) {
	r := a.receipt
	if a.b.proof == "" {
		return "", fmt.Errorf("not in the log yet; the receipt promises it by %v", r.appendBy)
	}
	var p proof.TLogProof
	if err := p.Unmarshal([]byte(a.b.proof)); err != nil {
		return "", err
	}
	// The reader is lenient about base64; one proof must have one text.
	if string(p.Marshal()) != a.b.proof || p.ExtraData != nil {
		return "", fmt.Errorf("proof: %w", dsai.ErrSyntax)
	}
	c, err := a.openCheckpoint(p.Checkpoint)
	if err != nil {
		return "", err
	}
	if c.Size > math.MaxInt64 || p.Index >= c.Size || len(p.Hashes) > maxProofHashes {
		return "", fmt.Errorf("leaf %d of a log of %d", p.Index, c.Size)
	}
	hashes := make(tlog.RecordProof, len(p.Hashes))
	for i, h := range p.Hashes {
		hashes[i] = h
	}
	leaf := tlog.RecordHash(dsai.Leaf(r.kind, a.b.salt, r.body))
	if tlog.CheckRecord(hashes, int64(c.Size), tlog.Hash(c.Hash), int64(p.Index), leaf) != nil {
		return "", fmt.Errorf("receipt is not leaf %d of the log", p.Index)
	}
	if r.previous.Origin == r.log && r.previous.Size > p.Index {
		return "", fmt.Errorf("leaf %d is older than the checkpoint that the receipt names", p.Index)
	}
	return fmt.Sprintf("leaf %d of %d in %s", p.Index, c.Size, shortOrigin(r.log)), nil
}

// openCheckpoint checks the log's own signature. Many receipts may be proven
// under one checkpoint, so it is remembered, for this key and this origin.
//
// A log keeps its key, and another key opens another epoch: so the key of the log
// that a receipt names is the one that was in force when it was signed. Whoever
// has an earlier one cannot continue the log of today.
func (a *audit) openCheckpoint(text []byte) (*log.Checkpoint, error) {
	did := a.nodeKeys[a.receipt.node].At(a.receipt.created).Set.LogKey
	if did == "" {
		return nil, needs("members")
	}
	id := strings.Join([]string{did, a.receipt.log, string(text)}, "\n")
	c, err := recall(a.v, []byte(id), func([]byte) (*log.Checkpoint, error) { return a.v.readCheckpoint(text, a.receipt.log, did) })
	if err != nil {
		return nil, err
	}
	a.leaf.logKey, a.leaf.checkpoint = did, text
	return c, nil
}

// strict is base64 in which each value has one text.
var strict = base64.StdEncoding.Strict()

func (v *Verifier) readCheckpoint(text []byte, origin, did string) (*log.Checkpoint, error) {
	known, err := recall(v, []byte("log key\n"+did+"\n"+origin), func([]byte) (*note.Verifiers, error) { return logVerifier(origin, did) })
	if err != nil {
		return nil, err
	}
	n, err := note.Open(text, *known)
	if err != nil {
		return nil, fmt.Errorf("checkpoint is not signed by the log key that the node had in force: %w", err)
	}
	for _, s := range slices.Concat(n.Sigs, n.UnverifiedSigs) {
		if _, err := strict.DecodeString(s.Base64); err != nil || strings.ContainsAny(s.Base64, "\r\n") {
			return nil, fmt.Errorf("checkpoint signature: %w", dsai.ErrSyntax)
		}
	}
	c := &log.Checkpoint{}
	rest, err := c.Unmarshal([]byte(n.Text))
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 || string(c.Marshal()) != n.Text || len(c.Hash) != tlog.HashSize || c.Origin != origin {
		return nil, fmt.Errorf("checkpoint: %w, or of another log", dsai.ErrSyntax)
	}
	return c, nil
}

// logVerifier returns the one note verifier of a log key under an origin.
func logVerifier(origin, did string) (*note.Verifiers, error) {
	pub, err := vc.ParseDID(did)
	if err != nil {
		return nil, err
	}
	key, ok := pub.(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("log key is not Ed25519")
	}
	vkey, err := note.NewEd25519VerifierKey(origin, key)
	if err != nil {
		return nil, err
	}
	known, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, err
	}
	list := note.VerifierList(known)
	return &list, nil
}

func shortOrigin(origin string) string {
	return origin[:min(12, len(origin))] + "…" + origin[strings.IndexByte(origin, '/'):]
}

// witness is a pinned witness, ready to verify.
type witness struct {
	note.Verifier
	operator string
}

// checkWitnesses counts cosignatures by pinned witnesses of distinct operators.
func (a *audit) checkWitnesses() (string, error) {
	t := a.v.o.Trust
	switch {
	case t == nil:
		return "no trust file, so no witness is known and none is required", nil
	case a.v.err != nil:
		return "", needs("anchor")
	case a.leaf.checkpoint == nil:
		return "", needs("inclusion")
	}
	seen, err := recall(a.v, append([]byte("cosigned\n"), a.leaf.checkpoint...), func(raw []byte) (*cosigned, error) {
		return a.v.openCosigned(a.leaf.checkpoint)
	})
	if err != nil {
		return "", fmt.Errorf("cosignature: %w", err)
	}
	a.result.Witnesses, a.result.Operators, a.leaf.cosigned = seen.count, len(seen.operators), seen.first
	reason := fmt.Sprintf("%d cosignatures by %d operators, %d required", seen.count, len(seen.operators), t.Threshold)
	if len(seen.operators) < t.Threshold {
		return "", errors.New(reason)
	}
	return reason, nil
}

// cosigned is what pinned witnesses say of a checkpoint.
type cosigned struct {
	count     int
	operators []string // distinct
	first     dsai.Time
}

// openCosigned checks the cosignatures of pinned witnesses. Others are ignored
// (c2sp.org/signed-note), those by a pinned key that do not hold are not.
func (v *Verifier) openCosigned(text []byte) (*cosigned, error) {
	n, err := note.Open(text, v.cosigners)
	if unsigned, ok := errors.AsType[*note.UnverifiedNoteError](err); ok {
		n, err = unsigned.Note, nil
	}
	if err != nil {
		return nil, err
	}
	c := &cosigned{count: len(n.Sigs)}
	for i, s := range n.Sigs {
		at, err := fnote.CoSigV1Timestamp(s)
		if err != nil {
			return nil, err
		}
		if t := dsai.At(at); i == 0 || t < c.first {
			c.first = t
		}
		w := slices.IndexFunc(v.witnesses, func(w witness) bool { return w.Name() == s.Name && w.KeyHash() == s.Hash })
		if operator := v.witnesses[w].operator; !slices.Contains(c.operators, operator) {
			c.operators = append(c.operators, operator)
		}
	}
	return c, nil
}

// skew is how far honest clocks may be apart.
const skew = 5 * time.Second

// checkTime says what bounds the receipt's time.
func (a *audit) checkTime() (string, error) {
	at, seen := a.receipt.at, a.leaf.cosigned
	if seen == 0 {
		return fmt.Sprintf("%v by the node's claim; no witness bounds it", at), nil
	}
	if at > seen.Add(skew) || a.receipt.created > seen.Add(skew) {
		return "", fmt.Errorf("started %v, signed %v, yet witnessed at %v", at, a.receipt.created, seen)
	}
	return fmt.Sprintf("%v by the node's claim; not after %v by its witnesses", at, seen), nil
}
