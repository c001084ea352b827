// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/rank"
)

type rankVectors struct {
	Ranking string            `json:"ranking"`
	Log2    [][2]uint64       `json:"log2"`     // x, Log2(x)
	IDF     [][4]int64        `json:"idf"`      // n, df, b, idf
	Rel     [][4]int64        `json:"relative"` // length, N, T, rel
	Part    [][4]int64        `json:"part"`     // idf, tf, rel, part
	Fields  []dsai.FieldStats `json:"fields"`
	Query   []queryWord       `json:"query"`
	Scores  []scoreVector     `json:"scores"`
	Sketch  []sketchVector    `json:"sketches"`
}

// queryWord is one word of the question, as each field writes it.
type queryWord struct {
	Word  string           `json:"word"`
	Terms []queryTerm      `json:"terms"`
	IDF   map[string]int64 `json:"idf"` // by field
}

type queryTerm struct {
	Field string `json:"field"`
	Term  string `json:"term"`
	DF    int    `json:"df"`
}

type scoreVector struct {
	Field  string         `json:"field"`
	Length int            `json:"length"`
	TF     map[string]int `json:"tf"`
	Score  int64          `json:"score"`
}

type sketchVector struct {
	Terms  []string    `json:"terms"`
	Sketch rank.Sketch `json:"sketch"`
}

func rankings() rankVectors {
	out := rankVectors{Ranking: rank.ID, Fields: statistics}
	for _, x := range []uint64{1, 2, 3, 4, 5, 7, 10, 100, 1000, 65535, 65536, 1<<32 - 1, 1 << 32, 1<<32 + 1, 1<<52 + 12345} {
		out.Log2 = append(out.Log2, [2]uint64{x, uint64(rank.Log2(x))})
	}
	for _, p := range [][2]int{{0, 0}, {1, 0}, {1, 1}, {5, 1}, {5, 2}, {5, 5}, {255, 1}, {256, 1}, {50_000, 1}, {50_000, 25_000}, {1 << 29, 1}} {
		b := rank.Background(p[0])
		out.IDF = append(out.IDF, [4]int64{int64(p[0]), int64(p[1]), int64(b), rank.IDF(p[0], p[1], b)})
	}
	for _, p := range [][3]int{{4, 5, 16}, {3, 5, 16}, {10, 5, 16}, {4, 1, 4}, {7, 3, 0}} {
		out.Rel = append(out.Rel, [4]int64{int64(p[0]), int64(p[1]), int64(p[2]), rank.Relative(p[0], p[1], p[2])})
	}
	for _, p := range [][3]int64{{65536, 1, 256}, {65536, 2, 256}, {65536, 1, 512}, {131072, 10, 64}, {0, 3, 256}} {
		out.Part = append(out.Part, [4]int64{p[0], p[1], p[2], rank.Part(p[0], p[1], p[2])})
	}
	out.query()
	for _, terms := range [][]string{{}, {"soap"}, {"wash", "hand", "soap", "dri", "air"}, {"wash", "hand", "soap", "dri", "air", "towel"}} {
		out.Sketch = append(out.Sketch, sketchVector{terms, rank.MakeSketch(terms)})
	}
	return out
}

// query scores passages for the question "water soap maji", whose last word no
// English passage holds.
func (v *rankVectors) query() {
	df := map[queryTerm]int{{"en", "water", 0}: 2, {"en", "soap", 0}: 1, {"xx", "water", 0}: 0, {"xx", "maji", 0}: 1}
	q := rank.Query{Words: []rank.Word{
		{Text: "water", Terms: []rank.Term{{Field: "en", Term: "water"}, {Field: "xx", Term: "water"}}},
		{Text: "soap", Terms: []rank.Term{{Field: "en", Term: "soap"}, {Field: "xx", Term: "soap"}}},
		{Text: "maji", Terms: []rank.Term{{Field: "en", Term: "maji"}, {Field: "xx", Term: "maji"}}},
	}}.Weigh(statistics, func(field, term string) int { return df[queryTerm{field, term, 0}] })
	for _, w := range q.Words {
		out := queryWord{Word: w.Text, IDF: map[string]int64{}}
		for _, t := range w.Terms {
			out.Terms = append(out.Terms, queryTerm{t.Field, t.Term, t.DF})
			out.IDF[t.Field] = w.IDF(t.Field)
		}
		v.Query = append(v.Query, out)
	}
	for _, c := range []rank.Counts{
		{Field: "en", Length: 4, TF: map[string]int{"water": 1}},
		{Field: "en", Length: 4, TF: map[string]int{"water": 2, "soap": 1}},
		{Field: "en", Length: 3, TF: map[string]int{"soap": 1}},
		{Field: "en", Length: 3, TF: map[string]int{"cool": 1}},
		{Field: "xx", Length: 4, TF: map[string]int{"maji": 1}},
	} {
		v.Scores = append(v.Scores, scoreVector{c.Field, c.Length, c.TF, q.Score(statistics, c)})
	}
}
