// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package ingest turns the files that a contributor names into text and
// passages: it finds the files (Walk), tells their type by content, extracts
// text and passages under strict limits (Extractor) and hands each document to a
// Sink in file order (Run).
//
// It never writes a file, opens a network connection, follows a link in a
// document, runs a script or a macro, or decides about consent; a file that it
// cannot read is named with a stable code and the rest goes on. The
// packages segment and lang below it are pure functions: the same text gives the
// same passages on any CPU. It may be imported by the node, the verbs and tests.
package ingest

import (
	"fmt"
	"time"

	"dsai.example/dsai/internal/verifiable/ingest/segment"
)

// Limits bounds what one file may cost. The zero value of a field means that
// nothing at all is allowed, so start from DefaultLimits.
type Limits struct {
	SourceBytes int64         // largest file read, in bytes
	TextBytes   int64         // largest derivation text or unpacked part, in bytes
	Ratio       int           // most unpacked bytes per packed byte, past the first MiB
	Depth       int           // deepest nesting of DOCX elements or Markdown containers; HTML has the parser's own 512
	Pages       int           // most pages of a PDF
	Timeout     time.Duration // longest extraction of one file
}

// DefaultLimits returns limits that fit a large manual and stop a bomb.
func DefaultLimits() Limits {
	return Limits{
		SourceBytes: 64 << 20,
		TextBytes:   32 << 20,
		Ratio:       200,
		Depth:       256,
		Pages:       5000,
		Timeout:     30 * time.Second,
	}
}

// Text is the derivation of one source: the bytes that spans index into, and
// the passages in span order.
type Text struct {
	MediaType string    // type of the source, found by content, such as "text/html"
	Extractor string    // id and version of the extractor, such as "html/1"
	Bytes     []byte    // valid UTF-8; for UTF-8 text, Markdown and CSV the source itself
	Passages  []Passage // ordered and disjoint; what lies between them is white space
	Language  string    // of the document as a whole, "" if unknown
}

// Passage is a span of a Text; package segment defines it.
type Passage = segment.Passage

// Code is the stable reason why a file was skipped. Users and tests branch on
// it, so a code is never renamed or reused.
type Code string

// The codes of a SkipError.
const (
	CodeUnsupported Code = "unsupported_type" // no extractor reads this type
	CodeNoText      Code = "no_text"          // pages without text, such as a scan
	CodeEmpty       Code = "empty"            // nothing but white space
	CodeNotUTF8     Code = "not_utf8"         // an encoding that cannot be told
	CodeDamaged     Code = "damaged"          // truncated or malformed
	CodeEncrypted   Code = "encrypted"        // needs a password
	CodeTooLarge    Code = "too_large"        // beyond Limits.SourceBytes, TextBytes or Pages
	CodeRatio       Code = "ratio"            // beyond Limits.Ratio: a decompression bomb
	CodeNesting     Code = "nesting"          // beyond Limits.Depth, or an archive in an archive
	CodeTimeout     Code = "timeout"          // beyond Limits.Timeout
	CodeUnreadable  Code = "unreadable"       // the operating system refuses to read it
	CodeNotFile     Code = "not_a_file"       // a device, pipe or socket
	CodeName        Code = "name"             // its name or a folder's is not UTF-8
	CodeLink        Code = "link"             // a symbolic link out of the named folder
	CodePrivate     Code = "private"          // a private key, or a folder of keys
	CodeWithdrawn   Code = "withdrawn"        // its contributor took these bytes back
)

// SkipError says why one file was left out. It is an outcome and not a failure
// of the run: the other files go on.
type SkipError struct {
	Path   string
	Code   Code
	Reason string // for people; lower case, one line
}

// Error returns the path, the reason and the code on one line.
func (e *SkipError) Error() string {
	return fmt.Sprintf("skip %s: %s (%s)", e.Path, e.Reason, e.Code)
}

// skip returns a SkipError whose path the boundary that knows it fills in.
func skip(c Code, format string, args ...any) error {
	return &SkipError{Code: c, Reason: fmt.Sprintf(format, args...)}
}
