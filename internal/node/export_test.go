// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/ed25519"
	"sync/atomic"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/extract"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/internal/view"
)

// Proof retrieves and answers once and returns what then proves an answer like
// it: clear, open, issue and append.
func (n *Node) Proof(ctx context.Context, question string) (func() error, error) {
	ask := func() *pipeline.Request {
		r := &pipeline.Request{ID: dsai.Digest(newSalt()), Question: pipeline.Text(question), Requester: n.Console()}
		r.Requester.Pseudonym = n.pseudonym(r.Requester.Subject.Requester, n.clock.now())
		return r
	}
	c, err := gate{n}.Clear(ctx, ask())
	if err != nil {
		return nil, err
	}
	ev, err := retriever{n}.Retrieve(ctx, c)
	if err != nil {
		return nil, err
	}
	plan, err := placer{n}.Place(ctx, ev)
	if err != nil {
		return nil, err
	}
	out, err := runner{n}.Run(ctx, plan, func(pipeline.Piece) error { return nil })
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx) // as Pipeline.Do records
	return func() error {
		r := ask()
		c, err := gate{n}.Clear(ctx, r)
		if err != nil {
			return err
		}
		e, p, o := *ev, *plan, *out
		e.Clearance, p.Evidence, o.Plan = c, &e, &p
		if err := n.recorder.Open(ctx, &p); err != nil {
			return err
		}
		rec, err := n.issuer.Issue(ctx, &o)
		if err != nil {
			return err
		}
		return n.recorder.Append(ctx, rec)
	}, nil
}

// BundleFor and ReceiptsFor are what the API gives to whoever asks there.
func (n *Node) BundleFor(ctx context.Context, who *pipeline.Requester, ref string) ([]byte, error) {
	return door{n}.Bundle(ctx, who, ref, nil)
}

// ReceiptsFor lists a page of receipts as the API does.
func (n *Node) ReceiptsFor(ctx context.Context, who *pipeline.Requester, p view.Page) ([]view.Receipt, error) {
	return door{n}.Receipts(ctx, who, p)
}

// Migration is one step to the next format.
type Migration = migration

// NewMigration makes a step.
func NewMigration(from int, run func(context.Context, Home) error) Migration {
	return Migration{from, "test", run}
}

// MigrationsFrom lists the formats that this version migrates from.
func MigrationsFrom() (out []int) {
	for _, m := range migrations {
		out = append(out, m.from)
	}
	return out
}

// Migrate takes steps without a backup.
func Migrate(ctx context.Context, h Home, steps []Migration) error {
	return h.migrate(ctx, steps, func(string) {})
}

// Shown is how the pieces of an answer by a class of engines are shown.
func Shown(class dsai.EngineClass, pieces ...pipeline.Piece) string {
	m, out := &marks{class: class}, ""
	for _, p := range pieces {
		out += m.shown(p).Text
	}
	return out
}

// OneLine is the text of an error on one line.
var OneLine = oneLine

// Unpack writes the files of a backup into a folder.
var Unpack = unpack

// SetEngine answers with another engine instead of the quoting one, as which it
// passes for: with Quoting it can hand on to that.
func (n *Node) SetEngine(answer func(ctx context.Context, e *pipeline.Evidence, emit func(pipeline.Piece) error) (*pipeline.Output, error)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.engines = map[string]pipeline.Engine{extract.ModelID: replaced{quoting{n}, answer}}
}

// BackUpWhile is Backup with something that happens between the copies of the
// database and of the log.
func (n *Node) BackUpWhile(ctx context.Context, path string, between func()) error {
	n.copying.Lock()
	defer n.copying.Unlock()
	_, err := n.home.createArchive(ctx, path, func(a *archive) error {
		if err := n.backUpState(a); err != nil {
			return err
		}
		between()
		return n.backUpLogs(a)
	})
	return err
}

// HoldStore keeps everybody from writing to the store until release is called, so
// that the log cannot note what it has taken.
func (n *Node) HoldStore(ctx context.Context) (release func()) {
	held, free := make(chan struct{}), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- n.db.Update(ctx, func(*store.Tx) error { close(held); <-free; return nil })
	}()
	<-held
	return func() { close(free); <-ended }
}

// Pending is how many leaves wait for the log.
func (n *Node) Pending(ctx context.Context) (int, error) { return n.db.CountPending(ctx) }

// Pin pins the statistics of what the index holds now.
func (n *Node) Pin(ctx context.Context) error {
	n.pins.pinning.Lock()
	defer n.pins.pinning.Unlock()
	return n.pinStatistics(ctx)
}

// Quoting is the engine that SetEngine replaces.
func (n *Node) Quoting() pipeline.Engine { return quoting{n} }

type replaced struct {
	quoting
	answer func(ctx context.Context, e *pipeline.Evidence, emit func(pipeline.Piece) error) (*pipeline.Output, error)
}

func (r replaced) Answer(ctx context.Context, e *pipeline.Evidence, emit func(pipeline.Piece) error) (*pipeline.Output, error) {
	return r.answer(ctx, e, emit)
}

// Settle waits until an artifact is in a published checkpoint.
func (n *Node) Settle(ctx context.Context, d dsai.Digest) error { return n.settle(ctx, d) }

// OpenedCount is how much work was begun and has not ended.
func (n *Node) OpenedCount(ctx context.Context) (int, error) {
	_, _, err := n.db.CountReceipts(ctx) // which has the store take what has ended
	return n.opened.Len(), err
}

// Quoted is how many code points of a document the console was quoted.
func (n *Node) Quoted(ctx context.Context, d dsai.DocumentID) (int, error) {
	if _, _, err := n.db.CountReceipts(ctx); err != nil { // which has the store take what has ended
		return 0, err
	}
	return n.db.Quoted(ctx, n.console.Subject.Requester, d)
}

// Begin carries a question as far as the opened record, where a crash would leave it.
func (n *Node) Begin(ctx context.Context, question string) error {
	r := &pipeline.Request{ID: dsai.Digest(newSalt()), Question: pipeline.Text(question), Requester: n.Console()}
	c, err := gate{n}.Clear(ctx, r)
	if err != nil {
		return err
	}
	e, err := retriever{n}.Retrieve(ctx, c)
	if err != nil {
		return err
	}
	p, err := placer{n}.Place(ctx, e)
	if err != nil {
		return err
	}
	return n.recorder.Open(ctx, p)
}

// SignRevocation signs, with the founder's key, a revocation of a consent that
// takes effect at a time of the caller's choice.
func (n *Node) SignRevocation(consent dsai.Digest, effective dsai.Time) ([]byte, error) {
	m := n.lib.member(n.charter.Subject.Founder)
	now := n.clock.now()
	signer, err := n.memberSigner(m, now)
	if err != nil {
		return nil, err
	}
	s, err := vc.Issue(vc.New(dsai.TypeRevocation, signer.DID(), dsai.Revocation{
		ID: signer.DID(), Member: m.ID, Coop: n.coop, Consent: consent, Effective: effective,
	}, now, 0), now, signer)
	return s.Raw, err
}

// HoldChanges makes all that changes documents wait until release is called.
func (n *Node) HoldChanges() (release func()) {
	n.change.Lock()
	return n.change.Unlock
}

// Held is how many requests hold back what they may quote.
func (n *Node) Held() int {
	n.quota.mu.Lock()
	defer n.quota.mu.Unlock()
	return len(n.quota.held)
}

// SubmitConsentFor is what the API does with a consent or an addition.
func (n *Node) SubmitConsentFor(ctx context.Context, raw []byte) (dsai.Digest, error) {
	return door{n}.SubmitConsent(ctx, raw)
}

// Reload reads the library again, as every change of the store makes it do.
func (n *Node) Reload(ctx context.Context) error { return n.lib.reload(ctx, n.db) }

// CatchUp lets a clock reach so far ahead of the machine's and waits for it.
func CatchUp(ctx context.Context, ahead time.Duration) error {
	c := &clock{own: time.Now}
	c.reach(dsai.At(time.Now()).Add(ahead))
	return c.catchUp(ctx)
}

// Named is by which names a node is reached.
var Named = named

// ForgetPrompts forgets prompts under a consent, and returns how many there were.
func (n *Node) ForgetPrompts(consent dsai.Digest) int { return n.run.Purge(consent) }

// SetModelMemory lets models have so many bytes. None may be there yet.
func (n *Node) SetModelMemory(bytes int64) {
	n.run.Close()
	n.run = engine.New(engine.Config{Memory: bytes})
}

// QueueOf names the queue in which questions to a model wait.
func (n *Node) QueueOf(model string) string { return n.queueOf(model) }

// OnModelsRead runs f, once, between reading which models there are and making their engines.
func (n *Node) OnModelsRead(f func()) {
	var ran atomic.Bool
	n.modelsRead = func() {
		if ran.CompareAndSwap(false, true) {
			f()
		}
	}
}

// ReceiptSigner and LogKey are what the node signs receipts and checkpoints with,
// for tests of what it could sign if it lied.
func (n *Node) ReceiptSigner() vc.Signer { return n.signerAt(n.clock.now()) }

// LogKey signs the checkpoints of the open log.
func (n *Node) LogKey() (ed25519.PrivateKey, error) { return n.ring.Ed25519(n.logKeyFile()) }

// OnAddition runs f when an addition has seen what was withdrawn, and signs next.
func (n *Node) OnAddition(f func()) { n.hooks.looked = f }

// OnWithdrawal runs f, once, when a withdrawal was asked for and waits for its turn.
func (n *Node) OnWithdrawal(f func()) {
	var ran atomic.Bool
	n.hooks.asked = func() {
		if ran.CompareAndSwap(false, true) {
			f()
		}
	}
}

// OnRewrite has f happen instead of the rewriting of the database; nil: that again.
func (n *Node) OnRewrite(f func(context.Context) error) { n.hooks.rewrite = f }
