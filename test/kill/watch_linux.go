// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// watch tells changed how many changes of files under dir the kernel reports,
// and returns how to stop, nil when the kernel will not watch. Folders made
// meanwhile are not looked into.
func watch(dir string, changed func(n int)) (stop func()) {
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK)
	if err != nil {
		return nil
	}
	f := os.NewFile(uintptr(fd), "inotify")
	const mask = syscall.IN_MODIFY | syscall.IN_CREATE | syscall.IN_MOVED_TO | syscall.IN_DELETE
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() { // a folder reports its files
			_, _ = syscall.InotifyAddWatch(fd, p, mask) // it may be gone
		}
		return nil
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buf := make([]byte, 16<<10)
		for {
			n, err := f.Read(buf)
			if err != nil {
				return
			}
			changed(events(buf[:n]))
		}
	}()
	return func() { f.Close(); <-ended }
}

// events counts the records of inotify(7) in b.
func events(b []byte) (n int) {
	for len(b) >= syscall.SizeofInotifyEvent {
		size := syscall.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(b[12:]))
		b = b[min(size, len(b)):]
		n++
	}
	return n
}
