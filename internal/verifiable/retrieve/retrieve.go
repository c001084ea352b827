// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package retrieve finds the passages that a question may be answered from. It
// keeps an inverted index of terms, pins the statistics that the ranking of
// package rank is defined over, and searches under a permit that is asked inside
// the candidate loop.
//
// It never keeps or returns text, never decides about consent, and never lets a
// passage that is not permitted influence the rank of one that is. bleve supplies
// analysis and postings; none of its types, scores or counts leave this package.
// The node and benchmarks may import it; auditors may import its Lexicon.
//
// Vectors: a second source of candidates would join in view.search, beside the
// postings, as another []rank.Candidate that has passed the same permit, before
// rank.Choose. Its scores need their own integer definition and ranking id.
package retrieve

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"dsai.example/dsai/internal/durable"
	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
)

// Errors that callers branch on.
var (
	ErrDamaged = errors.New("index is damaged")
	ErrClosed  = errors.New("index is closed")
)

// Index is an inverted index in one directory, owned by one process. All methods
// may be called at once; searches do not wait for changes.
type Index struct {
	dir      string
	analysis *index.AnalysisQueue
	scorch   *scorch.Scorch

	change   sync.Mutex // held by what changes the index or its view
	sequence uint64     // changes applied so far; guarded by change

	mu       sync.RWMutex // guards what follows; taken inside change
	view     *view        // nil when closed
	segments map[uint64]*columns

	scratch sync.Pool // of *scratch, one per running search
}

// Create makes an empty index in dir, which must not exist, and opens it.
func Create(dir string) (*Index, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create index: %w", err)
	}
	if err := os.Mkdir(filepath.Join(dir, postingsDir), 0o700); err != nil {
		return nil, fmt.Errorf("create index: %w", err)
	}
	ix, err := open(dir)
	if err != nil {
		return nil, fmt.Errorf("create index: %w", err)
	}
	for _, d := range []string{filepath.Join(dir, postingsDir), dir, filepath.Dir(dir)} {
		if err := durable.SyncDir(d); err != nil {
			return nil, errors.Join(fmt.Errorf("create index: %w", err), ix.Close())
		}
	}
	return ix, nil
}

// Open opens the index in dir, which must exist; see Create. An index that is
// not readable is reported as ErrDamaged: it is derived data, so the node may
// remove it and add its passages again.
func Open(dir string) (*Index, error) {
	if _, err := os.Stat(filepath.Join(dir, postingsDir, "root.bolt")); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			if _, err := os.Stat(dir); err == nil {
				return nil, fmt.Errorf("open index: %w: no postings", ErrDamaged)
			}
		}
		return nil, fmt.Errorf("open index: %w", err)
	}
	ix, err := open(dir)
	if err != nil {
		return nil, fmt.Errorf("open index: %w", err)
	}
	return ix, nil
}

const postingsDir = "postings"

func open(dir string) (*Index, error) {
	removed, err := removeDamaged(filepath.Join(dir, postingsDir))
	if err != nil {
		return nil, err
	}
	queue := index.NewAnalysisQueue(runtime.GOMAXPROCS(0))
	postings, err := openScorch(filepath.Join(dir, postingsDir), queue)
	if err != nil {
		queue.Close()
		if len(removed) > 0 {
			err = fmt.Errorf("%w: checksum of %s: %w", ErrDamaged, strings.Join(removed, ", "), err)
		}
		return nil, err
	}
	ix := &Index{dir: dir, analysis: queue, scorch: postings, segments: map[uint64]*columns{}}
	if err := ix.checkSequence(); err != nil {
		return nil, errors.Join(err, ix.Close())
	}
	if err := ix.refresh(); err != nil {
		return nil, errors.Join(err, ix.Close())
	}
	return ix, nil
}

// openScorch opens bleve's store. bleve panics on some damaged files; a node must
// be able to say so, let go of the lock, and rebuild.
func openScorch(path string, queue *index.AnalysisQueue) (_ *scorch.Scorch, err error) {
	opened, err := scorch.NewScorch(scorch.Name, map[string]any{
		"path":               path,
		"numSnapshotsToKeep": 1,
		"bolt_timeout":       "1s", // a second process gets an error instead of hanging on the lock
	}, queue)
	if err != nil {
		return nil, err
	}
	s := opened.(*scorch.Scorch)
	defer func() {
		if p := recover(); p != nil {
			err = errors.Join(fmt.Errorf("%w: %v", ErrDamaged, p), s.Close())
		}
	}()
	return s, s.Open()
}

// sequenceKey names, inside bleve, the number of changes applied so far. The file
// sequenceFile says how many were acknowledged. bleve falls back to an older
// snapshot, or to none, when it cannot read the newest: passages would be missing
// without a word.
var sequenceKey = []byte("sequence")

const sequenceFile = "sequence"

func (ix *Index) checkSequence() error {
	r, err := ix.scorch.Reader()
	if err != nil {
		return err
	}
	value, err := r.GetInternal(sequenceKey)
	if err = errors.Join(err, r.Close()); err != nil {
		return err
	}
	if len(value) == 8 {
		ix.sequence = binary.BigEndian.Uint64(value)
	}
	data, err := os.ReadFile(filepath.Join(ix.dir, sequenceFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was acknowledged yet
	}
	if err != nil {
		return err
	}
	want, err := strconv.ParseUint(string(data), 10, 64)
	if err != nil || ix.sequence < want {
		return fmt.Errorf("%w: holds %d of %.20q changes", ErrDamaged, ix.sequence, data)
	}
	return nil
}

// removeDamaged removes, before bleve opens them, the segments whose end is not
// the CRC-32 of the rest: bleve writes it and itself never looks at it. Without it
// a flipped bit would be a wrong answer, a crash while searching, or more memory
// than there is. What a crash left unfinished belongs to no snapshot and is not
// missed; of what does, bleve or checkSequence says so. Nobody else may write.
func removeDamaged(dir string) (removed []string, err error) {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // a new index
	}
	for _, f := range files {
		if filepath.Ext(f.Name()) != ".zap" {
			continue
		}
		path := filepath.Join(dir, f.Name())
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if n := len(data) - 4; n >= 0 && crc32.ChecksumIEEE(data[:n]) == binary.BigEndian.Uint32(data[n:]) {
			continue
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
		removed = append(removed, f.Name())
	}
	return removed, err
}

// Close waits for running changes, and releases the index. Searches that run end
// normally; later calls return ErrClosed.
func (ix *Index) Close() error {
	ix.change.Lock()
	defer ix.change.Unlock()
	if ix.scorch == nil {
		return nil
	}
	ix.mu.Lock()
	old := ix.view
	ix.view, ix.segments = nil, nil
	ix.mu.Unlock()
	var err error
	if old != nil {
		err = old.release()
	}
	err = errors.Join(err, ix.scorch.Close())
	ix.analysis.Close()
	ix.scorch = nil
	return err
}

// Change is a set of passages to add and to remove. It takes effect as a whole.
type Change struct {
	Add    []Passage // a passage whose ID is there already is replaced
	Remove []uint64  // IDs; those that are not there are ignored
}

// Apply makes a change durable: when it returns nil the change is on disk,
// synced, and seen by every later search. After an error the change may be there
// or not, as a whole; applying it again is harmless. Statistics are unchanged
// until Pin. A bigger change costs less per passage; about 1,000 is good.
func (ix *Index) Apply(ctx context.Context, c Change) error {
	ix.change.Lock()
	defer ix.change.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("apply change: %w", err)
	}
	if ix.scorch == nil {
		return fmt.Errorf("apply change: %w", ErrClosed)
	}
	batch := index.NewBatch()
	for _, id := range c.Remove {
		batch.Delete(key(id))
	}
	for i := range c.Add {
		p := &c.Add[i]
		if analyzers[p.Field] == nil {
			return fmt.Errorf("apply change: passage %d: no field %.20q", p.ID, p.Field)
		}
		batch.Update(newDocument(p))
	}
	if len(batch.IndexOps) == 0 {
		return nil
	}
	ix.sequence++
	batch.SetInternal(sequenceKey, binary.BigEndian.AppendUint64(nil, ix.sequence))
	if err := ix.scorch.Batch(batch); err != nil {
		return fmt.Errorf("apply change: %w", err)
	}
	// bleve syncs its files, not the directory that names them.
	if err := durable.SyncDir(filepath.Join(ix.dir, postingsDir)); err != nil {
		return fmt.Errorf("apply change: %w", err)
	}
	if err := durable.WriteFile(filepath.Join(ix.dir, sequenceFile), strconv.AppendUint(nil, ix.sequence, 10), 0o600); err != nil {
		return fmt.Errorf("apply change: %w", err)
	}
	return ix.refresh()
}

// Merge joins all segments into one and lets go of the space of what was
// removed. It changes no result; searches over few segments are faster.
func (ix *Index) Merge(ctx context.Context) error {
	ix.change.Lock()
	defer ix.change.Unlock()
	if ix.scorch == nil {
		return fmt.Errorf("merge index: %w", ErrClosed)
	}
	if err := ix.scorch.ForceMerge(ctx, nil); err != nil {
		return fmt.Errorf("merge index: %w", err)
	}
	return ix.refresh()
}

// Passages returns how many passages the index holds.
func (ix *Index) Passages() (int, error) {
	v, err := ix.acquire()
	if err != nil {
		return 0, err
	}
	n := 0
	for i := range v.segments {
		n += v.segments[i].live()
	}
	return n, v.release()
}
