// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package engine

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// mapping is a file in the address space. What was read of it is handed back at once, so that weights
// stand in memory once, as the model holds them, and not a second time as the file's.
type mapping struct{ data []byte }

// mapFile maps a file, or returns nil where it cannot be: then it is read.
func mapFile(f *os.File, size int64) *mapping {
	if size <= 0 || int64(int(size)) != size {
		return nil
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil
	}
	_ = unix.Madvise(data, unix.MADV_SEQUENTIAL) // only faster
	return &mapping{data}
}

// release is how much must have been read to be worth handing back.
const release = 1 << 18

// readAt copies from the mapping. A file that somebody cut short meanwhile is an error, not the end of
// the process.
func (m *mapping) readAt(b []byte, at int64) (n int, err error) {
	if at < 0 || at >= int64(len(m.data)) {
		return 0, io.EOF
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if v := recover(); v != nil {
			fault, ok := v.(error)
			if !ok {
				fault = errors.New("fault")
			}
			n, err = 0, fmt.Errorf("the file has become shorter: %w", fault)
		}
	}()
	n = copy(b, m.data[at:])
	if n >= release {
		page := int64(os.Getpagesize())
		_ = unix.Madvise(m.data[at/page*page:at+int64(n)], unix.MADV_DONTNEED) // only smaller
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (m *mapping) close() { _ = unix.Munmap(m.data) } // fails only for what is no mapping
