// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/ingest"
)

// watchEvery is how often a watched folder is looked at. Polling sees every
// file system alike, network mounts and phones included.
const watchEvery = 2 * time.Second

func newWatchCommand(a *app) *cobra.Command {
	var t terms
	c := &cobra.Command{
		Use: "watch DIR", Short: "keep a folder in step until Ctrl-C", Args: args(cobra.ExactArgs(1)),
		Long: `Adds a folder and keeps it in step: changed files become new versions, deleted
ones leave the answers. Ends on Ctrl-C.`,
		RunE: func(c *cobra.Command, in []string) error { return a.watch(c.Context(), in[0], &t) },
	}
	t.flags(c)
	return c
}

// stamp tells versions of a file apart without reading it.
type stamp struct {
	size     int64
	modified time.Time
}

func (a *app) watch(ctx context.Context, dir string, t *terms) error {
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		return usage(fmt.Sprintf("watch %s: not a folder", dir), "")
	}
	req, unnamed, err := a.contribution([]string{dir}, t)
	if err != nil {
		return err
	}
	if len(unnamed) > 0 {
		return usage(fmt.Sprintf("watch %s: %s", unnamed[0].Path, unnamed[0].Reason), "give it a name in UTF-8, and watch it again")
	}
	root := req.Paths[0]
	known := map[string]stamp{}
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	a.say("Watching %s. Stop with Ctrl-C.\n", typed(root))
	for first := true; ; first = false {
		now, err := stamps(root)
		if err != nil {
			// An unmounted folder is not a folder of deleted files.
			a.note("dsai: %v; waiting for it to come back\n", err)
		} else if err := a.step(ctx, root, &req, known, now); err != nil && ctx.Err() == nil {
			if first {
				return err
			}
			a.note("dsai: error: %s\n", node.Describe(err).Message)
		} else {
			known = now
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// stamps looks at every file that an ingest would see, or name as left out.
func stamps(root string) (map[string]stamp, error) {
	if _, err := os.ReadDir(root); err != nil {
		return nil, err
	}
	out := map[string]stamp{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // it vanished meanwhile, or the ingest will say
		case path != root && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return filepath.SkipDir
			}
		case d.IsDir() && ingest.Private(path) != "":
			return filepath.SkipDir
		case d.Type().IsRegular():
			if i, err := d.Info(); err == nil {
				if bad := ingest.Unnamed(path); bad != nil {
					path = bad.Path // as the ingest will name it
				}
				out[path] = stamp{i.Size(), i.ModTime()}
			}
		}
		return nil
	})
	return out, err
}

// change is one line of dsai watch --json: a document for each, since a watch
// has no end.
type change struct {
	Path   string `json:"path"`
	Change string `json:"change"` // "added", "changed", "gone", "left out"
	Reason string `json:"reason,omitempty"`
}

// step brings the node from what it knew to what is there now.
func (a *app) step(ctx context.Context, root string, req *node.Contribution, known, now map[string]stamp) error {
	var changed, gone []string
	for path, s := range now {
		if known[path] != s {
			changed = append(changed, path)
		}
	}
	for path := range known {
		if _, ok := now[path]; !ok {
			gone = append(gone, path)
		}
	}
	slices.Sort(gone)
	if len(changed) > 0 {
		// The whole folder: unchanged files cost one reading.
		out, err := a.lend(ctx, req)
		if err != nil {
			return err
		}
		a.showChanges(&out, known, changed)
	}
	if len(known) == 0 && len(gone) == 0 {
		var err error
		if gone, err = a.vanished(ctx, root, now); err != nil {
			return err
		}
	}
	if len(gone) == 0 {
		return nil
	}
	if err := a.call(ctx, "gone", node.GoneArgs{Member: req.Member, Paths: gone}, nil, nil); err != nil {
		return err
	}
	for _, p := range gone {
		a.changed(change{Path: p, Change: "gone"})
	}
	return nil
}

func (a *app) showChanges(out *node.Contributed, known map[string]stamp, changed []string) {
	skipped := map[string]string{}
	for _, s := range out.Skipped {
		skipped[s.Path] = s.Reason
	}
	slices.Sort(changed)
	for _, p := range changed {
		_, before := known[p]
		switch reason, bad := skipped[p]; {
		case bad:
			a.changed(change{p, "left out", reason})
		case before:
			a.changed(change{p, "changed", ""})
		default:
			a.changed(change{p, "added", ""})
		}
	}
}

func (a *app) changed(c change) {
	if a.json {
		_ = a.document(c)
		return
	}
	line := time.Now().Format(time.TimeOnly) + "  " + c.Change + "  " + typed(c.Path)
	if c.Reason != "" {
		line += ": " + c.Reason
	}
	a.say("%s\n", line)
}

// vanished returns the node's documents below root whose files were deleted
// while nobody watched.
func (a *app) vanished(ctx context.Context, root string, now map[string]stamp) ([]string, error) {
	var docs []node.DocumentText
	if err := a.call(ctx, "docs.list", node.Nothing{}, nil, &docs); err != nil {
		return nil, err
	}
	gone := map[string]bool{}
	for _, d := range docs {
		_, there := now[d.Path]
		if !there && strings.HasPrefix(d.Path, root+string(filepath.Separator)) && d.State != "deleted" && d.State != "forgotten" {
			gone[d.Path] = true
		}
	}
	return slices.Sorted(maps.Keys(gone)), nil
}
