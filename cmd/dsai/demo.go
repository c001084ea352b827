// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/demo"
	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/node"
)

func newDemoCommand(a *app) *cobra.Command {
	var exit bool
	var out string
	c := &cobra.Command{
		Use: "demo", Short: "the main job in seven beats, on sample documents in a home of its own", Args: args(cobra.NoArgs),
		Long: `Plays the main job on a real node in a temporary home, and checks every beat.
Then the node's pages stay open until Ctrl-C. With --exit, or --json, it ends
at once and leaves the bundles and the trust file for others to verify, in a
temporary folder or in the one that --out names.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if exit || a.json {
				return a.demoOnce(c.Context(), out)
			}
			if out != "" {
				return usage("demo: --out keeps what --exit leaves", "dsai demo --exit --out "+quote(out))
			}
			return a.demoServed(c.Context())
		},
	}
	c.Flags().BoolVar(&exit, "exit", false, "do not open the pages afterwards")
	c.Flags().StringVar(&out, "out", "", "with --exit: folder for bundles and trust file, in place of those of the last time")
	return c
}

// demoOnce plays and ends; what others can verify stays, in the folder out if one
// is named.
func (a *app) demoOnce(ctx context.Context, out string) error {
	dir, d, err := a.openDemo(ctx)
	if err != nil {
		return err
	}
	r := a.playDemo(ctx, d)
	err = d.Close()
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), err, os.RemoveAll(dir))
	}
	if out != "" {
		err = errors.Join(err, keepDemo(r, out), os.RemoveAll(dir))
	}
	a.showHandOff(r)
	if a.json {
		err = errors.Join(err, a.document(r))
	}
	return errors.Join(err, demoOutcome(r))
}

// keepDemo copies what a demo left into a folder, over what an earlier one left there.
func keepDemo(r *demo.Report, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("keep demo: %w", err)
	}
	keep := func(path *string) error {
		if *path == "" {
			return nil // a beat before it did not hold
		}
		raw, err := os.ReadFile(*path)
		if err != nil {
			return fmt.Errorf("keep demo: %w", err)
		}
		*path = filepath.Join(dir, filepath.Base(*path))
		return durable.WriteFile(*path, raw, 0o644)
	}
	err := keep(&r.Trust)
	for i := range r.Bundles {
		err = errors.Join(err, keep(&r.Bundles[i]))
	}
	return err
}

// demoServed plays, then serves the node's pages until ctx ends. Nothing stays.
func (a *app) demoServed(ctx context.Context) (err error) {
	dir, d, err := a.openDemo(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close(), os.RemoveAll(dir)) }()
	r := a.playDemo(ctx, d)
	if err := errors.Join(ctx.Err(), demoOutcome(r)); err != nil {
		return err
	}
	a.showHandOff(r)
	return d.Node().Serve(ctx, node.ServeOptions{Listen: "127.0.0.1:0", Ready: func(address string) {
		link, err := d.Node().LoginLink()
		if err != nil {
			a.note("dsai: error: %v\n", err)
			return
		}
		a.say("\nPages:  %s\nAPI:    http://%s/v1\nCtrl-C ends the demo and removes all of it.\n", link, address)
	}})
}

func (a *app) openDemo(ctx context.Context) (dir string, d *demo.Demo, err error) {
	if dir, err = os.MkdirTemp("", "dsai-demo-"); err != nil {
		return "", nil, err
	}
	if d, err = demo.Open(ctx, dir, a.nodeConfig()); err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return dir, d, nil
}

// demoOutcome ends with an error when a beat did not hold; it has been shown.
func demoOutcome(r *demo.Report) error {
	if !r.OK {
		return shown(control.Failed)
	}
	return nil
}

func (a *app) playDemo(ctx context.Context, d *demo.Demo) *demo.Report {
	n := 0
	return d.Play(ctx, func(s demo.Step) {
		if ctx.Err() != nil {
			return // interrupted, which is no beat that does not hold
		}
		n++
		// The mark is our own, and the only text that may colour itself.
		head := fmt.Sprintf("%d %s %-9s", n, a.mark(s.OK), s.Name)
		for _, text := range append([]string{s.Detail}, s.More...) {
			for _, line := range wrap(inert.Text(text), demoWidth) {
				a.say(head+"%s\n", line)
				head = strings.Repeat(" ", demoIndent)
			}
		}
	})
}

// showHandOff ends the screen: how to go on, how others check, and what it cost.
func (a *app) showHandOff(r *demo.Report) {
	if !r.OK {
		return
	}
	a.say("\nYour own: %[1]s init && %[1]s add %[2]s; %[1]s ask \"…\"\n", self(), ownFolder())
	a.say("Check it: D=%s; %s verify --trust $D/%s $D/%s\n",
		quote(filepath.Dir(r.Trust)), self(), filepath.Base(r.Trust), filepath.Base(r.Bundles[0]))
	a.say("A model:  %s model add FILE.gguf; receipts then name its fingerprint, sampling and seed,\n"+
		"          and whoever has the file makes the answer again, token for token\n", self())
	a.say("%.1f seconds, %d model bytes, %d witnesses (single node)\n", r.Took.Seconds(), r.ModelBytes, r.Witnesses)
}

// Columns of a beat: the width of its head, and what 100 columns leave beside it.
const (
	demoIndent = 14
	demoWidth  = 100 - demoIndent
)

// wrap breaks text into lines of at most width characters, at spaces.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}

// mark says whether a beat held, in colour for a person at a terminal who did not
// ask for none (no-color.org; ECMA-48, section 8.3.117).
func (a *app) mark(ok bool) string {
	text, colour := "ok", "\x1b[32m"
	if !ok {
		text, colour = "NO", "\x1b[31m"
	}
	if !terminal(a.out) || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return text
	}
	return colour + text + "\x1b[m"
}

// ownFolder is a folder that the user is likely to want answers from.
func ownFolder() string {
	home, err := os.UserHomeDir()
	if err == nil {
		if st, err := os.Stat(filepath.Join(home, "Documents")); err == nil && st.IsDir() {
			return "~/Documents"
		}
	}
	return "."
}
