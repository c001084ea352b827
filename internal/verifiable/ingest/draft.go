// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bytes"

	"dsai.example/dsai/internal/verifiable/ingest/segment"
)

// draft collects the text and the marks of one document.
type draft struct {
	text  []byte
	marks []segment.Mark
	max   int64 // most bytes of text
}

// block starts a new block after a blank line.
func (d *draft) block(m segment.Mark) { d.begin(m, "\n\n") }

// line starts a new block on the next line: list items and table rows stand
// together.
func (d *draft) line(m segment.Mark) { d.begin(m, "\n") }

// begin starts a new block in place of the one at hand if that is still empty.
func (d *draft) begin(m segment.Mark, gap string) {
	if n := len(d.marks); n > 0 && len(bytes.TrimSpace(d.text[d.marks[n-1].At:])) == 0 {
		d.marks = d.marks[:n-1]
	}
	for len(d.text) > 0 && !bytes.HasSuffix(d.text, []byte(gap)) {
		d.text = append(d.text, '\n')
	}
	m.At = len(d.text)
	d.marks = append(d.marks, m)
}

// check reports the text limit.
func (d *draft) check() error {
	if int64(len(d.text)) > d.max {
		return skip(CodeTooLarge, "more than %d bytes of text", d.max)
	}
	return nil
}
