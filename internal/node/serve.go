// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"dsai.example/dsai/internal/api"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/obs"
	"dsai.example/dsai/internal/ui"
	"dsai.example/dsai/internal/verifiable/extract"
	"dsai.example/dsai/internal/verifiable/purpose"
)

// ServeOptions are the choices of Serve.
type ServeOptions struct {
	Listen string   // host:port; port 0 picks a free one
	Hosts  []string // names by which the node is reached, beside loopback
	// Ready is called once with the address by which the node is reached (see
	// Reach), when requests are taken.
	Ready func(address string)
}

// How many answers of each model are made at once, and how many questions more
// wait for theirs, for how long. The engine of model files has the same numbers:
// here they wait before anything was looked up for them.
const (
	askRunning = 8
	askWaiting = 64
	askWait    = 30 * time.Second
)

// Serve answers HTTP and verbs until ctx ends.
func (n *Node) Serve(ctx context.Context, o ServeOptions) error {
	m := obs.New()
	m.Gauge("dsai_log_pending", "Leaves promised and not yet in the log.", func() float64 {
		pending, err := n.db.CountPending(context.Background())
		if err != nil {
			return -1
		}
		return float64(pending)
	})
	n.sessions = newSessions(n)
	asker := api.NewQueues(n.queueOf, func() *api.Queue { return api.NewQueue(n, askRunning, askWaiting, askWait, m) })
	pages, err := n.pages(asker)
	if err != nil {
		return err
	}
	srv, err := api.New(api.Config{
		Asker: asker, Keys: n, Library: door{n}, Receipts: door{n}, Credentials: door{n}, Pages: pages, Citations: n.Citations,
		Log: http.StripPrefix("/log", n.log), Metrics: m.Handler(),
		Ready: n.ready, Purpose: purposeIRI, Observe: m, Logger: n.slog, Hosts: named(o.Listen, o.Hosts),
	})
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", o.Listen)
	if err != nil {
		if _, wrong := errors.AsType[*net.AddrError](err); wrong {
			return &control.Error{Kind: control.Usage, Message: fmt.Sprintf("listen: %v", err), Hint: "want an address and a port of 0 to 65535, such as 127.0.0.1:7777"}
		}
		return fmt.Errorf("listen: %w", err)
	}
	address := Reach(ln.Addr().String(), o.Hosts)
	n.mu.Lock()
	n.listen = address
	n.mu.Unlock()
	if o.Ready != nil {
		o.Ready(address)
	}
	return n.Run(ctx,
		func(ctx context.Context) error { return srv.Serve(ctx, ln) },
		func(ctx context.Context) error { return control.Serve(ctx, n.home.Socket(), n.Methods()) },
	)
}

// queueOf names the queue of a model. What is unknown waits with the questions to
// the quoting engine, and the gate refuses it: nobody makes queues by asking.
func (n *Node) queueOf(model string) string {
	e, err := n.engine(model)
	if err != nil {
		return extract.ModelID
	}
	return e.Model().ID
}

func (n *Node) pages(asker ui.Asker) (http.Handler, error) {
	var choices []ui.Purpose
	for _, iri := range purpose.ShortIRIs() {
		name := purpose.Short(iri)
		c := ui.Purpose{Name: name, Meaning: name + " (" + purpose.Label(iri) + ")", IRI: iri}
		if c.Name == "answers" {
			choices = append([]ui.Purpose{c}, choices...)
			continue
		}
		choices = append(choices, c)
	}
	return ui.New(ui.Config{
		Asker: asker, Library: door{n}, Receipts: door{n}, Sessions: n.sessions, Citations: n.Citations, Models: n.answering,
		Coop: n.charter.Subject.Name, Purposes: choices, Logger: n.slog, Now: n.cfg.Now,
	})
}

// purposeIRI expands short names; the gate refuses what nobody knows.
func purposeIRI(s string) string {
	if iri, err := purpose.Parse(s); err == nil {
		return iri
	}
	return s
}

// ready says whether requests would be answered.
func (n *Node) ready(context.Context) error {
	if r := n.clock.moment().Untrusted; r != "" {
		return fmt.Errorf("clock: %s", r)
	}
	select {
	case <-n.log.current().done:
		return fmt.Errorf("log: %w", n.log.current().err)
	default:
		return nil
	}
}
