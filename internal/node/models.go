// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/resilience/upstream"
	"dsai.example/dsai/internal/store"
	"dsai.example/dsai/internal/verifiable/extract"
	"dsai.example/dsai/internal/view"
)

var errModelName = errors.New("it cannot be called so")

// AddModel adds an OpenAI-compatible server as an engine, after asking it for
// its models. remote is the model's id there; "" takes the only one.
func (n *Node) AddModel(ctx context.Context, name, url, remote string) (*view.Model, error) {
	if err := checkModelName(name); err != nil {
		return nil, err
	}
	m := store.Model{Name: name, URL: url, Remote: remote, Created: n.clock.now()}
	if m.Remote == "" {
		probe, err := n.newUpstream(store.Model{Name: name, URL: url, Remote: "probe"})
		if err != nil {
			return nil, err
		}
		defer probe.Close()
		ids, err := probe.Models(ctx)
		if err != nil {
			return nil, fmt.Errorf("ask %s for its models: %w", url, err)
		}
		if len(ids) != 1 {
			return nil, fmt.Errorf("add model: the server has %d models (%s); name one with --model", len(ids), strings.Join(ids, ", "))
		}
		m.Remote = ids[0]
	}
	if _, err := n.newUpstream(m); err != nil {
		return nil, err
	}
	return n.offer(ctx, m)
}

// plainName is a name that a table, a URL and a shell carry as it is.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_:@][A-Za-z0-9._:/@-]{0,79}$`)

func checkModelName(name string) error {
	if !plainName.MatchString(name) || slices.Contains(strings.Split(name, "/"), "..") {
		return fmt.Errorf("add model %.80q: %w", name, errModelName)
	}
	if name == extract.ModelID {
		return fmt.Errorf("add model %s: %w: that is the engine in dsai", name, errModelName)
	}
	return nil
}

// offer records a model and makes it one that can be asked.
func (n *Node) offer(ctx context.Context, m store.Model) (*view.Model, error) {
	err := n.changeModels(ctx, func(tx *store.Tx) error {
		if n.returns(m) {
			if err := tx.RemoveModel(m.Name); err != nil {
				return err
			}
		}
		return tx.AddModel(m)
	})
	if err != nil {
		return nil, err
	}
	all, err := n.Models(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(v view.Model) bool { return v.ID == m.Name })
	if i < 0 {
		return nil, fmt.Errorf("add model %q, which was removed again meanwhile: %w", m.Name, ErrNoModel)
	}
	return &all[i], nil
}

// returns reports whether m is a model file of this node that was added again:
// its file was gone or had changed, and may now be elsewhere.
func (n *Node) returns(m store.Model) bool {
	old := n.modelFile(m.Name)
	fingerprint, ok := fileModel(m)
	return old != nil && ok && old.fingerprint == fingerprint
}

// RemoveModel forgets a model, and removes its file where the home holds it.
func (n *Node) RemoveModel(ctx context.Context, name string) error {
	if name == extract.ModelID {
		return &control.Error{Kind: control.Usage, Message: "remove model " + name + ": it is a part of dsai, and takes no space of its own",
			Hint: "what was added can be removed: see dsai model list"}
	}
	err := n.changeModels(ctx, func(tx *store.Tx) error { return tx.RemoveModel(name) })
	if isNotFound(err) {
		return &missingError{"model", name, "see dsai model list"}
	}
	if err != nil {
		return err
	}
	return n.sweepModels(ctx)
}

// changeModels changes which models the store has and makes the engines of them.
// One change goes after the other: engines made of what an earlier change left
// would take the place of newer ones.
func (n *Node) changeModels(ctx context.Context, change func(*store.Tx) error) error {
	n.offering.Lock()
	defer n.offering.Unlock()
	if err := n.db.Update(ctx, change); err != nil {
		return err
	}
	return n.openEngines(context.WithoutCancel(ctx)) // it is in the store now, though the caller goes away
}

// Models lists the engines that can be asked, the default first.
func (n *Node) Models(ctx context.Context) ([]view.Model, error) {
	rows, err := n.db.Models(ctx)
	if err != nil {
		return nil, err
	}
	out := []view.Model{{ModelRef: quotingModel, Assurance: dsai.Replayable, Loopback: true, Default: true, Added: n.self.ValidFrom}}
	for _, m := range rows {
		e, err := n.engine(m.Name)
		if err != nil {
			continue // it is being added, or removed
		}
		v := view.Model{ModelRef: e.Model(), Assurance: e.Assurance(), Added: m.Created}
		if f, ok := e.(*modelFile); ok {
			v.Loopback, v.File = true, f.view()
		} else {
			v.Loopback, v.URL = upstream.Loopback(m.URL), m.URL
		}
		out = append(out, v)
	}
	return out, nil
}

// answering returns the ids of the engines that can answer, the default first.
func (n *Node) answering(ctx context.Context) (out []string, err error) {
	all, err := n.Models(ctx)
	for _, m := range all {
		if m.File == nil || m.File.Problem == "" {
			out = append(out, m.ID)
		}
	}
	return out, err
}
