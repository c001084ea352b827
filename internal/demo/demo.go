// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package demo plays the main job of dsai against a real node in a folder of
// its own: five contributors lend the sample library, somebody asks, a stranger
// verifies, a forger is found out, a purpose is refused, and a contributor
// withdraws. It shows only what the node returned and checks every step; it
// touches no other home and imitates nothing. Only cmd/dsai imports it.
package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
)

// Step is one beat: what was shown, and whether it held.
type Step struct {
	Name   string   `json:"name"`
	OK     bool     `json:"ok"`
	Detail string   `json:"detail"`
	More   []string `json:"-"` // further lines for people
}

// Report is the outcome of a play. Its JSON form is stable.
type Report struct {
	OK      bool     `json:"ok"`
	Steps   []Step   `json:"steps"`
	Bundles []string `json:"bundles"` // paths, in the order in which they were made
	Trust   string   `json:"trust"`   // path of the trust file that anchors them

	// ModelBytes is the size of the model files that the answers needed.
	ModelBytes int64 `json:"-"`
	// Witnesses is how many witnesses cosigned the first answer.
	Witnesses int `json:"-"`
	// Took is how long founding and playing took.
	Took time.Duration `json:"-"`
}

// Demo is a node with the sample library beside it, ready to play.
type Demo struct {
	dir     string
	node    *node.Node
	lib     *library
	started time.Time
}

// operator is the founder's name: who runs the node contributes nothing here.
const operator = "Operator"

// Open founds a co-op in the folder dir/home and lays the sample library out in
// dir/library. Bundles and the trust file will be written to dir itself, which
// is the caller's to remove.
func Open(ctx context.Context, dir string, cfg node.Config) (*Demo, error) {
	d := &Demo{dir: dir, started: time.Now()}
	var err error
	if d.lib, err = layOut(filepath.Join(dir, "library")); err != nil {
		return nil, fmt.Errorf("open demo: %w", err)
	}
	cfg.Home = node.Home(filepath.Join(dir, "home"))
	err = node.Found(ctx, cfg.Home, node.FoundOptions{Coop: d.lib.Coop, Member: operator, Region: cfg.Region, Now: time.Now})
	if err != nil {
		return nil, err
	}
	if d.node, err = node.Open(ctx, cfg); err != nil {
		return nil, err
	}
	return d, nil
}

// Node is the node that was played on, so that it can be served afterwards.
func (d *Demo) Node() *node.Node { return d.node }

// Close closes the node and removes its home and the sample library. What
// others can verify, the bundles and the trust file, stays.
func (d *Demo) Close() error {
	return errors.Join(d.node.Close(),
		os.RemoveAll(filepath.Join(d.dir, "home")), os.RemoveAll(filepath.Join(d.dir, "library")))
}

// Play plays the beats in order, hands each to show as it ends, and stops at the
// first that does not hold: those after it would rest on it.
func (d *Demo) Play(ctx context.Context, show func(Step)) *Report {
	p := &play{n: d.node, lib: d.lib, dir: d.dir}
	p.report = Report{Steps: []Step{}, Bundles: []string{}}
	r := &p.report
	for _, b := range beats {
		s := Step{Name: b.name}
		err := b.play(p, ctx, &s)
		if s.OK = err == nil; !s.OK {
			s.Detail, s.More = err.Error(), nil
		}
		r.Steps = append(r.Steps, s)
		show(s)
		if !s.OK {
			break
		}
		r.OK = len(r.Steps) == len(beats)
	}
	r.Took = time.Since(d.started)
	return r
}

// modelBytes is the size of the file that answered, as the receipt tells it: an
// engine without one is fingerprinted by its name.
func modelBytes(m dsai.ModelRef) (int64, error) {
	if m.Fingerprint != dsai.Hash("engine", []byte(m.ID)) {
		return 0, fmt.Errorf("model %s answered from a file that the demo did not bring", m.ID)
	}
	return 0, nil
}
