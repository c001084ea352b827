// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
)

//go:embed migrate_1.sql
var leaveFormat1 string

// LeaveOpened takes a database from format 1 to 2: what was opened and had not
// ended is handed to keep, which makes it durable elsewhere, and its table goes,
// with much that made an answer write more pages. It may be killed anywhere and be repeated,
// and does nothing to a database that has left format 1.
func LeaveOpened(ctx context.Context, path string, keep func(plans [][]byte) error) (err error) {
	s, err := open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	version, err := row(ctx, s, number, "PRAGMA user_version")
	if err != nil || version != 1 {
		return err
	}
	plans, err := rows(ctx, s, blob, `SELECT plan FROM opened ORDER BY at, request`)
	if err != nil {
		return err
	}
	if err := keep(plans); err != nil {
		return err
	}
	err = s.Update(ctx, func(*Tx) error {
		_, err := s.conn.ExecContext(ctx, leaveFormat1)
		return err
	})
	if err != nil {
		return fmt.Errorf("leave format 1: %w", err)
	}
	return nil
}
