// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/node"
)

func newBackupCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "write everything, keys included, to one file", Args: args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, in []string) error { return a.backup(c.Context(), in[0]) },
	}
}

func (a *app) backup(ctx context.Context, path string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(abs); err == nil {
		return usage(fmt.Sprintf("back up: %s exists already", path), fileHint(fs.ErrExist))
	}
	var out node.BackupReport
	if err := a.call(ctx, "backup", node.PathArgs{Path: abs}, nil, &out); err != nil {
		return err
	}
	if _, err := os.Stat(abs); errors.Is(err, fs.ErrNotExist) {
		return &control.Error{Kind: control.Failed, Message: fmt.Sprintf("back up: the node wrote %s, and it is not there for this program", path), Hint: "a node that systemd runs has a /tmp of its own; name a path in its home"}
	}
	if a.json {
		return a.document(out)
	}
	a.say("Wrote %s, %s. It holds the keys: whoever reads it can speak as this node. Encrypt it.\n", path, size(out.Bytes))
	if out.Models > 0 {
		a.say("%s not in it: keep the files, or be able to fetch them again.\n", plural(out.Models, "model file")+" "+map[bool]string{true: "is", false: "are"}[out.Models == 1])
	}
	a.next("try it: dsai restore %s /tmp/restored", quoteFile(path))
	return nil
}
