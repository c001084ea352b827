// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/view"
)

func newUsesCommand(a *app) *cobra.Command {
	var from string
	c := &cobra.Command{
		Use: "uses [DOCUMENT|MEMBER]", Short: "who used my data, when, for what, and which sentence", Args: args(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, in []string) error { return a.uses(c.Context(), in, from) },
	}
	c.Flags().StringVar(&from, "since", "", "only later ones: 7d, 12h or a day such as 2026-11-22")
	return c
}

func (a *app) uses(ctx context.Context, in []string, from string) error {
	t, err := since(from)
	if err != nil {
		return err
	}
	p := node.ListArgs{Since: t, Ref: a.cfg.As}
	if len(in) == 1 {
		p.Ref = in[0]
	}
	out := []view.Use{}
	if err := a.byPath(p.Ref, func(ref string) error {
		p.Ref = ref
		return a.call(ctx, "uses", p, nil, &out)
	}); err != nil {
		return err
	}
	if a.json {
		return a.document(out)
	}
	if len(out) == 0 {
		a.say("No uses.\n")
		return nil
	}
	rows := [][]string{{"WHEN", "WHAT", "DOCUMENT", "BY", "FOR", "RECEIPT", "SENTENCE"}}
	for _, u := range out {
		what := u.Outcome
		if u.Code != "" {
			what += ": " + string(u.Code)
		}
		rows = append(rows, []string{when(u.At), what, clip(u.Title, 30), u.Requester, u.Purpose, u.Short, clip(u.Quoted+u.Reason, 60)})
	}
	a.table(rows...)
	for _, u := range out {
		if u.Short != "" {
			a.next("dsai explain %s", u.Short)
			break
		}
	}
	return nil
}

// byPath tries what was typed, then the file that it would mean from here: a
// node knows files by their whole paths.
func (a *app) byPath(ref string, f func(string) error) error {
	err := f(ref)
	if err == nil || ref == "" {
		return err
	}
	if abs, aerr := filepath.Abs(ref); aerr == nil && abs != ref && f(abs) == nil {
		return nil
	}
	return err
}
