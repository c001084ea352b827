// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/identity"
	"dsai.example/dsai/internal/verifiable/merkle"
	"dsai.example/dsai/internal/verifiable/tlog"
	"dsai.example/dsai/internal/verifiable/vc"
)

// FsckReport says what was checked and what is wrong.
type FsckReport struct {
	OK     bool        `json:"ok"`
	Checks []FsckCheck `json:"checks"`
}

// FsckCheck is one check.
type FsckCheck struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Fsck reads everything that the node keeps and checks it against signatures,
// commitments and the log. It changes nothing.
func (n *Node) Fsck(ctx context.Context, progress func(any)) (*FsckReport, error) {
	n.copying.Lock() // keys, epochs and files must be of one moment
	defer n.copying.Unlock()
	if err := n.change.take(ctx, func() { progress("waiting for " + another) }); err != nil {
		return nil, err
	}
	defer n.change.Unlock()
	rep := &FsckReport{OK: true}
	for _, c := range []struct {
		name string
		run  func(context.Context) (string, error)
	}{
		{"database", n.fsckDatabase},
		{"keys", n.fsckKeys},
		{"credentials", n.fsckCredentials},
		{"consents", n.fsckConsents},
		{"policies", n.fsckPolicies},
		{"documents", n.fsckDocuments},
		{"forgotten", n.fsckForgotten},
		{"log", n.fsckLog},
		{"outbox", n.fsckOutbox},
		{"statistics", n.fsckStatistics},
		{"opened", n.fsckOpened},
		{"index", n.fsckIndex},
		{"models", n.fsckModels},
	} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		progress(c.name)
		detail, err := c.run(ctx)
		if err != nil { // look again: a running node may have changed between two reads
			detail, err = c.run(ctx)
		}
		if err != nil {
			detail, rep.OK = err.Error(), false
		}
		rep.Checks = append(rep.Checks, FsckCheck{c.name, err == nil, detail})
	}
	return rep, nil
}

func (n *Node) fsckDatabase(ctx context.Context) (string, error) {
	lines, err := n.db.Check(ctx)
	if err != nil {
		return "", err
	}
	if len(lines) > 0 {
		return "", fmt.Errorf("%d complaints, the first: %s", len(lines), lines[0])
	}
	return "SQLite's integrity check passes", nil
}

func (n *Node) fsckKeys(context.Context) (string, error) {
	keys, events := 0, len(n.keys.events)
	for _, u := range keyUses {
		if err := n.fsckKey(u.file, n.keys.history, u.of); err != nil {
			return "", err
		}
		keys++
	}
	for _, m := range n.lib.allMembers() {
		events += len(m.events)
		if m.DID != m.keys.Last().Sign || m.Custody != m.keys.Last().Custody {
			return "", fmt.Errorf("member %s is listed with another key or custody than the key events end with", m.Name)
		}
		if m.Custody != dsai.CustodyNode {
			continue
		}
		if err := n.fsckKey(memberKey(m.ID)+"-consent", m.keys, consentKey); err != nil {
			return "", err
		}
		keys++
	}
	return fmt.Sprintf("%d keys are those in force after %d key events", keys, events), nil
}

// fsckKey wants the key file of the key in force, and none of a key before it.
func (n *Node) fsckKey(base string, h identity.History, did func(identity.Keys) string) error {
	keep := keyFile(base, h, did)
	s, err := n.ring.Signer(keep)
	if err != nil {
		return err
	}
	if s.DID() != did(h.Last()) {
		return fmt.Errorf("key %s is not the one in force", keep)
	}
	for i := range h {
		if name := keyFile(base, h[:i+1], did); name != keep && n.ring.Has(name) {
			return fmt.Errorf("key %s was changed and is not destroyed; the next start does it", name)
		}
	}
	return nil
}

// fsckCredentials opens every signed artifact again.
func (n *Node) fsckCredentials(ctx context.Context) (string, error) {
	count, erased := 0, 0
	err := n.db.EachCredential(ctx, func(c store.Credential) error {
		if c.Raw == nil {
			erased++
			return nil
		}
		count++
		s, err := vc.Open[json.RawMessage](c.Raw, c.Type)
		if err != nil {
			return fmt.Errorf("%s %s: %w", c.Type, short(c.Digest), err)
		}
		if s.Digest != c.Digest {
			return fmt.Errorf("%s is kept under another digest, %s", s.Digest, c.Digest)
		}
		leaf, err := n.db.Leaf(ctx, c.Digest)
		if err != nil {
			return fmt.Errorf("%s %s: leaf: %w", c.Type, short(c.Digest), err)
		}
		if !bytes.Equal(leaf, dsai.Leaf(dsai.LeafKind(leaf[0]), c.Salt, s.Body)) {
			return fmt.Errorf("%s %s: its leaf commits to something else", c.Type, short(c.Digest))
		}
		return n.fsckOutcome(ctx, c)
	})
	return fmt.Sprintf("%d signatures hold, %d artifacts erased", count, erased), err
}

// fsckDocuments recomputes every commitment and derivation root.
func (n *Node) fsckDocuments(ctx context.Context) (string, error) {
	passages := 0
	for _, d := range n.lib.allDocuments() {
		vs, err := n.db.Versions(ctx, d.Num)
		if err != nil {
			return "", err
		}
		for _, v := range vs {
			k, err := n.fsckVersion(ctx, d, v)
			if err != nil {
				return "", fmt.Errorf("document %s: %w", shortID("d", d.ID.Digest), err)
			}
			passages += k
		}
	}
	return fmt.Sprintf("%d passages are what their derivations commit to", passages), nil
}

func (n *Node) fsckVersion(ctx context.Context, d *document, v store.Version) (int, error) {
	raw, err := n.db.Raw(ctx, v.Derivation)
	if err != nil {
		return 0, err
	}
	der, err := vc.Open[dsai.Derivation](raw, dsai.TypeDerivation)
	if err != nil {
		return 0, err
	}
	ps, err := n.db.PassagesOf(ctx, v.Commitment)
	if err != nil {
		return 0, err
	}
	leaves := make([][]byte, len(ps))
	for i, p := range ps {
		leaves[i] = dsai.PassageLeaf(d.ID, i, p.Commitment)
		if d.Secret == nil || p.Body == nil {
			if d.Secret != nil {
				return 0, fmt.Errorf("passage %d has no text", i)
			}
			continue
		}
		if dsai.PassageCommitment(passageSalt(d.Secret, v.Commitment, i), p.Body) != p.Commitment {
			return 0, fmt.Errorf("passage %d is not what was committed to", i)
		}
		var b dsai.PassageBody
		if err := json.Unmarshal(p.Body, &b); err != nil || b.Title != d.Title {
			return 0, errors.Join(fmt.Errorf("passage %d has another title than its document", i), err)
		}
	}
	if s := der.Subject; s.Document != d.ID || s.Version != v.Commitment || s.Passages != v.Passages || s.Language != v.Language {
		return 0, errors.New("a version is listed with another language or number of passages than was derived from it")
	}
	t, err := merkle.New(leaves)
	if err != nil {
		return 0, err
	}
	if root, err := t.Root(); err != nil || root != der.Subject.Root {
		return 0, errors.Join(errors.New("passages do not add up to the derivation's root"), err)
	}
	return len(ps), nil
}

func (n *Node) eachLog(ctx context.Context, f func(epoch int, r *tlog.Reader) error) error {
	l := n.log.current()
	for e := 1; e <= l.epoch; e++ {
		r := l.Reader
		if e != l.epoch {
			var err error
			if r, err = n.closedLog(ctx, e); err != nil {
				return err
			}
		}
		if err := f(e, r); err != nil {
			return fmt.Errorf("log epoch %d: %w", e, err)
		}
	}
	return nil
}

func (n *Node) fsckLog(ctx context.Context) (string, error) {
	var size uint64
	err := n.eachLog(ctx, func(_ int, r *tlog.Reader) error {
		cp, err := r.Checkpoint(ctx)
		size += cp.Size
		return errors.Join(err, r.Fsck(ctx))
	})
	return fmt.Sprintf("%d entries under signed checkpoints", size), err
}

// fsckOutbox compares what was promised with what the log holds, and with the
// artifacts that the leaves commit to.
func (n *Node) fsckOutbox(ctx context.Context) (string, error) {
	matched := 0
	err := n.eachLog(ctx, func(epoch int, r *tlog.Reader) error {
		k, err := n.fsckEpoch(ctx, epoch, r)
		matched += k
		return err
	})
	if err != nil {
		return "", err
	}
	pending, err := n.db.CountPending(ctx)
	return fmt.Sprintf("%d leaves match, %d wait", matched, pending), err
}

// fsckEpoch wants every entry of one log to be an artifact's, and every
// artifact's leaf to be an entry: none lost, none doubled.
func (n *Node) fsckEpoch(ctx context.Context, epoch int, r *tlog.Reader) (matched int, err error) {
	last, any, err := n.db.LastSequenced(ctx, epoch)
	if err != nil {
		return 0, err
	}
	wait, cancel := context.WithTimeout(ctx, waitLog)
	defer cancel()
	l := n.log.current()
	growing := epoch == l.epoch
	if growing && any {
		if err := l.WaitPublished(wait, last); err != nil {
			return 0, err
		}
	}
	var held [][]byte
	if err := r.Leaves(ctx, func(_ uint64, l []byte) error { held = append(held, bytes.Clone(l)); return nil }); err != nil {
		return 0, err
	}
	if growing && len(held) > 0 { // until the outbox knows them too
		if err := l.WaitPublished(wait, uint64(len(held)-1)); err != nil {
			return 0, err
		}
	}
	if any && last >= uint64(len(held)) {
		return 0, fmt.Errorf("entry %d was recorded, and the log ends after %d", last, len(held))
	}
	claimed := make([]bool, len(held))
	err = n.db.Leaves(ctx, epoch, func(i uint64, leaf []byte) error {
		switch {
		case i >= uint64(len(held)):
			return nil // logged since
		case claimed[i]:
			return fmt.Errorf("two artifacts claim entry %d", i)
		case !bytes.Equal(held[i], leaf):
			return fmt.Errorf("entry %d is not the leaf that was promised", i)
		}
		claimed[i] = true
		matched++
		return nil
	})
	if err != nil {
		return matched, err
	}
	// A backup may be older than the end of the log that it closed.
	known, err := n.knownEntries(ctx, epoch, last, any)
	if err != nil {
		return matched, err
	}
	for i, ok := range claimed {
		if !ok && (growing || uint64(i) < known) {
			return matched, fmt.Errorf("entry %d is no artifact's", i)
		}
	}
	return matched, nil
}

// knownEntries is how many entries of a log this home must have the artifacts of,
// when last is the last one of which it has any.
func (n *Node) knownEntries(ctx context.Context, epoch int, last uint64, any bool) (uint64, error) {
	raw, err := n.db.Meta(ctx, metaCopied+strconv.Itoa(epoch))
	switch {
	case err == nil:
		return strconv.ParseUint(string(raw), 10, 64)
	case !isNotFound(err):
		return 0, err
	case any:
		return last + 1, nil
	}
	return 0, nil
}

func (n *Node) fsckIndex(ctx context.Context) (string, error) {
	want, err := n.db.CountPassages(ctx)
	if err != nil {
		return "", err
	}
	have, err := n.ix.Passages()
	if err != nil {
		return "", err
	}
	add, remove, err := n.db.PendingIndex(ctx, 1)
	if err != nil {
		return "", err
	}
	if have != want && len(add)+len(remove) > 0 {
		return "", fmt.Errorf("index holds %d passages, the store %d; changes wait, and the next start makes them", have, want)
	}
	if have != want {
		return "", fmt.Errorf("index holds %d passages, the store %d; remove the folder %s and start again, it is derived data", have, want, n.home.Index())
	}
	return fmt.Sprintf("%d passages", have), nil
}

// fsckOpened reads the journal of answers that have begun again, once the store
// has taken what has ended.
func (n *Node) fsckOpened(ctx context.Context) (string, error) {
	_, _, err := n.db.CountReceipts(ctx)
	if err == nil {
		_, err = durable.ReadJournal(n.home.Opened())
	}
	return fmt.Sprintf("%d answers are being given", n.opened.Len()), err
}
