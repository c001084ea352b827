// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tlog_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"dsai.example/dsai/internal/verifiable/tlog"
)

// fileOutbox is an outbox in two files: leaves has one leaf per line, and marks
// one line per batch, with the number of each leaf and its index: Tessera can swap
// leaves that it takes at about the same time. A line is a transaction: one without
// its end does not count.
type fileOutbox struct {
	leaves, marks *os.File
	onDone        func()
}

func openOutbox(dir string) (o fileOutbox, err error) {
	for file, name := range map[**os.File]string{&o.leaves: "leaves", &o.marks: "marks"} {
		if *file, err = os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
			return o, err
		}
		whole, err := readLines(*file)
		if err != nil {
			return o, err
		}
		if err := (*file).Truncate(int64(len(whole))); err != nil {
			return o, err
		}
	}
	return o, nil
}

// readLines returns the content of f up to its last newline.
func readLines(f *os.File) ([]byte, error) {
	raw, err := os.ReadFile(f.Name())
	return raw[:bytes.LastIndexByte(raw, '\n')+1], err
}

// read returns all leaves, and the indexes of those that are marked by their numbers.
func (o fileOutbox) read() (leaves [][]byte, index map[int64]uint64, err error) {
	raw, err := readLines(o.leaves)
	if err != nil {
		return nil, nil, err
	}
	leaves = bytes.Fields(raw)
	raw, err = readLines(o.marks)
	index = map[int64]uint64{}
	for _, field := range bytes.Fields(raw) {
		var id int64
		var at uint64
		if _, err := fmt.Sscanf(string(field), "%d:%d", &id, &at); err != nil {
			return nil, nil, err
		}
		if _, twice := index[id]; twice {
			return nil, nil, fmt.Errorf("leaf %d is marked twice", id)
		}
		index[id] = at
	}
	return leaves, index, err
}

func (o fileOutbox) Next(_ context.Context, max int) (pending []tlog.Pending, err error) {
	leaves, index, err := o.read()
	for id := range int64(len(leaves)) {
		if _, marked := index[id]; !marked && len(pending) < max {
			pending = append(pending, tlog.Pending{ID: id, Leaf: leaves[id]})
		}
	}
	return pending, err
}

func (o fileOutbox) Done(_ context.Context, leaves []tlog.Sequenced) error {
	var b bytes.Buffer
	for _, s := range leaves {
		fmt.Fprintf(&b, "%d:%d ", s.ID, s.Index)
	}
	b.WriteByte('\n')
	_, err := o.marks.Write(b.Bytes())
	o.onDone()
	return err
}

func (o fileOutbox) LastSequenced(context.Context) (uint64, bool, error) {
	_, index, err := o.read()
	if len(index) == 0 {
		return 0, false, err
	}
	return slices.Max(slices.Collect(maps.Values(index))), true, err
}

// TestMain runs the victim of TestKill instead of the tests when that starts us.
func TestMain(m *testing.M) {
	if dir := os.Getenv("DSAI_TLOG_VICTIM"); dir != "" {
		err := victim(dir)
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// crashConfig is the configuration of the log that TestKill kills.
func crashConfig(dir string, o fileOutbox) tlog.Config {
	return tlog.Config{
		Dir:    filepath.Join(dir, "log"),
		Origin: "0123abcd/log/1",
		Key:    ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)),
		Outbox: o,
	}
}

// victim fills the outbox and sequences it until it is killed. It prints a line
// after each batch is marked.
func victim(dir string) error {
	o, err := openOutbox(dir)
	if err != nil {
		return err
	}
	more := make(chan struct{}, 1)
	o.onDone = func() {
		fmt.Println("marked")
		select {
		case more <- struct{}{}:
		default:
		}
	}
	l, err := tlog.Open(context.Background(), crashConfig(dir, o))
	if err != nil {
		return err
	}
	ran := make(chan error, 1)
	go func() { ran <- l.Run(context.Background()) }()
	for n := 0; ; n++ {
		var b bytes.Buffer
		// Sizes that often bring the tree to a multiple of 256, where orphans hurt.
		for range []int{1, 255, 256, 300, 212}[rand.IntN(5)] {
			fmt.Fprintf(&b, "%d.%d.%d\n", os.Getpid(), n, b.Len())
		}
		if _, err := o.leaves.Write(b.Bytes()); err != nil {
			return err
		}
		l.Wake()
		select {
		case <-more:
		case err := <-ran:
			return err
		}
	}
}

// kill starts a victim and kills it some time after its nth batch.
func kill(t *testing.T, dir string, batches int, after time.Duration) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "DSAI_TLOG_VICTIM="+dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range batches {
		if !lines.Scan() {
			cmd.Wait()
			t.Fatalf("victim died by itself: %s", stderr.Bytes())
		}
	}
	<-time.After(after)
	cmd.Process.Kill()
	cmd.Wait()
}

// TestKill kills the owner of a log at random moments, 10 times or
// DSAI_SOAK_CYCLES times, and checks that no leaf is lost or doubled and that a
// strict reader accepts the log after each kill. Each round of 10 has a new log.
func TestKill(t *testing.T) {
	// Not beside other tests: a process that is being started holds, for a moment,
	// the locks that they give up.
	const round = 10
	cycles := round
	if s := os.Getenv("DSAI_SOAK_CYCLES"); s != "" {
		var err error
		if cycles, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	seed := rand.Uint64()
	t.Logf("%d cycles, seed %d", cycles, seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	leaves, leftovers := 0, 0
	for done := 0; done < cycles; done += round {
		n, left := killRound(t, rng, min(round, cycles-done))
		leaves += n
		leftovers += left
	}
	t.Logf("%d leaves, each once; %d kills left %d files to scrub", leaves, cycles, leftovers)
}

// killRound returns how many leaves were logged and how many files the kills left behind.
func killRound(t *testing.T, rng *rand.Rand, kills int) (logged, leftovers int) {
	t.Helper()
	dir := t.TempDir()
	o, err := openOutbox(dir)
	if err != nil {
		t.Fatal(err)
	}
	o.onDone = func() {}
	cfg := crashConfig(dir, o)
	l, err := tlog.Create(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for i := range kills {
		kill(t, dir, 1+rng.IntN(8), time.Duration(rng.IntN(40_000))*time.Microsecond)
		if err := l.Fsck(t.Context()); err != nil {
			t.Fatalf("after kill %d: %v", i, err)
		}
		left, err := tlog.Leftovers(cfg.Dir)
		if err != nil {
			t.Fatal(err)
		}
		leftovers += len(left)
	}

	if o, err = openOutbox(dir); err != nil {
		t.Fatal(err)
	}
	o.onDone = func() {}
	cfg.Outbox = o
	l, stop := start(t, tlog.Open, cfg)
	leaves, _, err := o.read()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.WaitPublished(t.Context(), uint64(len(leaves)-1)); err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	wantEachOnce(t, l, cfg.Dir, o)
	return len(leaves), leftovers
}

// wantEachOnce checks that the log holds the outbox's leaves, each once, and that
// the outbox knows their indexes.
func wantEachOnce(t *testing.T, l *tlog.Log, dir string, o fileOutbox) {
	t.Helper()
	if err := l.Fsck(t.Context()); err != nil {
		t.Error(err)
	}
	leaves, index, err := o.read()
	if err != nil {
		t.Fatal(err)
	}
	cp, err := l.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(index) != len(leaves) || cp.Size != uint64(len(leaves)) {
		t.Fatalf("%d leaves, %d marked, %d in the log", len(leaves), len(index), cp.Size)
	}
	var logged [][]byte
	for n := uint64(0); n*256 < cp.Size; n++ {
		bundle, err := tlog.Leaves(dir, n, cp.Size)
		if err != nil {
			t.Fatal(err)
		}
		logged = append(logged, bundle...)
	}
	taken := make([]bool, len(logged))
	for id, want := range leaves {
		at := index[int64(id)]
		if at >= uint64(len(logged)) || taken[at] || !bytes.Equal(logged[at], want) {
			t.Fatalf("leaf %d, %q, is marked %d of %d, where another one is", id, want, at, len(logged))
		}
		taken[at] = true
	}
}
