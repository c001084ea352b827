// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package tlog

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// Tessera's POSIX driver needs fcntl locks and directory syncs, and does not
// compile here. A Reader works; a Log cannot be created or opened.
var errPlatform = fmt.Errorf("sequence a log on this platform: %w", errors.ErrUnsupported)

func newAppender(context.Context, string, note.Signer) (appender, error) { return nil, errPlatform }

func initialise(context.Context, string, note.Signer) error { return errPlatform }

func lockDir(string) (func() error, error) { return nil, errPlatform }
