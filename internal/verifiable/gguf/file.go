// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package gguf

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
	"strconv"
)

const (
	magic            = "GGUF"
	defaultAlignment = 32
	maxAlignment     = 1 << 16
	maxDims          = 4 // GGML_MAX_DIMS
)

// ErrNotGGUF says that the file does not begin as a GGUF file does.
var ErrNotGGUF = errors.New("not a GGUF file")

// File is the header of a model file. It is immutable and safe for concurrent use if the reader is.
type File struct {
	Version int

	keys    []string
	meta    map[string]any
	tensors []Tensor
	byName  map[string]int
	r       io.ReaderAt
}

// Tensor is an entry of the table of tensors.
type Tensor struct {
	Name  string
	Type  Type
	Shape []int // the fastest running dimension first, as ggml counts: [columns, rows, …]
	Size  int64 // bytes

	offset int64 // from the start of the file
}

// Columns returns the length of a row.
func (t *Tensor) Columns() int { return t.Shape[0] }

// Rows returns how many rows there are, all further dimensions taken together.
func (t *Tensor) Rows() int {
	n := 1
	for _, d := range t.Shape[1:] {
		n *= d
	}
	return n
}

// Numbers returns how many numbers the tensor holds.
func (t *Tensor) Numbers() int { return t.Columns() * t.Rows() }

// Open reads the header of a model file of size bytes.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f, err := open(r, size)
	if err != nil {
		return nil, fmt.Errorf("read GGUF header: %w", err)
	}
	return f, nil
}

func open(r io.ReaderAt, size int64) (*File, error) {
	s := newScanner(r, size)
	f := &File{r: r, meta: map[string]any{}, byName: map[string]int{}}
	if err := f.readStart(s); err != nil {
		return nil, err
	}
	tensors := s.count(24) // name length, dimensions, type, offset, and one dimension at least
	pairs := s.count(13)   // key length, type, one byte
	for i := 0; i < pairs && s.err == nil; i++ {
		f.readPair(s)
	}
	for i := 0; i < tensors && s.err == nil; i++ {
		f.readTensor(s)
	}
	if s.err != nil {
		return nil, fmt.Errorf("at byte %d: %w", s.at, s.err)
	}
	return f, f.place(s.at, size)
}

func (f *File) readStart(s *scanner) error {
	if string(s.bytes(4)) != magic {
		if s.err != nil && !errors.Is(s.err, errShort) {
			return s.err // it could not be read
		}
		return ErrNotGGUF
	}
	version := s.uint32()
	switch {
	case s.err != nil:
		return s.err
	case version == 2 || version == 3:
		f.Version = int(version)
		return nil
	case bits.ReverseBytes32(version) <= 3:
		return fmt.Errorf("the file is big endian, which dsai does not read")
	}
	return fmt.Errorf("GGUF version %d, want 2 or 3", version)
}

// quote quotes a key or a tensor's name for an error. After a wrong length anything is read as one.
func quote(name string) string {
	const most = 64 // those in use are no longer
	if len(name) > most {
		return fmt.Sprintf("%q… (%d bytes)", name[:most], len(name))
	}
	return strconv.Quote(name)
}

func (f *File) readPair(s *scanner) {
	s.take(1, pairSize)
	key := s.text(maxKey)
	v := s.value(s.uint32(), 0)
	if s.err != nil {
		s.err = fmt.Errorf("metadata %s: %w", quote(key), s.err)
		return
	}
	if f.Has(key) {
		s.fail(fmt.Errorf("metadata %s stands twice", quote(key)))
		return
	}
	f.keys = append(f.keys, key)
	f.meta[key] = v
}

func (f *File) readTensor(s *scanner) {
	s.take(1, tensorSize)
	t := Tensor{Name: s.text(maxName)}
	dims := s.uint32()
	if s.err == nil && (dims < 1 || dims > maxDims) {
		s.fail(fmt.Errorf("%d dimensions, want 1 to %d", dims, maxDims))
	}
	var shape [maxDims]uint64
	for i := range shape[:min(dims, maxDims)] {
		shape[i] = s.uint64()
	}
	t.Type = Type(s.uint32())
	offset := s.uint64()
	if s.err == nil {
		s.fail(t.measure(shape[:dims], offset, s.size))
	}
	if _, twice := f.byName[t.Name]; s.err == nil && twice {
		s.fail(errors.New("stands twice"))
	}
	if s.err != nil {
		s.err = fmt.Errorf("tensor %s: %w", quote(t.Name), s.err)
		return
	}
	f.byName[t.Name] = len(f.tensors)
	f.tensors = append(f.tensors, t)
}

// measure fills shape, size and offset, refusing what cannot lie in a file of size bytes. The
// offset counts from the start of the data for now.
func (t *Tensor) measure(shape []uint64, offset uint64, size int64) error {
	numbers, blockBytes := t.Type.Block()
	if numbers == 0 {
		return fmt.Errorf("is stored as %v, which dsai does not run", t.Type)
	}
	total := uint64(1)
	for _, d := range shape {
		hi, lo := bits.Mul64(total, d)
		if d == 0 || hi != 0 || lo > math.MaxInt32 {
			return fmt.Errorf("has the shape %v", shape)
		}
		total = lo
		t.Shape = append(t.Shape, int(d))
	}
	if shape[0]%uint64(numbers) != 0 {
		return fmt.Errorf("has rows of %d numbers, which are no whole blocks of %d", shape[0], numbers)
	}
	t.Size = int64(total/uint64(numbers)) * int64(blockBytes)
	if t.Size > size || offset > uint64(size-t.Size) {
		return fmt.Errorf("has %d bytes at %d, beyond the end of the file", t.Size, offset)
	}
	t.offset = int64(offset)
	return nil
}

// place turns the offsets into offsets from the start of the file, once the header's end is known.
func (f *File) place(header, size int64) error {
	align := int64(defaultAlignment)
	if f.Has("general.alignment") {
		a, err := f.Int("general.alignment", 1, maxAlignment)
		if err != nil {
			return err
		}
		if a&(a-1) != 0 {
			return fmt.Errorf("an alignment of %d, want a power of two", a)
		}
		align = int64(a)
	}
	start := (header + align - 1) &^ (align - 1)
	for i := range f.tensors {
		t := &f.tensors[i]
		if t.offset%align != 0 {
			return fmt.Errorf("tensor %s starts at %d, which is not aligned to %d", quote(t.Name), t.offset, align)
		}
		t.offset += start
		if t.offset > size-t.Size {
			return fmt.Errorf("tensor %s has %d bytes at %d, beyond the end of the file", quote(t.Name), t.Size, t.offset)
		}
	}
	return f.checkOverlap()
}

func (f *File) checkOverlap() error {
	order := make([]*Tensor, len(f.tensors))
	for i := range f.tensors {
		order[i] = &f.tensors[i]
	}
	slices.SortFunc(order, func(a, b *Tensor) int { return cmp.Compare(a.offset, b.offset) })
	for i := 1; i < len(order); i++ {
		a, b := order[i-1], order[i]
		if a.offset+a.Size > b.offset {
			return fmt.Errorf("tensors %s and %s overlap", quote(a.Name), quote(b.Name))
		}
	}
	return nil
}

// Tensors returns the table in file order. The caller must not change it.
func (f *File) Tensors() []Tensor { return f.tensors }

// Tensor returns the tensor of that name.
func (f *File) Tensor(name string) (*Tensor, bool) {
	i, ok := f.byName[name]
	if !ok {
		return nil, false
	}
	return &f.tensors[i], true
}

// From returns the same file, whose tensors are read from r.
func (f *File) From(r io.ReaderAt) *File {
	out := *f
	out.r = r
	return &out
}

// ReadTensor fills dst with the bytes of the tensor from byte at on.
func (f *File) ReadTensor(t *Tensor, dst []byte, at int64) error {
	if at < 0 || at > t.Size-int64(len(dst)) {
		return fmt.Errorf("read tensor %q: %d bytes at %d of %d", t.Name, len(dst), at, t.Size)
	}
	if n, err := f.r.ReadAt(dst, t.offset+at); n < len(dst) {
		return fmt.Errorf("read tensor %q: %w", t.Name, err)
	}
	return nil
}
