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
	"strconv"
	"strings"
	"time"

	"dsai.example/dsai/internal/durable"
)

// Format is the number of the home's layout. A newer home is refused, an older
// one migrated; see migrations.
const Format = 3

// Errors of opening a home.
var (
	ErrNoHome    = errors.New("no co-op here yet")
	ErrHomeTaken = errors.New("a co-op is here already")
	ErrInUse     = errors.New("another dsai is using this home")
	ErrForeign   = errors.New("the home is another user's")
	ErrNewer     = errors.New("home was written by a newer dsai")
)

// Home is the one directory that holds everything of a node.
type Home string

// DefaultHome is $DSAI_HOME, or dsai in the user's XDG data directory.
func DefaultHome() (Home, error) {
	if h := os.Getenv("DSAI_HOME"); h != "" {
		return Home(h), nil
	}
	if d := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(d) {
		return Home(filepath.Join(d, "dsai")), nil
	}
	u, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find home: %w", err)
	}
	return Home(filepath.Join(u, ".local", "share", "dsai")), nil
}

func (h Home) path(name string) string { return filepath.Join(string(h), name) }

// Socket is where a running node answers the other verbs.
func (h Home) Socket() string { return h.path("node.sock") }

// Keys is the folder of private keys.
func (h Home) Keys() string { return h.path("keys") }

// Database is the SQLite file.
func (h Home) Database() string { return h.path("dsai.db") }

// backupDatabase is the copy of the database that a backup is made of.
func (h Home) backupDatabase() string { return h.path("backup.tmp.db") }

// Opened is the journal of answers that have begun.
func (h Home) Opened() string { return h.path("opened") }

// Index is the folder of the inverted index, which can be made again.
func (h Home) Index() string { return h.path("index") }

// Statistics is the folder of pinned statistics, which cannot be made again.
func (h Home) Statistics() string { return h.path("statistics") }

// Log is the folder of one epoch of the transparency log.
func (h Home) Log(epoch int) string { return filepath.Join(string(h), "log", strconv.Itoa(epoch)) }

// Models is the folder of model files, each named by its fingerprint. Backups
// leave it out: model files are public, and large.
func (h Home) Models() string { return h.path("models") }

// Trust is the folder of trust files that the user added.
func (h Home) Trust() string { return h.path("trust") }

func (h Home) formatFile() string { return h.path("format") }

// format returns the format of a home that this version reads or can migrate.
func (h Home) format() (int, error) {
	b, err := os.ReadFile(h.formatFile())
	if errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("open home %s: %w", h, ErrNoHome)
	}
	if err != nil {
		return 0, fmt.Errorf("open home: %w", err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	switch {
	case err != nil || n < 1:
		return 0, fmt.Errorf("open home %s: format file says %.20q", h, b)
	case n > Format:
		return 0, fmt.Errorf("open home %s: %w: format %d, this version reads %d", h, ErrNewer, n, Format)
	}
	return n, nil
}

func (h Home) setFormat(n int) error {
	return durable.WriteFile(h.formatFile(), []byte(strconv.Itoa(n)+"\n"), 0o600)
}

// mine refuses a home that another user founded. Only root gets so far, and what
// root makes in it may be closed to the user whom the node runs as.
func (h Home) mine() error {
	st, err := os.Stat(h.formatFile())
	if err == nil && notOwn(st) {
		err = ErrForeign
	}
	if err != nil {
		return fmt.Errorf("open home %s: %w", h, err)
	}
	return nil
}

// lockWait is how long a verb waits for another verb to finish.
const lockWait = 5 * time.Second

// lockQuiet is how much of that goes by before anybody is told.
const lockQuiet = time.Second

// lock takes the home for this process. It waits a little: two short verbs at
// once should both succeed. It calls waiting once when that takes long.
func (h Home) lock(ctx context.Context, wait time.Duration, waiting func()) (unlock func() error, err error) {
	f, err := os.OpenFile(h.path("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock home: %w", err)
	}
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	begin, told := time.Now(), false
	for {
		if err = lockFile(f); err == nil {
			return f.Close, nil // closing releases the lock
		}
		if time.Since(begin) > wait {
			f.Close()
			return nil, fmt.Errorf("lock home %s: %w", h, ErrInUse)
		}
		if !told && time.Since(begin) > lockQuiet {
			told = true
			waiting()
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("lock home %s: %w", h, context.Cause(ctx))
		}
	}
}
