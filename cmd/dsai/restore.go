// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"dsai.example/dsai/internal/node"
)

func newRestoreCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "restore FILE [DIR]", Short: "unpack a backup into a new home", Args: args(cobra.RangeArgs(1, 2)),
		Long: `Unpacks a backup into a new home (default: the home in use, which must not exist)
and opens a new epoch of the log there. Never run the old home and the restored
one side by side.`,
		RunE: func(c *cobra.Command, in []string) error { return a.restore(c.Context(), in) },
	}
}

func (a *app) restore(ctx context.Context, in []string) error {
	if len(in) == 2 {
		var err error
		if a.cfg.Home, err = filepath.Abs(in[1]); err != nil {
			return err
		}
	}
	cfg := a.nodeConfig()
	cfg.Now = time.Now
	err := node.Restore(ctx, in[0], cfg)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
		return usage(err.Error(), "usage: dsai restore FILE DIR, where DIR does not exist")
	}
	if err != nil {
		e := *node.Describe(err)
		e.Hint = cmp.Or(e.Hint, "nothing was made; is it the whole file that a backup wrote?")
		return &e
	}
	if len(in) == 2 {
		a.typedHome = in[1] // not before it is there
	}
	if a.json {
		return a.document(map[string]string{"home": a.cfg.Home})
	}
	a.say("Restored into %s, with a new epoch of the log.\n", a.cfg.Home)
	a.say("Withdrawals made after the backup are not in it: hand in again every withdrawal that members hold.\n")
	a.say(a.hereFormat("Nor are changes of keys: was one stolen since? Change it again first, with dsai node rotate or dsai member rotate.\n"))
	if all, err := a.models(ctx); err == nil {
		for _, m := range all {
			if m.File != nil && m.File.Problem != "" {
				a.say(a.hereFormat("Model %s is without its file, which backups leave out: dsai model add FILE --name %s brings it back.\n"), m.ID, quote(m.ID))
			}
		}
	}
	a.next("dsai fsck")
	return nil
}
