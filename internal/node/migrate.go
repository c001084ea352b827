// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/store"
)

// migration makes a home of the next format out of one of format from.
//
// run may be killed anywhere and is then run again on what it left, so each of
// its changes must be durable and harmless when repeated. Later versions keep it
// as it is while the rest of the program moves on: it works on files and calls
// nothing of this module that knows what a home looks like.
type migration struct {
	from     int
	describe string // what changes, for people
	run      func(context.Context, Home) error
}

// migrations lead from every older format to this one, in order.
var migrations = []migration{
	{1, "pinned statistics move from the index to a folder of their own", separateStatistics},
	{2, "answers that have begun move from the database to a journal of their own", separateOpened},
}

var errBetweenFormats = errors.New("home is between two formats")

// upgrade migrates a home of an older format after a backup of it. The caller
// holds the lock.
func (h Home) upgrade(ctx context.Context, say func(string)) error {
	n, err := h.format()
	if err != nil || n == Format {
		return err
	}
	archive, err := h.backUpBefore(ctx, Format)
	if err != nil {
		return fmt.Errorf("back up home before migrating it from format %d to %d: %w", n, Format, err)
	}
	say(fmt.Sprintf("the home has format %d, from an older version; as it is now, keys included, it is kept in %s", n, archive))
	if err := h.migrate(ctx, migrations, say); err != nil {
		return fmt.Errorf("%w: %w", errBetweenFormats, err)
	}
	return nil
}

// migrate takes the steps from the format of the home. The format file is
// replaced after each, so a kill leaves a home of the old format, which migrates
// again, or of the new one.
func (h Home) migrate(ctx context.Context, steps []migration, say func(string)) error {
	n, err := h.format()
	if err != nil {
		return err
	}
	for _, m := range steps {
		if m.from != n {
			continue
		}
		say(fmt.Sprintf("migrating the home from format %d to %d: %s", n, n+1, m.describe))
		err := ctx.Err()
		if err == nil {
			err = m.run(ctx, h)
		}
		if err == nil {
			err = h.setFormat(n + 1)
		}
		if err != nil {
			return fmt.Errorf("migrate from format %d to %d: %w", n, n+1, err)
		}
		n++
	}
	return nil
}

// beforeFormat begins the names of the backups that migrating makes.
const beforeFormat = "before-format-"

// backUpBefore keeps all files of the home as they are, in the home: nothing
// else is sure to be writable. One that is there already was made before this
// migration first began, and stays.
func (h Home) backUpBefore(ctx context.Context, format int) (path string, err error) {
	path = h.path(fmt.Sprintf("%s%d.tgz", beforeFormat, format))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	draft := path + ".tmp"
	if err := os.Remove(draft); ignoreMissing(err) != nil {
		return "", err
	}
	_, err = h.createArchive(ctx, draft, func(a *archive) error {
		return a.addTree(".", func(name string) bool {
			return name == "lock" || strings.HasPrefix(name, "models/") || strings.HasPrefix(name, beforeFormat)
		})
	})
	if err != nil {
		return "", err
	}
	return path, durable.Rename(draft, path)
}

// dropOldBackups removes what migrating kept, which holds documents that are to
// be forgotten.
func (h Home) dropOldBackups() error {
	kept, err := filepath.Glob(h.path(beforeFormat + "*"))
	if err != nil || len(kept) == 0 {
		return err
	}
	for _, p := range kept {
		err = errors.Join(err, os.Remove(p))
	}
	return errors.Join(err, durable.SyncDir(string(h)))
}

// separateStatistics is the step from format 1, whose statistics were lost
// whenever the index was made again, and were in no backup.
func separateStatistics(ctx context.Context, h Home) error {
	from, to := h.path("index/epochs"), h.path("statistics")
	if err := os.Mkdir(to, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	// The new folder's name first: nothing may be moved to where it can be lost.
	if err := durable.SyncDir(string(h)); err != nil {
		return err
	}
	files, err := os.ReadDir(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // moved already, or a backup, which had none
	}
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := os.Rename(filepath.Join(from, f.Name()), filepath.Join(to, f.Name())); err != nil {
			return err
		}
	}
	if err := errors.Join(durable.SyncDir(to), durable.SyncDir(from), os.Remove(from)); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(from))
}

// separateOpened is the step from format 2.
func separateOpened(ctx context.Context, h Home) error {
	return store.LeaveOpened(ctx, h.path("dsai.db"), func(plans [][]byte) error {
		return durable.WriteJournal(h.path("opened"), plans...)
	})
}
