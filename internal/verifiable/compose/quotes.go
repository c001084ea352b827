// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package compose

import (
	"fmt"
	"unicode/utf8"

	"dsai.example/dsai"
)

// Limit is what the consent of a passage says of quotation.
type Limit struct {
	Document dsai.DocumentID
	Most     int // code points of the document, all answers together; 0: any
}

// allowance bounds what an answer was let quote of one document. How much its reader had been quoted
// before is known to the node alone, but not everything can have been left: at least the passages that
// the model was given, which are given only if all of them may be quoted, and at most the limit.
type allowance struct{ least, most, quoted int }

// compareQuotes compares the citations with those that were made again. One may have been cut to
// nothing because no more of its document could be quoted: if some one amount that was left explains
// all that were, and all that were not.
func (c Claim) compareQuotes(made []dsai.Quote) error {
	left := map[dsai.DocumentID]*allowance{}
	for i, l := range c.Limits {
		if l.Most == 0 {
			continue
		}
		if left[l.Document] == nil {
			left[l.Document] = &allowance{most: l.Most}
		}
		a := left[l.Document]
		if a.least += utf8.RuneCountInString(c.Passages[i].Text); a.least > a.most {
			return fmt.Errorf("%w: the model was given more of a document than the %d characters that may be quoted of it", ErrDiffers, a.most)
		}
	}
	for i, q := range made {
		var a *allowance
		if c.Limits != nil {
			a = left[c.Limits[q.N-1].Document]
		}
		body := c.Passages[q.N-1]
		n := utf8.RuneCountInString(body.Text[q.Start-body.Start : q.End-body.Start])
		switch claimed := c.Quotes[i]; {
		case claimed == q && a == nil:
		case claimed == q:
			a.quoted += n
			a.least = max(a.least, a.quoted)
		case a != nil && claimed == dsai.Quote{N: q.N, Start: q.Start, End: q.Start}:
			a.most = min(a.most, a.quoted+n-1)
		default:
			return fmt.Errorf("%w: citation %d is of bytes %d to %d of passage %d, not of %d to %d of %d", ErrDiffers, i+1,
				q.Start, q.End, q.N, claimed.Start, claimed.End, claimed.N)
		}
		if a != nil && a.least > a.most {
			return fmt.Errorf("%w: no limit on quotation explains where citation %d was cut to nothing, or that it was not", ErrDiffers, i+1)
		}
	}
	return nil
}
