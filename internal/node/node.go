// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package node is one node of a co-op: it constructs, starts, drains and closes
// everything in order, joins the layers at the pipeline's seams, and carries
// out what people ask of it. It is the only package that knows all others.
// Commands and tests import it; nothing else does.
package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/keys"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/receipt"
	"dsai.example/dsai/internal/verifiable/retrieve"
	"dsai.example/dsai/internal/verifiable/vc"
)

// Config says how to run a node. Zero values choose the defaults.
type Config struct {
	// Home is the node's directory; "" = DefaultHome.
	Home Home
	// Region is the ISO 3166 code of where the node runs; "" = not stated.
	Region string
	// Version is shown in status.
	Version string
	// Logger gets what operators should know; nil discards it.
	Logger *slog.Logger
	// Now is the machine's clock; nil = time.Now.
	Now func() time.Time
	// Say gets a line for people when opening takes longer than usual: another
	// process has the home, or it is migrated; nil discards it.
	Say func(line string)
}

func (c Config) say(line string) {
	if c.Say != nil {
		c.Say(line)
	}
}

// Node is an open home. It is safe for concurrent use.
type Node struct {
	cfg    Config
	home   Home
	slog   *slog.Logger
	unlock func() error

	ring       *keys.Ring
	keys       nodeKeys
	pseudonyms []byte
	macKey     []byte

	db     *store.Store
	ix     *retrieve.Index
	run    *engine.Engine // of model files; loads none before it is asked
	pins   *pins
	log    *nodeLog
	opened *durable.Journal // of answers that have begun, and of outcomes that the store has not yet

	coop    dsai.CoopID
	id      dsai.NodeID
	charter vc.Sealed[dsai.Charter]
	self    vc.Sealed[dsai.NodeInception]
	console *pipeline.Requester

	policy  atomic.Pointer[policyInForce]
	earlier sync.Map // digest -> *policy.Policy that was in force since the node opened

	clock    *clock
	status   *statusLists
	lib      *library
	issuer   *receipt.Issuer
	pipe     *pipeline.Pipeline
	recorder recorder
	sessions *sessions // of the pages; nil unless serving

	change   turn       // serialises what changes documents and the index
	revoking sync.Mutex // serialises what members say (revocations, consents, additions), and the storing of documents between; taken after change, before keys.mu
	copying  sync.Mutex // held while keys change, and by what must not see that: backups, which share a temporary file, and fsck
	adopting sync.Mutex // serialises adoptions of policies
	modeling sync.Mutex // held while a model file is added, and while those that no model has are swept away
	offering sync.Mutex // held from a change of the models in the store until the engines are those; taken after modeling

	forgotten  sync.Map // number of each document forgotten since the node opened; see recorder.Append
	quota      quota
	requesters sync.Map // digest of an undertaking -> *pipeline.Requester, opened once

	mu      sync.RWMutex // guards what follows
	engines map[string]pipeline.Engine
	shared  map[string]bool // engines beyond this machine
	files   map[string]*modelFile

	modelsRead func() // between reading the models and making their engines; nil except in tests
	hooks      hooks

	started dsai.Time
	listen  string
}

// hooks are where tests have something happen; nil elsewhere.
type hooks struct {
	looked func() // an addition has seen what was withdrawn, and signs next
	asked  func() // a withdrawal was asked for, and waits for its turn

	rewrite func(context.Context) error // instead of the store's
}

// Open opens a home for this process alone. It waits a few seconds for another
// to finish, then returns ErrInUse. What a crash interrupted is completed before
// it returns.
func Open(ctx context.Context, cfg Config) (*Node, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if _, err := cfg.Home.format(); err != nil {
		return nil, err
	}
	if err := cfg.Home.mine(); err != nil {
		return nil, err
	}
	n := &Node{cfg: cfg, home: cfg.Home, slog: cfg.Logger, pins: newPins(cfg.Home),
		change: newTurn(), quota: quota{held: map[dsai.Digest]*holding{}}}
	if err := n.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open node: %w", err), n.Close())
	}
	return n, nil
}

// open acquires in order; Close releases in reverse.
func (n *Node) open(ctx context.Context) (err error) {
	// The lock first: nothing below may be touched by two processes.
	if n.unlock, err = n.home.lock(ctx, lockWait, func() { n.cfg.say("waiting for another dsai in this home to finish") }); err != nil {
		return err
	}
	if err := n.home.upgrade(ctx, n.cfg.say); err != nil {
		return err
	}
	if err := n.openKeys(); err != nil {
		return err
	}
	// A backup that was killed left a copy of all text here.
	if err := ignoreMissing(os.Remove(n.home.backupDatabase())); err != nil {
		return err
	}
	if n.db, err = store.Open(ctx, n.home.Database()); err != nil {
		return err
	}
	if err := n.checkSecrets(ctx); err != nil {
		return err
	}
	if err := n.openIdentity(ctx); err != nil {
		return err
	}
	if n.clock, err = newClock(ctx, n.db, n.cfg.Now); err != nil {
		return err
	}
	// Keys come into force a second after they were changed: a start in between
	// goes on from there.
	n.clock.reach(n.keys.history.Last().From)
	n.recorder = recorder{n}
	if err := n.recorder.repeat(ctx); err != nil {
		return err
	}
	// The log before anything signs: receipts name its latest checkpoint.
	if n.log, err = openLog(ctx, n); err != nil {
		return err
	}
	if err := n.finishTurn(ctx); err != nil {
		return err
	}
	n.status = &statusLists{db: n.db, coop: n.coop, node: n.id, signer: n.signerAt, wake: n.log.wake}
	if n.lib, err = loadLibrary(ctx, n.db, n.status); err != nil {
		return err
	}
	n.status.ended = func(consent dsai.Digest, now dsai.Time) bool {
		g := n.lib.grant(consent)
		return g != nil && now > g.Consent.ValidUntil
	}
	if err := n.destroyMemberKeys(); err != nil {
		return err
	}
	if err := n.once(ctx, metaTraces, n.forgetTraces); err != nil {
		return err
	}
	n.run = newEngine(n.slog)
	if err := n.openEngines(ctx); err != nil {
		return err
	}
	if err := n.openIndex(ctx); err != nil {
		return err
	}
	n.issuer = &receipt.Issuer{
		Coop: n.coop, Node: n.id, Region: n.cfg.Region, Signer: n.signerAt, Now: n.clock.now, NewSalt: newSalt,
		Log: n.log.latest, Policy: n.policyNames,
	}
	n.pipe = &pipeline.Pipeline{Gate: gate{n}, Retriever: retriever{n}, Placer: placer{n}, Runner: runner{n}, Issuer: n.issuer, Log: n.recorder,
		Signing: n.log.signing.RLocker()}
	if err := n.recorder.recover(ctx); err != nil {
		return err
	}
	n.dropStatistics(ctx) // after what was interrupted has its receipts
	return n.finishForgetting(ctx)
}

// newEngine makes what runs model files in this process.
func newEngine(log *slog.Logger) *engine.Engine {
	e := engine.New(engine.Config{Log: log})
	e.LimitProcess()
	return e
}

func (n *Node) openKeys() (err error) {
	if n.ring, err = keys.Open(n.home.Keys()); err != nil {
		return err
	}
	if n.macKey, err = n.ring.Secret(secretMAC); err != nil {
		return err
	}
	n.pseudonyms, err = n.ring.Secret(secretPseudonym)
	return err
}

// checkSecrets notices a secret that changed: with another one nothing fails,
// copies are just not found any more.
func (n *Node) checkSecrets(ctx context.Context) error {
	for name, secret := range map[string][]byte{secretMAC: n.macKey, secretPseudonym: n.pseudonyms} {
		key, want := "secret-"+name, dsai.Hash("secret", secret)
		have, err := n.db.Meta(ctx, key)
		switch {
		case isNotFound(err):
			err = n.db.Update(ctx, func(tx *store.Tx) error { return tx.SetMeta(key, want[:]) })
		case err == nil && !bytes.Equal(have, want[:]):
			err = fmt.Errorf("secret %s is not the one that this home began with", name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// openIdentity reads who this node is and which policy is in force.
func (n *Node) openIdentity(ctx context.Context) error {
	raw, err := n.metaCredential(ctx, metaCharter)
	if err != nil {
		return err
	}
	if n.charter, err = vc.Open[dsai.Charter](raw, dsai.TypeCharter); err != nil {
		return err
	}
	if n.coop, err = vc.CharterID(n.charter.Subject); err != nil {
		return err
	}
	if raw, err = n.metaCredential(ctx, metaNode); err != nil {
		return err
	}
	if n.self, err = vc.Open[dsai.NodeInception](raw, dsai.TypeNodeInception); err != nil {
		return err
	}
	if n.id, err = vc.NodeID(n.self.Subject); err != nil {
		return err
	}
	if err := n.loadKeys(ctx); err != nil {
		return err
	}
	if raw, err = n.metaCredential(ctx, metaConsole); err != nil {
		return err
	}
	if n.console, err = requester(raw); err != nil {
		return err
	}
	n.console.Entitled = true
	return n.openPolicy(ctx)
}

func (n *Node) metaCredential(ctx context.Context, key string) ([]byte, error) {
	d, err := n.db.Meta(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	if len(d) != len(dsai.Digest{}) {
		return nil, fmt.Errorf("read %s: %d bytes", key, len(d))
	}
	return n.db.Raw(ctx, dsai.Digest(d))
}

// requester opens an undertaking.
func requester(raw []byte) (*pipeline.Requester, error) {
	u, err := vc.Open[dsai.Undertaking](raw, dsai.TypeUndertaking)
	if err != nil {
		return nil, err
	}
	return &pipeline.Requester{Raw: u.Raw, Digest: u.Digest, Subject: u.Subject, From: u.ValidFrom, Until: u.ValidUntil}, nil
}

// Close releases everything in the reverse of Open. Call it after Run has
// returned, or instead of Run.
func (n *Node) Close() error {
	var errs []error
	if n.run != nil {
		n.run.Close() // nothing is answered any more
	}
	if n.log != nil {
		errs = append(errs, n.log.close(n.db)) // waits until what was promised is in the log
	}
	if n.clock != nil {
		errs = append(errs, n.clock.save(context.Background(), 0))
	}
	if n.ix != nil {
		errs = append(errs, n.ix.Close())
	}
	if n.db != nil {
		errs = append(errs, n.db.Close())
	}
	if n.opened != nil { // what it held for the store, the store has now
		errs = append(errs, n.opened.Close())
	}
	if n.unlock != nil {
		errs = append(errs, n.unlock())
	}
	return errors.Join(errs...)
}

// Run keeps the node running until ctx ends: what has to happen by itself, and
// the services handed in, each blocking until its context ends. The first error
// ends all.
func (n *Node) Run(ctx context.Context, services ...func(context.Context) error) error {
	n.mu.Lock()
	n.started = n.clock.now()
	n.mu.Unlock()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return n.tend(ctx) })
	g.Go(func() error { return n.pinAhead(ctx) })
	g.Go(func() error { return n.log.failed(ctx) })
	for _, s := range services {
		g.Go(func() error { return s(ctx) })
	}
	return g.Wait()
}

// tend does what is due every few seconds.
func (n *Node) tend(ctx context.Context) error {
	t := time.NewTicker(storeEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			n.keys.forget(n.clock.moment().Now)
			if err := n.clock.save(ctx, storeEvery); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// Ask carries one question down the request path.
func (n *Node) Ask(ctx context.Context, r *pipeline.Request, emit func(pipeline.Piece) error) (*pipeline.Receipt, error) {
	r.Received = n.clock.now()
	if r.ID.IsZero() {
		r.ID = dsai.Digest(newSalt())
	}
	r.Requester.Pseudonym = n.pseudonym(r.Requester.Subject.Requester, r.Received)
	defer n.quota.drop(r.ID)
	defer n.pins.drop(r.ID)
	return n.pipe.Do(ctx, r, emit)
}

// Console is who asks at the node's own socket: its operator.
func (n *Node) Console() pipeline.Requester { return *n.console }

func epochNumber(ctx context.Context, db *store.Store) (int, error) {
	b, err := db.Meta(ctx, metaEpoch)
	if err != nil {
		return 0, fmt.Errorf("read epoch: %w", err)
	}
	return strconv.Atoi(string(b))
}

// openIndex opens the index, or makes it again when it is damaged or gone, and
// brings it up to the store.
func (n *Node) openIndex(ctx context.Context) error {
	var err error
	n.ix, err = retrieve.Open(n.home.Index())
	switch {
	case errors.Is(err, os.ErrNotExist): // such as after a restore: no backup has it
		n.slog.InfoContext(ctx, "making the index from the stored passages")
		err = n.rebuildIndex(ctx)
	case errors.Is(err, retrieve.ErrDamaged):
		n.slog.WarnContext(ctx, "index is damaged; making it again from the stored passages", "error", err)
		err = n.rebuildIndex(ctx)
	}
	if err != nil {
		return err
	}
	if err := n.catchUpIndex(ctx); err != nil {
		return err
	}
	return n.openStatistics(ctx)
}

// rebuildIndex starts from an empty index; catchUpIndex fills it.
func (n *Node) rebuildIndex(ctx context.Context) error {
	if err := os.RemoveAll(n.home.Index()); err != nil {
		return err
	}
	var err error
	if n.ix, err = retrieve.Create(n.home.Index()); err != nil {
		return err
	}
	return n.db.Update(ctx, func(tx *store.Tx) error { return tx.ReindexAll() })
}
