// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/retrieve"
	"dsai.example/dsai/internal/verifiable/vc"
)

// pins is what a node knows of its pinned statistics: those in use, and which of
// the others must stay. Statistics are pinned at the first question after the
// index changed. They hold the library's words, so a file stays for as long as
// answers can be made again by it, and no longer: when a receipt names it, or one
// may yet, and it counts no document that was forgotten.
type pins struct {
	files retrieve.Epochs

	pinning sync.Mutex // held while statistics are pinned or removed; taken after copying and change

	mu      sync.Mutex // guards what follows
	now     ranking    // pinned last; zero when there are none
	counted uint64     // the change of the index up to which now counts
	changed uint64     // the last change of the index
	asking  map[dsai.Digest]asking
	marks   map[dsai.Digest]mark // by credential
}

// ranking is pinned statistics with their credential.
type ranking struct {
	*retrieve.Epoch
	credential dsai.Digest
}

// asking is a request that is being answered.
type asking struct {
	root   dsai.Digest // of the statistics that rank it
	opened bool        // its receipt will name them, if need be after a crash
}

// mark says of statistics that a receipt names them, or that they count a
// document that was forgotten.
type mark struct {
	root      dsai.Digest
	forgotten bool
}

// Names of meta values.
const (
	metaIndexed = "index-changes"      // number of the last change of the index
	metaCounted = "statistics-counted" // number of the last one that the statistics in use count
	metaNamed   = "statistics-named"   // there once every receipt's statistics have a mark
	metaMark    = "statistics/"        // begins the name of a mark; the credential's digest follows
)

// Words, so that no flipped bit makes one of the other.
const (
	markNamed     = "named "
	markForgotten = "forgotten "
)

// meta is how a mark is kept.
func (m mark) meta(credential dsai.Digest) (key string, value []byte) {
	word := markNamed
	if m.forgotten {
		word = markForgotten
	}
	return metaMark + credential.String(), append([]byte(word), m.root[:]...)
}

func parseMark(key string, value []byte) (credential dsai.Digest, m mark, err error) {
	credential, err = dsai.ParseDigest(strings.TrimPrefix(key, metaMark))
	root, named := bytes.CutPrefix(value, []byte(markNamed))
	if !named {
		root, m.forgotten = bytes.CutPrefix(value, []byte(markForgotten))
	}
	if err != nil || !named && !m.forgotten || len(root) != len(m.root) {
		return credential, m, fmt.Errorf("read mark %q: %w", key, dsai.ErrSyntax)
	}
	m.root = dsai.Digest(root)
	return credential, m, nil
}

// newPins makes what openStatistics fills in.
func newPins(h Home) *pins {
	return &pins{files: retrieve.Epochs(h.Statistics()), asking: map[dsai.Digest]asking{}, marks: map[dsai.Digest]mark{}}
}

// statistics returns those that rank a request. They are pinned now if the index
// changed since the last time: a watch that nobody asks beside pins none.
func (n *Node) statistics(ctx context.Context, request dsai.Digest) (ranking, error) {
	if r, ok := n.pins.take(request); ok {
		return r, nil
	}
	n.pins.pinning.Lock()
	defer n.pins.pinning.Unlock()
	if r, ok := n.pins.take(request); ok { // pinned for another request meanwhile
		return r, nil
	}
	// Others wait for them, whoever goes away.
	if err := n.pinStatistics(context.WithoutCancel(ctx)); err != nil {
		return ranking{}, err
	}
	return n.pins.hold(request), nil
}

// pinEvery is how often statistics are pinned that nobody waits for.
const pinEvery = 30 * time.Second

// pinAhead pins statistics before somebody asks by them, at a start and some time
// after the index changed: with a large library that takes a second.
func (n *Node) pinAhead(ctx context.Context) error {
	t := time.NewTicker(pinEvery)
	defer t.Stop()
	for {
		var nobody dsai.Digest
		if _, err := n.statistics(ctx, nobody); err != nil && ctx.Err() == nil {
			n.slog.WarnContext(ctx, "statistics are not pinned yet: the next question tries again", "error", err)
		}
		n.pins.settle(nobody)
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// take is hold unless the index changed since the statistics were pinned.
func (p *pins) take(request dsai.Digest) (ranking, bool) {
	p.mu.Lock()
	fresh := p.now.Epoch != nil && p.counted == p.changed
	p.mu.Unlock()
	if !fresh {
		return ranking{}, false
	}
	r := p.hold(request)
	return r, r.Epoch != nil
}

// hold keeps the statistics in use for a request; see drop.
func (p *pins) hold(request dsai.Digest) ranking {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now.Epoch != nil {
		p.asking[request] = asking{root: p.now.Statistics().Root}
	}
	return p.now
}

// open notes that what ranked a request is on disk with it.
func (p *pins) open(request dsai.Digest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a, ok := p.asking[request]; ok {
		a.opened = true
		p.asking[request] = a
	}
}

// settle lets go of what ranked a request: it has its receipt.
func (p *pins) settle(request dsai.Digest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.asking, request)
}

// drop lets go of what ranked a request that never got as far as its engine.
func (p *pins) drop(request dsai.Digest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a, ok := p.asking[request]; ok && !a.opened {
		delete(p.asking, request)
	}
}

// indexed notes the last change of the index.
func (p *pins) indexed(change uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changed = max(p.changed, change)
}

// needed tells which statistics must stay, by their roots.
func (p *pins) needed() func(root dsai.Digest) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	keep := map[dsai.Digest]bool{}
	if p.now.Epoch != nil {
		keep[p.now.Statistics().Root] = true
	}
	for _, a := range p.asking {
		keep[a.root] = true
	}
	for _, m := range p.marks {
		keep[m.root] = !m.forgotten
	}
	return func(root dsai.Digest) bool { return keep[root] }
}

// pinStatistics counts what the index holds now, signs the numbers and logs
// them. Answers from here on are ranked by them, and what nothing names goes. The
// caller holds pinning.
func (n *Node) pinStatistics(ctx context.Context) error {
	p := n.pins
	p.mu.Lock()
	counted := p.changed
	p.mu.Unlock()
	e, err := n.ix.Pin(ctx, p.files, newSalt())
	if err != nil {
		return err
	}
	s := e.Statistics()
	now := n.clock.now()
	signer := n.signerAt(now)
	s.ID, s.Coop, s.Node = signer.DID(), n.coop, n.id
	c, err := vc.Issue(vc.New(dsai.TypeStatistics, signer.DID(), s, now, 0), now, signer)
	if err != nil {
		return fmt.Errorf("pin statistics: %w", err)
	}
	err = n.db.Update(ctx, func(tx *store.Tx) error {
		return errors.Join(tx.Put(record(c, dsai.LeafStatistics, now)), tx.SetMeta(metaStats, c.Digest[:]),
			tx.SetMeta(metaCounted, strconv.AppendUint(nil, counted, 10)))
	})
	if err != nil {
		return fmt.Errorf("pin statistics: %w", err)
	}
	n.log.wake()
	p.mu.Lock()
	p.now, p.counted = ranking{e, c.Digest}, counted
	p.mu.Unlock()
	if n.copying.TryLock() { // else a backup or fsck reads them: the next time will do
		defer n.copying.Unlock()
		n.dropStatistics(ctx)
	}
	return nil
}

// dropStatistics removes what nothing needs any more. What cannot be removed now
// is removed another time. The caller holds pinning and copying.
func (n *Node) dropStatistics(ctx context.Context) {
	if err := n.pins.files.Retain(n.pins.needed()); err != nil {
		n.slog.WarnContext(ctx, "statistics that nothing names stay for now", "error", err)
	}
}

// naming returns the mark to record with a receipt that names statistics, nil
// when they have one.
func (n *Node) naming(ctx context.Context, credential dsai.Digest) (*mark, error) {
	n.pins.mu.Lock()
	_, marked := n.pins.marks[credential]
	n.pins.mu.Unlock()
	if marked || credential.IsZero() {
		return nil, nil
	}
	raw, err := n.db.Raw(ctx, credential)
	if isNotFound(err) {
		return nil, nil // there is nothing to keep, and fsck says so
	}
	if err != nil {
		return nil, err
	}
	c, err := vc.Open[dsai.Statistics](raw, dsai.TypeStatistics)
	return &mark{root: c.Subject.Root}, err
}

// named notes a mark that is recorded. One that says forgotten stays.
func (p *pins) named(credential dsai.Digest, m *mark) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, marked := p.marks[credential]; m != nil && !marked {
		p.marks[credential] = *m
	}
}

// counting returns marks for the statistics that may count a document's words:
// those that were pinned since it came and are still here.
func (n *Node) counting(ctx context.Context, d *document) (map[dsai.Digest]mark, error) {
	out := map[dsai.Digest]mark{}
	if d.Secret == nil {
		return out, nil // they went with it
	}
	rows, err := n.db.SinceDocument(ctx, dsai.TypeStatistics, d.Num)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		c, err := vc.Open[dsai.Statistics](r.Raw, dsai.TypeStatistics)
		if err != nil {
			return nil, err
		}
		if n.pins.files.Has(c.Subject.Root) {
			out[c.Digest] = mark{c.Subject.Root, true}
		}
	}
	return out, nil
}

// of returns the mark of statistics, and whether they are those in use.
func (p *pins) of(credential dsai.Digest) (m mark, marked, used bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, marked = p.marks[credential]
	return m, marked, p.now.credential == credential
}

// any reports whether there are statistics in use.
func (p *pins) any() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now.Epoch != nil
}

// forget gives up statistics that were marked as forgotten.
func (p *pins) forget(gone map[dsai.Digest]mark) {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.Copy(p.marks, gone)
	if _, ok := gone[p.now.credential]; ok {
		p.now = ranking{}
	}
}
