// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Command dsai founds, runs and questions a node of a co-op, one file per verb.
// It asks and shows; whatever is decided is decided by the node.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// version is stamped by the Makefile.
var version string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, typed: os.Args[1:]}
	code := a.do(ctx)
	stop()
	os.Exit(code)
}

// do does what was typed and returns the exit code.
func (a *app) do(ctx context.Context) int {
	root := newRoot(a)
	root.SetArgs(a.typed)
	err := root.ExecuteContext(ctx)
	if _, said := errors.AsType[shown](err); err != nil && ctx.Err() != nil && !said && !errors.Is(err, errStopped) {
		err = context.Canceled // whatever it broke off in
	}
	return a.finish(err)
}
