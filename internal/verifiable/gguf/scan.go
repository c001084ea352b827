// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package gguf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

const (
	maxKey    = 1 << 16 // bytes of a metadata key (the format's own limit)
	maxName   = 128     // bytes of a tensor's name; ggml stops at 64
	maxText   = 16 << 20
	maxNested = 4 // arrays in arrays

	// maxHeader bounds the memory that a header takes, whatever the file's size says: a file with a
	// hole has any size for nothing. Vocabularies of 256,000 tokens and their merges take 25 MiB.
	maxHeader  = 256 << 20
	pairSize   = 128 // bytes of memory of a pair of metadata, its key and value aside
	tensorSize = 256 // of an entry of the table of tensors
	wordSize   = 8   // of a number
	textSize   = 16  // of a text, its letters aside
)

var errShort = errors.New("the file ends in the middle")

// A scanner reads the header front to back. It knows how many bytes are left, so that no count in
// the file makes it allocate more than the file can fill, and how much memory it may still take. Its
// first error sticks.
type scanner struct {
	r    *bufio.Reader
	at   int64
	size int64
	left int64
	err  error
	buf  [8]byte
}

func newScanner(r io.ReaderAt, size int64) *scanner {
	return &scanner{r: bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 1<<16), size: size, left: maxHeader}
}

func (s *scanner) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// bytes returns the next n bytes, at most 8; they hold until the next call.
func (s *scanner) bytes(n int) []byte {
	b := s.buf[:n]
	clear(b)
	if s.err != nil {
		return b
	}
	if int64(n) > s.size-s.at {
		s.fail(errShort)
		return b
	}
	if _, err := io.ReadFull(s.r, b); err != nil {
		s.fail(err)
		clear(b)
		return b
	}
	s.at += int64(n)
	return b
}

func (s *scanner) uint32() uint32 { return binary.LittleEndian.Uint32(s.bytes(4)) }
func (s *scanner) uint64() uint64 { return binary.LittleEndian.Uint64(s.bytes(8)) }

// count returns a number of things of at least each bytes, which the rest of the file can hold.
func (s *scanner) count(each int64) int {
	n := s.uint64()
	if s.err == nil && n > uint64((s.size-s.at)/each) {
		s.fail(fmt.Errorf("%d entries of %d bytes or more do not fit into the %d bytes that are left", n, each, s.size-s.at))
	}
	if s.err != nil {
		return 0
	}
	return int(n)
}

// take reserves memory for n things of size bytes.
func (s *scanner) take(n int, size int64) bool {
	if s.err == nil && int64(n) > s.left/size {
		s.fail(fmt.Errorf("the header takes more than %d MiB of memory with its %d entries", maxHeader>>20, n))
	}
	if s.err == nil {
		s.left -= int64(n) * size
	}
	return s.err == nil
}

func (s *scanner) text(most int) string {
	n := s.count(1)
	if n > most {
		s.fail(fmt.Errorf("a text of %d bytes, at most %d are allowed", n, most))
	}
	if !s.take(n, 2) { // once as bytes
		return ""
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(s.r, b); err != nil {
		s.fail(err)
		return ""
	}
	s.at += int64(n)
	return string(b)
}

// value reads a metadata value: string, bool, int64, float64, or a slice of one of them. An
// unsigned number beyond int64 is an error; arrays in arrays are read over and kept as nothing,
// since no model that dsai runs has them.
func (s *scanner) value(kind uint32, depth int) any {
	switch kind {
	case kindString:
		return s.text(maxText)
	case kindBool:
		return s.bool()
	case kindFloat32, kindFloat64:
		return s.float(kind)
	case kindArray:
		return s.array(depth)
	}
	return s.int(kind)
}

func (s *scanner) bool() bool {
	b := s.bytes(1)[0]
	if b > 1 {
		s.fail(fmt.Errorf("a truth value of %d", b))
	}
	return b == 1
}

func (s *scanner) float(kind uint32) float64 {
	if kind == kindFloat32 {
		return float64(math.Float32frombits(s.uint32()))
	}
	return math.Float64frombits(s.uint64())
}

func (s *scanner) int(kind uint32) int64 {
	switch kind {
	case kindUint8:
		return int64(s.bytes(1)[0])
	case kindInt8:
		return int64(int8(s.bytes(1)[0]))
	case kindUint16:
		return int64(binary.LittleEndian.Uint16(s.bytes(2)))
	case kindInt16:
		return int64(int16(binary.LittleEndian.Uint16(s.bytes(2))))
	case kindUint32:
		return int64(s.uint32())
	case kindInt32:
		return int64(int32(s.uint32()))
	case kindInt64:
		return int64(s.uint64())
	case kindUint64:
		v := s.uint64()
		if v > math.MaxInt64 {
			s.fail(fmt.Errorf("a whole number of %d, beyond 63 bits", v))
		}
		return int64(v)
	}
	s.fail(fmt.Errorf("a metadata type of %d, which does not exist", kind))
	return 0
}

func (s *scanner) array(depth int) any {
	kind := s.uint32()
	if s.err == nil && kind >= uint32(len(leastBytes)) {
		s.fail(fmt.Errorf("a metadata type of %d, which does not exist", kind))
	}
	if depth >= maxNested {
		s.fail(fmt.Errorf("arrays nested deeper than %d", maxNested))
	}
	if s.err != nil {
		return nil
	}
	n := s.count(leastBytes[kind])
	switch kind {
	case kindString:
		return list(s, n, textSize, func() string { return s.text(maxText) })
	case kindBool:
		return list(s, n, 1, s.bool)
	case kindFloat32, kindFloat64:
		return list(s, n, wordSize, func() float64 { return s.float(kind) })
	case kindArray:
		s.take(n, textSize) // nothing is kept, and yet a hole of zeros is not read to its end
		for i := 0; i < n && s.err == nil; i++ {
			s.array(depth + 1)
		}
		return nil
	}
	return list(s, n, wordSize, func() int64 { return s.int(kind) })
}

// list reads n values of size bytes in memory each.
func list[T any](s *scanner, n int, size int64, next func() T) []T {
	if !s.take(n, size) {
		return nil
	}
	out := make([]T, 0, n)
	for i := 0; i < n && s.err == nil; i++ {
		out = append(out, next())
	}
	return out
}
