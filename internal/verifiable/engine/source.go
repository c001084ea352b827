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
	file, info, err := OpenRegular(path)
	if err != nil {
		return nil, err
	}
	s := &source{file: file, size: info.Size(), modified: info.ModTime().UnixNano()}
	s.mapping = mapFile(file, s.size)
	return s, nil
}

// OpenRegular opens a file that is one. It looks before it opens, since the opening of a pipe waits
// for somebody to write.
func OpenRegular(path string) (*os.File, os.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is not a file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	if info, err = file.Stat(); err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file", path)
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
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
