// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package faults_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/node"
)

// disk mounts a small file system of its own and returns where, and the name
// under which to mount it again.
func disk(t *testing.T, size string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: mounting a small disk needs root")
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("SKIPPED: mount a small disk: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// fill writes until the disk is full and returns the file.
func fill(t *testing.T, dir string) string {
	t.Helper()
	p := filepath.Join(dir, "filler")
	f, err := os.Create(p)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 1 << 12, 1} {
		for b := make([]byte, size); err == nil; {
			_, err = f.Write(b)
		}
		if !errors.Is(err, unix.ENOSPC) {
			t.Fatalf("fill disk = %v, want %v", err, unix.ENOSPC)
		}
		err = nil
	}
	return p
}

func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir := disk(t, "16m")
	cfg := found(t, dir)
	n := open(t, cfg)
	doc := lend(t, n)
	first := ask(t, n)
	filler := fill(t, dir)
	// Whatever is acknowledged now must still be there later; what is not is an
	// error that says what to do.
	var acknowledged []string
	for range 20 {
		a, err := try[node.Asked](t, n, "ask", node.AskArgs{Question: question})
		if err == nil {
			acknowledged = append(acknowledged, a.Receipt.String())
			continue
		}
		e, ok := errors.AsType[*control.Error](err)
		if !ok || e.Kind != control.Unavailable || !strings.Contains(e.Hint, "disk is full") {
			t.Errorf("ask on a full disk = %#v, want unavailable with a hint", err)
		}
		break
	}
	more := write(t, "more.md", strings.Repeat("A long paragraph about pumps and valves.\n\n", 4000))
	if _, err := try[node.Contributed](t, n, "add", node.Contribution{Paths: []string{more}}); err == nil {
		t.Error("add on a full disk succeeded")
	}
	_, revoked := try[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: doc})
	_ = n.Close() // it may well have something to say

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	n = open(t, cfg)
	if c := complaints(t, n); c != nil {
		t.Errorf("fsck after the disk was full = %q", c)
	}
	for _, r := range append(acknowledged, first.Receipt.String()) {
		if why := verified(t, n, r, n.Trust()); why != "" {
			t.Errorf("receipt acknowledged on a full disk: %s", why)
		}
	}
	if a := ask(t, n); (a.Refusal != nil) != (revoked == nil) {
		t.Errorf("ask = %+v after a withdrawal that gave %v", a.Refusal, revoked)
	}
	call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{more}})
}

// A node whose disk was full goes on without a start once there is room: what
// could not be begun left nothing in the journal for what follows to stumble on.
func TestRoomAgain(t *testing.T) {
	t.Parallel()
	dir := disk(t, "16m")
	cfg := found(t, dir)
	n := open(t, cfg)
	lend(t, n)
	receipts := []string{ask(t, n).Receipt.String()}
	for range 3 {
		filler := fill(t, dir)
		full := false
		for range 100 { // until neither journal nor database finds a place in blocks that they have
			a, err := try[node.Asked](t, n, "ask", node.AskArgs{Question: question})
			if full = err != nil; full {
				break
			}
			receipts = append(receipts, a.Receipt.String())
		}
		if !full {
			t.Error("100 questions were answered on a full disk")
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		receipts = append(receipts, ask(t, n).Receipt.String())
	}
	shut(t, n)
	n = open(t, cfg)
	if c := complaints(t, n); c != nil {
		t.Errorf("fsck = %q", c)
	}
	for _, r := range receipts {
		if why := verified(t, n, r, n.Trust()); why != "" {
			t.Errorf("receipt %s: %s", r, why)
		}
	}
}

func TestReadOnlyDisk(t *testing.T) {
	t.Parallel()
	dir := disk(t, "64m")
	cfg := found(t, dir)
	n := open(t, cfg)
	lend(t, n)
	ask(t, n)
	shut(t, n)
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(t.Context(), cfg)
	if err == nil {
		n.Close()
		t.Fatal("Open on a read-only disk succeeded: nothing could be receipted")
	}
	if d := node.Describe(err); d.Kind != control.Unavailable || !strings.Contains(d.Hint, "cannot be written") {
		t.Errorf("Describe(%v) = %+v, want unavailable with a hint", err, d)
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT, ""); err != nil {
		t.Fatal(err)
	}
	n = open(t, cfg)
	if a := ask(t, n); a.Refusal != nil {
		t.Errorf("ask on a disk that can be written again = %+v", a.Refusal)
	}
	if c := complaints(t, n); c != nil {
		t.Errorf("fsck = %q", c)
	}
}
