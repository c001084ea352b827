// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"strings"

	"dsai.example/dsai/internal/verifiable/ingest/segment"
)

// parseCSV marks the rows of the table in d. The text stays the source, and the
// names of the columns stand in the heading of each passage, so a span never
// covers a byte that the contributor did not write.
func parseCSV(ctx context.Context, d *draft) error {
	body := bytes.TrimPrefix(d.text, []byte("\ufeff"))
	skipped := len(d.text) - len(body)
	r := csv.NewReader(ctxReader{ctx, bytes.NewReader(body)})
	r.Comma = separator(body)
	r.LazyQuotes = true
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	header := true
	for {
		at := skipped + int(r.InputOffset())
		row, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		m := segment.Mark{At: at, Kind: segment.Row}
		if header {
			m = segment.Mark{At: at, Kind: segment.Heading, Level: 1, Title: strings.Join(row, " | ")}
			header = false
		}
		d.marks = append(d.marks, m)
	}
}

// separator returns the likeliest field separator by the first line.
func separator(src []byte) rune {
	line := src[:lineEnd(src, 0)]
	best, most := ',', bytes.Count(line, []byte(","))
	for _, c := range ";\t|" {
		if n := bytes.Count(line, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}
