// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/keys"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/tlog"
	"dsai.example/dsai/internal/verifiable/vc"
)

// BackupReport says what a backup holds.
type BackupReport struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
	Files int    `json:"files"`
	// Models counts the model files that it leaves out: they are public, and large.
	Models int `json:"models"`
}

// Backup writes one compressed archive with everything but the index, which is
// derived. It holds the private keys: whoever reads it can sign as this node and
// as the members whose keys it keeps. The node goes on meanwhile.
func (n *Node) Backup(ctx context.Context, path string) (*BackupReport, error) {
	n.copying.Lock() // keys and database must be of one moment
	defer n.copying.Unlock()
	rep := &BackupReport{Path: path}
	var err error
	if rep.Files, err = n.home.createArchive(ctx, path, n.fillBackup); err != nil {
		return nil, fmt.Errorf("back up: %w", err)
	}
	n.mu.RLock()
	rep.Models = len(n.files)
	n.mu.RUnlock()
	if st, err := os.Stat(path); err == nil {
		rep.Bytes = st.Size()
	}
	return rep, nil
}

func (n *Node) fillBackup(a *archive) error {
	if err := n.backUpState(a); err != nil {
		return err
	}
	return n.backUpLogs(a)
}

// backUpState adds what is small or changes as a whole.
func (n *Node) backUpState(a *archive) error {
	if err := a.add("format", n.home.formatFile()); err != nil {
		return err
	}
	for _, dir := range []string{"keys", "trust"} {
		if err := a.addTree(dir, nil); err != nil {
			return err
		}
	}
	// The database before the log and the statistics: both may only be ahead of
	// what the database knows, as after a crash. What was opened comes before it:
	// what ended meanwhile has its receipt there.
	if err := n.backUpOpened(a); err != nil {
		return err
	}
	copied := n.home.backupDatabase()
	os.Remove(copied)
	defer os.Remove(copied)
	if err := n.db.BackupTo(a.ctx, copied); err != nil {
		return err
	}
	return a.add("dsai.db", copied)
}

// backUpOpened adds the journal while no receipt is being appended: each that is in
// it waits for the store, and so is in the copy of the database that follows.
func (n *Node) backUpOpened(a *archive) error {
	n.log.signing.Lock()
	defer n.log.signing.Unlock()
	return a.add("opened", n.home.Opened())
}

// backUpLogs adds what the copy of the database rests on. A receipt names the log
// that it will stand in, and the restored node may not add to it: so whatever
// waits for the log in that copy must be in the log's.
func (n *Node) backUpLogs(a *archive) error {
	if err := n.logAll(a.ctx, n.log.current()); err != nil {
		return fmt.Errorf("wait for the log: %w", err)
	}
	return errors.Join(a.addTree("statistics", nil), a.addTree("log", nil))
}

// Restore unpacks a backup into a home that does not exist yet and opens a new
// epoch of the log there: what the old node logged after the backup is unknown
// here, so the old log must not be continued. Revocations made after the backup
// are not in it; have the members repeat them.
func Restore(ctx context.Context, archive string, cfg Config) error {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if _, err := os.Stat(string(cfg.Home)); err == nil {
		return fmt.Errorf("restore into %s: %w", cfg.Home, fs.ErrExist)
	}
	if err := os.MkdirAll(filepath.Dir(string(cfg.Home)), 0o700); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	draft, err := os.MkdirTemp(filepath.Dir(string(cfg.Home)), ".dsai-restoring-")
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer os.RemoveAll(draft)
	f, err := os.Open(archive)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer f.Close()
	if err := unpack(f, draft); err != nil {
		return fmt.Errorf("restore %s: %w", archive, err)
	}
	h := Home(draft)
	// Not from a backup: the archive is one.
	if err := h.migrate(ctx, migrations, cfg.say); err != nil {
		return fmt.Errorf("restore %s: %w", archive, err)
	}
	if err := newEpoch(ctx, h, cfg); err != nil {
		return fmt.Errorf("restore %s: open new log epoch: %w", archive, err)
	}
	if err := syncTree(draft); err != nil {
		return fmt.Errorf("restore %s: %w", archive, err)
	}
	return durable.Rename(draft, string(cfg.Home))
}

// syncTree makes the names of all files below dir durable.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = durable.SyncDir(p)
		}
		return err
	})
}

// newEpoch closes the restored log and opens the next one. Leaves that wait and
// are in the restored log stay there; others, of which backups of earlier
// versions can have some, move to the next.
func newEpoch(ctx context.Context, h Home, cfg Config) error {
	if err := os.MkdirAll(h.Trust(), 0o700); err != nil {
		return err
	}
	ring, err := keys.Open(h.Keys())
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, h.Database())
	if err != nil {
		return err
	}
	defer db.Close()
	n := &Node{cfg: cfg, home: h, ring: ring, db: db}
	if err := n.openIdentity(ctx); err != nil {
		return err
	}
	old, err := epochNumber(ctx, db)
	if err != nil {
		return err
	}
	r, err := n.closedLog(ctx, old)
	if err != nil {
		return err
	}
	last, err := r.Checkpoint(ctx)
	if err != nil {
		return err
	}
	left, err := matchLog(ctx, db, old, r)
	if err != nil {
		return fmt.Errorf("match outbox with log: %w", err)
	}
	if left > 0 {
		cfg.say(fmt.Sprintf("%d receipts were not in their log yet when this copy was made; they are in the next one and cannot be verified", left))
	}
	if err := createLog(ctx, h, ring, n.id, old+1, n.logKeyFile()); err != nil {
		return err
	}
	return n.recordEpoch(ctx, max(dsai.At(cfg.Now()), n.keys.history.Last().From), old+1, last)
}

// metaCopied and the number of an epoch name how many entries of its log a
// restored home knew of. What came after may be nobody's here.
const metaCopied = "copied-log/"

// matchLog gives waiting leaves that the log of a closed epoch holds their places
// in it, as the sequencer does after a crash. It returns how many receipts are
// left.
func matchLog(ctx context.Context, db *store.Store, epoch int, r *tlog.Reader) (left int, err error) {
	next := uint64(0)
	last, any, err := db.LastSequenced(ctx, epoch)
	if err != nil {
		return 0, err
	}
	if any {
		next = last + 1
	}
	rows, err := db.Unsequenced(ctx, epoch, math.MaxInt32)
	if err != nil {
		return 0, err
	}
	waiting := map[string]int64{}
	for _, p := range rows {
		waiting[string(p.Leaf)] = p.ID
	}
	var found []tlog.Sequenced
	err = r.Leaves(ctx, func(i uint64, leaf []byte) error {
		if id, ok := waiting[string(leaf)]; ok && i >= next {
			found = append(found, tlog.Sequenced{ID: id, Index: i})
			delete(waiting, string(leaf))
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for leaf := range waiting {
		if k := dsai.LeafKind(leaf[0]); k == dsai.LeafReceipt || k == dsai.LeafRefusal {
			left++
		}
	}
	return left, db.Update(ctx, func(tx *store.Tx) error {
		for _, f := range found {
			if err := tx.Sequence(f.ID, f.Index); err != nil {
				return err
			}
		}
		return tx.SetMeta(metaCopied+strconv.Itoa(epoch), strconv.AppendUint(nil, next, 10))
	})
}

// recordEpoch makes an epoch the current one: its own record comes first in it,
// then what still waits.
func (n *Node) recordEpoch(ctx context.Context, now dsai.Time, epoch int, last tlog.Checkpoint) error {
	signer := n.signerAt(now)
	s, err := vc.Issue(vc.New(dsai.TypeLogEpoch, signer.DID(), dsai.LogEpoch{
		ID: signer.DID(), Coop: n.coop, Node: n.id, Epoch: epoch,
		Last: &dsai.CheckpointRef{Origin: last.Origin, Size: last.Size, Root: dsai.Digest(last.Root)},
	}, now, 0), now, signer)
	if err != nil {
		return err
	}
	return n.db.Update(ctx, func(tx *store.Tx) error {
		tx.OpenEpoch(epoch)
		return errors.Join(tx.Put(record(s, dsai.LeafEpoch, now)), tx.MovePending(epoch), tx.SetMeta(metaEpoch, []byte(strconv.Itoa(epoch))))
	})
}
