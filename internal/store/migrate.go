// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
)

// LeaveOpened takes a database from format 1 to 2: what was opened and had not
// ended is handed to keep, which makes it durable elsewhere, and its table goes,
// with indexes that no query needs. It may be killed anywhere and be repeated,
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
		_, err := s.conn.ExecContext(ctx, `DROP TABLE opened; DROP INDEX receipt_at; DROP INDEX use_receipt; DROP INDEX receipt_requester;
			CREATE INDEX receipt_requester ON receipt(requester); PRAGMA user_version=2;`)
		return err
	})
	if err != nil {
		return fmt.Errorf("leave format 1: %w", err)
	}
	return nil
}
