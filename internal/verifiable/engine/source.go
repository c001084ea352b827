// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"os"
)

// source is the bytes of a file that does not change while it is open.
type source struct {
	file     *os.File
	size     int64
	modified int64
	mapping  *mapping // nil where files are not mapped
}

func openSource(path string) (*source, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file", path)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	s := &source{file: file, size: info.Size(), modified: info.ModTime().UnixNano()}
	s.mapping = mapFile(file, s.size)
	return s, nil
}

// ReadAt implements io.ReaderAt.
func (s *source) ReadAt(b []byte, at int64) (int, error) {
	if s.mapping == nil {
		return s.file.ReadAt(b, at)
	}
	return s.mapping.readAt(b, at)
}

// Close must not be called while something reads.
func (s *source) Close() error {
	if s.mapping != nil {
		s.mapping.close()
		s.mapping = nil
	}
	return s.file.Close()
}
