// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding"
	"errors"
	"hash"
	"io"

	"dsai.example/dsai"
)

// A file is read three times: its header when it is opened, all of it for the fingerprint, and its
// weights. Somebody may write to it in between, and set its times back. So that a receipt names what
// was run, the fingerprint is compared with the header that was parsed, and the weights with the
// fingerprint, block by block as they are read.

// front hashes what is read of a file front to back, as its header is.
type front struct {
	r    io.ReaderAt
	hash hash.Hash
	size int64
}

func (f *front) ReadAt(b []byte, at int64) (int, error) {
	if at != f.size {
		return 0, errors.New("the header is not read front to back")
	}
	n, err := f.r.ReadAt(b, at)
	f.hash.Write(b[:n])
	f.size += int64(n)
	return n, err
}

// printedBlock is how many bytes are compared at once.
const printedBlock = 1 << 20

// printed is a fingerprint, and the state of its hash before each block and at the end. A block that
// leads from one state to the next is the one that was hashed: another would be a collision.
type printed struct {
	digest dsai.Digest
	states [][]byte
}

func (f *File) fingerprint(ctx context.Context, progress func(done, total int64)) (*printed, error) {
	h, head, buf := sha256.New(), sha256.New(), make([]byte, printedBlock)
	p := &printed{states: [][]byte{stateOf(h)}}
	for at := int64(0); at < f.Size; at += int64(len(buf)) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		buf = buf[:min(printedBlock, f.Size-at)]
		if n, err := f.source.ReadAt(buf, at); n < len(buf) {
			return nil, err
		}
		h.Write(buf)
		head.Write(buf[:max(0, min(int64(len(buf)), f.front.size-at))])
		p.states = append(p.states, stateOf(h))
		if progress != nil {
			progress(at+int64(len(buf)), f.Size)
		}
	}
	if !bytes.Equal(head.Sum(nil), f.front.hash.Sum(nil)) {
		return nil, ErrChanged
	}
	p.digest = dsai.Digest(h.Sum(nil))
	return p, nil
}

func stateOf(h hash.Hash) []byte {
	b, err := h.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		panic(err) // crypto/sha256 promises it
	}
	return b
}

// same reads a file, and fails if it is not the one that was hashed. What it hands out is copied from
// memory that was compared, not read again. It is for one reader at a time.
type same struct {
	r io.ReaderAt
	*printed
	size int64

	block []byte // the one that was read last
	index int64
}

func (s *same) ReadAt(b []byte, at int64) (n int, err error) {
	for n < len(b) && at < s.size {
		if err := s.read(at / printedBlock); err != nil {
			return n, err
		}
		m := copy(b[n:], s.block[at%printedBlock:])
		n, at = n+m, at+int64(m)
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// read makes block the i-th of the file.
func (s *same) read(i int64) error {
	if s.block != nil && i == s.index {
		return nil
	}
	if s.block == nil {
		s.block = make([]byte, printedBlock)
	}
	s.index = -1
	s.block = s.block[:min(printedBlock, s.size-i*printedBlock)]
	if n, err := s.r.ReadAt(s.block, i*printedBlock); n < len(s.block) {
		return err
	}
	h := sha256.New()
	if err := h.(encoding.BinaryUnmarshaler).UnmarshalBinary(s.states[i]); err != nil {
		return err
	}
	h.Write(s.block)
	if !bytes.Equal(stateOf(h), s.states[i+1]) {
		return ErrChanged
	}
	s.index = i
	return nil
}
