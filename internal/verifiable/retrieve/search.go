// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package retrieve

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/rank"
	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// Request is what Search looks for.
type Request struct {
	Question string
	K        int // passages wanted, 1 to 100
	// Permit returns why no passage of a document may be used, as a reason code,
	// or "" when they may. It is asked inside the candidate loop, often more than
	// once for a document, and must be quick and not block.
	Permit func(document uint32) string
}

// Result is what Search found.
type Result struct {
	Hits []Hit // at most K, in the order of the ranking
	// Withheld are passages that would have ranked no lower than the last hit, had
	// they been permitted; at most K, in the order of the ranking. Excluded counts
	// all of them.
	Withheld   []Hit
	Excluded   dsai.Excluded
	Candidates int        // passages that hold a word of the question
	Query      rank.Query // as weighed
}

// Hit is one ranked passage.
type Hit struct {
	ID          uint64
	Document    uint32
	Contributor uint32
	Score       int64
	Commitment  dsai.Digest
	Reason      string // why it was withheld
}

const maxK = 100

// Search ranks all permitted passages of the index against a question, by the
// statistics of an epoch. It scores every passage that holds a word of the
// question and skips none, so the result is the definition's in package rank,
// whatever the order in which passages came or segments merged. Passages that
// joined after the epoch are found by the words that the epoch knows.
func (ix *Index) Search(ctx context.Context, e *Epoch, r Request) (*Result, error) {
	if r.K < 1 || r.K > maxK {
		return nil, fmt.Errorf("search index: k %d is not in 1 to %d", r.K, maxK)
	}
	v, err := ix.acquire()
	if err != nil {
		return nil, fmt.Errorf("search index: %w", err)
	}
	s, ok := ix.scratch.Get().(*scratch)
	if !ok {
		s = &scratch{}
	}
	defer ix.scratch.Put(s)

	res := &Result{Query: rank.Parse(Lexicon{}, r.Question).Weigh(e.fields, e.DF)}
	top := top{limit: rank.Pool(r.K), permit: r.Permit}
	err = v.search(ctx, e.fields, res, s, &top)
	if err2 := v.release(); err == nil {
		err = err2
	}
	if err != nil {
		return nil, fmt.Errorf("search index: %w", err)
	}
	pool := top.sorted()
	for _, i := range rank.Choose(r.K, pool) {
		res.Hits = append(res.Hits, hit(pool[i]))
	}
	res.withhold(top.withheld, r.K)
	return res, nil
}

func hit(c rank.Candidate) Hit {
	return Hit{ID: c.ID, Document: c.Document, Contributor: c.Contributor, Score: c.Score, Commitment: c.Commitment}
}

// withhold fills Withheld and Excluded.
func (res *Result) withhold(all []withheld, k int) {
	slices.SortFunc(all, func(a, b withheld) int { return rank.Compare(a.Candidate, b.Candidate) })
	counts := map[string]int{}
	for _, w := range all {
		if n := len(res.Hits); n == k && w.Score < res.Hits[n-1].Score {
			break
		}
		counts[w.reason]++
		if len(res.Withheld) < k {
			h := hit(w.Candidate)
			h.Reason = w.reason
			res.Withheld = append(res.Withheld, h)
		}
	}
	res.Excluded.Counts = []dsai.ExcludedCount{}
	for reason, n := range counts {
		res.Excluded.Counts = append(res.Excluded.Counts, dsai.ExcludedCount{Reason: reason, Count: n})
	}
	slices.SortFunc(res.Excluded.Counts, func(a, b dsai.ExcludedCount) int { return cmp.Compare(a.Reason, b.Reason) })
}

// scratch is memory that searches use one after another. scores is all zero
// between searches.
type scratch struct {
	scores  []int64
	touched []uint32
	list    segment.PostingsList
	iter    segment.PostingsIterator
}

// search scores every passage of the view and offers it to top.
func (v *view) search(ctx context.Context, fields []dsai.FieldStats, res *Result, s *scratch, t *top) error {
	terms := make([][]rank.FieldTerm, len(fields))
	for i, f := range fields {
		terms[i] = res.Query.In(f.Field)
	}
	for i := range v.segments {
		seg := &v.segments[i]
		if n := len(seg.ids); len(s.scores) < n {
			s.scores = make([]int64, n)
		}
		var err error
		for j, f := range fields {
			if err = ctx.Err(); err == nil && len(terms[j]) > 0 {
				err = seg.score(f, terms[j], s)
			}
			if err != nil {
				break
			}
		}
		// Also after an error: the scratch must go back clean.
		for _, d := range s.touched {
			if err == nil && s.scores[d] > 0 {
				res.Candidates++
				t.offer(s.scores[d], seg.columns, d)
			}
			s.scores[d] = 0
		}
		s.touched = s.touched[:0]
		if err != nil {
			return err
		}
	}
	return nil
}

// score adds what the terms of one field are worth to the passages of a segment.
func (seg *segmentView) score(f dsai.FieldStats, terms []rank.FieldTerm, s *scratch) error {
	dict, err := seg.postings.Dictionary(f.Field)
	if err != nil {
		return err
	}
	if dict.Cardinality() == 0 {
		return nil // bleve's list of such a dictionary crashes when it reuses another
	}
	for _, t := range terms {
		if s.list, err = dict.PostingsList([]byte(t.Term), seg.deleted, s.list); err != nil {
			return err
		}
		s.iter = s.list.Iterator(true, false, false, s.iter)
		for {
			p, err := s.iter.Next()
			if err != nil {
				return err
			}
			if p == nil {
				break
			}
			d := uint32(p.Number())
			if s.scores[d] == 0 {
				s.touched = append(s.touched, d)
			}
			s.scores[d] += rank.Part(t.IDF, int64(p.Frequency()), rank.Relative(int(seg.lengths[d]), f.Passages, f.Tokens))
		}
	}
	return nil
}

// top keeps the best permitted candidates, and the withheld ones that are no
// worse than the worst of them.
type top struct {
	limit    int
	permit   func(uint32) string
	pool     []rank.Candidate
	least    int64 // no candidate below it can be among the best limit
	withheld []withheld
}

type withheld struct {
	rank.Candidate
	reason string
}

func (t *top) offer(score int64, c *columns, i uint32) {
	if score < t.least {
		return
	}
	x := rank.Candidate{ID: c.ids[i], Document: c.documents[i], Contributor: c.contributors[i], Score: score,
		Commitment: c.commitments[i], Sketch: c.sketches[i]}
	if reason := t.permit(x.Document); reason != "" {
		if t.withheld = append(t.withheld, withheld{x, reason}); len(t.withheld)%4096 == 0 {
			t.withheld = slices.DeleteFunc(t.withheld, func(w withheld) bool { return w.Score < t.least })
		}
		return
	}
	if t.pool = append(t.pool, x); len(t.pool) >= 4*t.limit {
		t.sorted()
	}
}

// sorted cuts the pool to the best and returns it in the order of the ranking.
func (t *top) sorted() []rank.Candidate {
	slices.SortFunc(t.pool, rank.Compare)
	if len(t.pool) > t.limit {
		t.pool = t.pool[:t.limit]
		t.least = t.pool[t.limit-1].Score
	}
	return t.pool
}
