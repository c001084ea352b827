// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/view"
)

// Citations returns the numbered sources of an answer, in the order in which it
// cites them: one for each quoted span. The HTTP API, the pages and the command
// line show the same list.
func Citations(o *pipeline.Output) []view.Citation {
	var out []view.Citation
	passages := o.Plan.Evidence.Passages
	for _, q := range o.Quotes {
		if q.N < 1 || q.N > len(passages) {
			continue
		}
		p := passages[q.N-1]
		c := view.Citation{
			N: q.N, Document: p.Use.Document, Short: "d-" + p.Use.Document.String()[:4], Title: p.Body.Title, Owner: p.Name,
			Heading: p.Body.Heading, Page: p.Body.Page, Passage: p.Use.Commitment, Start: q.Start, End: q.End, Consent: p.Use.Consent,
		}
		if from, to := q.Start-p.Body.Start, q.End-p.Body.Start; 0 <= from && from <= to && to <= len(p.Body.Text) {
			c.Quote = p.Body.Text[from:to]
		}
		out = append(out, c)
	}
	return out
}
