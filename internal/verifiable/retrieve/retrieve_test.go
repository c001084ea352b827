// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package retrieve_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/rank"
	"dsai.example/dsai/internal/verifiable/retrieve"
	"github.com/google/go-cmp/cmp"
)

var (
	lex    = retrieve.Lexicon{}
	secret = dsai.Salt{1, 2, 3}
)

// word returns the nth word of a made-up language whose words are as common as
// 1/rank, as in a real one.
func word(r *rand.Rand, n int) string {
	i := int(float64(n) * (r.Float64() * r.Float64() * r.Float64()))
	return "w" + strconv.FormatInt(int64(i)*7919%1000003, 36) + "o"
}

// corpus makes n passages in three fields.
func corpus(seed uint64, n int) []retrieve.Passage {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]retrieve.Passage, n)
	for i := range out {
		var b strings.Builder
		for range 10 + r.IntN(60) {
			b.WriteString(word(r, 2000) + " ")
		}
		out[i] = retrieve.Passage{
			ID: uint64(i + 1), Document: uint32(i / 5), Contributor: uint32(i / 5 % 4),
			Field: []string{"en", "en", "fr", "xx"}[i%4], Text: b.String(),
			Commitment: dsai.Hash("test", []byte(strconv.Itoa(i))),
		}
	}
	return out
}

func questions(seed uint64, n int) []string {
	r := rand.New(rand.NewPCG(seed, 2))
	out := make([]string, n)
	for i := range out {
		var w []string
		for range 2 + r.IntN(8) {
			w = append(w, word(r, 2000))
		}
		out[i] = strings.Join(w, " ")
	}
	return out
}

func anybody(uint32) string { return "" }

func create(t testing.TB) *retrieve.Index {
	t.Helper()
	ix, err := retrieve.Create(filepath.Join(t.TempDir(), "index"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ix.Close(); err != nil {
			t.Error(err)
		}
	})
	return ix
}

func apply(t testing.TB, ix *retrieve.Index, c retrieve.Change) {
	t.Helper()
	if err := ix.Apply(context.Background(), c); err != nil {
		t.Fatal(err)
	}
}

func pin(t testing.TB, ix *retrieve.Index) *retrieve.Epoch {
	t.Helper()
	return pinInto(t, ix, epochs(t), secret)
}

func pinInto(t testing.TB, ix *retrieve.Index, into retrieve.Epochs, secret dsai.Salt) *retrieve.Epoch {
	t.Helper()
	e, err := ix.Pin(context.Background(), into, secret)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func epochs(t testing.TB) retrieve.Epochs {
	t.Helper()
	d, err := retrieve.CreateEpochs(filepath.Join(t.TempDir(), "statistics"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func search(t testing.TB, ix *retrieve.Index, e *retrieve.Epoch, q string, k int, permit func(uint32) string) *retrieve.Result {
	t.Helper()
	res, err := ix.Search(context.Background(), e, retrieve.Request{Question: q, K: k, Permit: permit})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// read is a passage as an auditor counts it.
type read struct {
	retrieve.Passage
	counts rank.Counts
	sketch rank.Sketch
}

func readAll(all []retrieve.Passage) []read {
	var out []read
	for _, p := range all {
		var terms []string
		for _, t := range lex.Analyze(p.Field, p.Text) {
			terms = append(terms, t.Term)
		}
		out = append(out, read{p, rank.Count(lex, p.Field, p.Text), rank.MakeSketch(terms)})
	}
	return out
}

// exhaustive ranks by the definition alone, without an index.
func exhaustive(e *retrieve.Epoch, all []read, q string, k int, permit func(uint32) string) []retrieve.Hit {
	fields := e.Statistics().Fields
	query := rank.Parse(lex, q).Weigh(fields, e.DF)
	var pool []rank.Candidate
	for _, p := range all {
		if score := query.Score(fields, p.counts); score > 0 && permit(p.Document) == "" {
			pool = append(pool, rank.Candidate{ID: p.ID, Document: p.Document, Contributor: p.Contributor, Score: score,
				Commitment: p.Commitment, Sketch: p.sketch})
		}
	}
	slices.SortFunc(pool, rank.Compare)
	var out []retrieve.Hit
	for _, i := range rank.Choose(k, pool) {
		c := pool[i]
		out = append(out, retrieve.Hit{ID: c.ID, Document: c.Document, Contributor: c.Contributor, Score: c.Score, Commitment: c.Commitment})
	}
	return out
}

// TestSameListHoweverMade builds the same set of passages in different ways and
// wants the definition's own statistics, proofs and lists from each.
func TestSameListHoweverMade(t *testing.T) {
	all := corpus(1, 1200)
	auditor := readAll(all)
	extra := corpus(2, 300)
	for i := range extra {
		extra[i].ID += 100000
	}
	ways := map[string]func(*retrieve.Index){
		"one batch": func(ix *retrieve.Index) { apply(t, ix, retrieve.Change{Add: all}) },
		"shuffled, batches of 97": func(ix *retrieve.Index) {
			p := slices.Clone(all)
			rand.New(rand.NewPCG(3, 3)).Shuffle(len(p), func(i, j int) { p[i], p[j] = p[j], p[i] })
			for c := range slices.Chunk(p, 97) {
				apply(t, ix, retrieve.Change{Add: c})
			}
		},
		"a segment for each field": func(ix *retrieve.Index) {
			for _, f := range []string{"xx", "fr", "en"} {
				of := slices.DeleteFunc(slices.Clone(all), func(p retrieve.Passage) bool { return p.Field != f })
				apply(t, ix, retrieve.Change{Add: of})
			}
		},
		"added, then removed": func(ix *retrieve.Index) {
			apply(t, ix, retrieve.Change{Add: slices.Concat(all[:700], extra)})
			apply(t, ix, retrieve.Change{Add: all[700:], Remove: ids(extra[:150])})
			apply(t, ix, retrieve.Change{Remove: ids(extra[150:])})
		},
		"removed, then merged": func(ix *retrieve.Index) {
			apply(t, ix, retrieve.Change{Add: extra})
			apply(t, ix, retrieve.Change{Add: all, Remove: ids(extra)})
			if err := ix.Merge(context.Background()); err != nil {
				t.Fatal(err)
			}
		},
		"replaced": func(ix *retrieve.Index) {
			wrong := slices.Clone(all)
			for i := range wrong {
				wrong[i].Text = extra[i%len(extra)].Text
			}
			apply(t, ix, retrieve.Change{Add: wrong})
			apply(t, ix, retrieve.Change{Add: all})
		},
	}
	var want dsai.Statistics
	for name, make := range ways {
		t.Run(name, func(t *testing.T) {
			ix := create(t)
			make(ix)
			e := pin(t, ix)
			got := e.Statistics()
			if want.Ranking == "" {
				want = got
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("statistics differ (-first way +this way):\n%s", d)
			}
			deny := func(doc uint32) string {
				if doc%10 == 3 {
					return "no_grant"
				}
				return ""
			}
			for _, q := range questions(7, 40) {
				for _, permit := range []func(uint32) string{anybody, deny} {
					want := exhaustive(e, auditor, q, 10, permit)
					if d := cmp.Diff(want, search(t, ix, e, q, 10, permit).Hits); d != "" {
						t.Fatalf("Search(%q) (-definition +index):\n%s", q, d)
					}
				}
			}
		})
	}
}

func ids(p []retrieve.Passage) []uint64 {
	out := make([]uint64, len(p))
	for i := range p {
		out[i] = p[i].ID
	}
	return out
}

// TestStatisticsCount compares pinned statistics with a count by hand.
func TestStatisticsCount(t *testing.T) {
	all := corpus(5, 300)
	ix := create(t)
	apply(t, ix, retrieve.Change{Add: all})
	apply(t, ix, retrieve.Change{Remove: ids(all[200:])})
	e := pin(t, ix)
	df := map[[2]string]int{}
	sums := map[string]dsai.FieldStats{}
	for _, p := range all[:200] {
		c := rank.Count(lex, p.Field, p.Text)
		s := sums[p.Field]
		sums[p.Field] = dsai.FieldStats{Field: p.Field, Passages: s.Passages + 1, Tokens: s.Tokens + c.Length}
		for term := range c.TF {
			df[[2]string{p.Field, term}]++
		}
	}
	want := []dsai.FieldStats{sums["en"], sums["fr"], sums["xx"]}
	if d := cmp.Diff(want, e.Statistics().Fields); d != "" {
		t.Errorf("fields (-counted +pinned):\n%s", d)
	}
	if got := e.Statistics().Terms; got != len(df) {
		t.Errorf("terms = %d, want %d", got, len(df))
	}
	for k, n := range df {
		if got := e.DF(k[0], k[1]); got != n {
			t.Errorf("DF(%q, %q) = %d, want %d", k[0], k[1], got, n)
		}
	}
	for _, absent := range []string{"", "zzz", "w", "\x00"} {
		if got := e.DF("en", absent); got != 0 {
			t.Errorf("DF(en, %q) = %d, want 0", absent, got)
		}
	}
}

// TestPermit wants withheld passages counted by reason, and the rest as if they
// did not exist.
func TestPermit(t *testing.T) {
	all := corpus(1, 400)
	ix := create(t)
	apply(t, ix, retrieve.Change{Add: all})
	e := pin(t, ix)
	q := questions(9, 1)[0]
	open := search(t, ix, e, q, 10, anybody)
	if len(open.Hits) != 10 || len(open.Excluded.Counts) != 0 {
		t.Fatalf("Search(%q) = %d hits, %v excluded, want 10 and none", q, len(open.Hits), open.Excluded)
	}
	none := search(t, ix, e, q, 10, func(uint32) string { return "revoked" })
	if len(none.Hits) != 0 || len(none.Withheld) != 10 || none.Excluded.Counts[0].Count != none.Candidates {
		t.Errorf("with nothing permitted: %d hits, %d withheld, %v excluded of %d", len(none.Hits), len(none.Withheld), none.Excluded, none.Candidates)
	}
	first := open.Hits[0]
	one := search(t, ix, e, q, 10, func(d uint32) string {
		if d == first.Document {
			return "no_grant"
		}
		return ""
	})
	if len(one.Withheld) == 0 || one.Withheld[0].ID != first.ID || one.Withheld[0].Reason != "no_grant" || one.Withheld[0].Score != first.Score {
		t.Errorf("Withheld = %+v, want first %+v", one.Withheld, first)
	}
	for _, h := range one.Hits {
		if h.Document == first.Document {
			t.Errorf("hit %d is of the withheld document", h.ID)
		}
	}
}

// TestReopen wants the same after a restart.
func TestReopen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "index")
	ix, err := retrieve.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := corpus(1, 200)
	apply(t, ix, retrieve.Change{Add: all})
	pinned := epochs(t)
	e := pinInto(t, ix, pinned, secret)
	q := questions(4, 1)[0]
	want := search(t, ix, e, q, 5, anybody)
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := ix.Search(context.Background(), e, retrieve.Request{Question: q, K: 5, Permit: anybody}); err == nil {
		t.Error("Search after Close succeeds")
	}
	if _, err := retrieve.Create(dir); err == nil {
		t.Error("Create over an existing index succeeds")
	}
	if ix, err = retrieve.Open(dir); err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	e2, err := pinned.Open(e.Statistics().Root)
	if err != nil {
		t.Fatal(err)
	}
	got := search(t, ix, e2, q, 5, anybody)
	if d := cmp.Diff(want.Hits, got.Hits); d != "" {
		t.Errorf("after reopening (-before +after):\n%s", d)
	}
}

// TestDamage wants an index with a flipped bit, a torn or a missing file refused,
// and one with a left-over of a crash opened.
func TestDamage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "index")
	ix, err := retrieve.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	apply(t, ix, retrieve.Change{Add: corpus(1, 30)})
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "postings", "*.zap"))
	if err != nil || len(names) != 1 {
		t.Fatalf("segment files: %v, %v, want one", names, err)
	}
	whole, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	try := func(data []byte) error {
		if err := os.WriteFile(names[0], data, 0o600); err != nil {
			t.Fatal(err)
		}
		ix, err := retrieve.Open(dir)
		if err == nil {
			err = ix.Close()
		}
		return err
	}
	for i := 0; i < len(whole); i += len(whole)/40 + 1 {
		bad := slices.Clone(whole)
		bad[i] ^= 1 << (i % 8)
		if try(bad) == nil {
			t.Errorf("byte %d of %d flipped: opened", i, len(whole))
		}
	}
	for _, n := range []int{0, 3, len(whole) / 2, len(whole) - 1} {
		if try(whole[:n]) == nil {
			t.Errorf("torn to %d of %d bytes: opened", n, len(whole))
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "postings", "0000000000ff.zap"), whole[:99], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := try(whole); err != nil {
		t.Errorf("with half a segment that no snapshot names: %v", err)
	}
	if err := os.Remove(names[0]); err != nil {
		t.Fatal(err)
	}
	if ix, err := retrieve.Open(dir); err == nil {
		t.Error("without its segment: opened")
		ix.Close()
	}
	if _, err := retrieve.Open(filepath.Join(dir, "none")); err == nil {
		t.Error("Open of nothing succeeds")
	}
}

// TestInflections wants each language to find its own inflected forms, and the
// field without a stemmer to find words as they are written.
func TestInflections(t *testing.T) {
	cases := []struct{ language, text, question string }{
		{"en", "The pumps are inspected on Mondays.", "who inspects the pump?"},
		{"fr", "Les pompes sont vérifiées chaque lundi.", "quand vérifier la pompe ?"},
		{"es", "Las bombas fueron revisadas el lunes.", "¿cuándo revisar la bomba?"},
		{"de", "Die Pumpen werden montags geprüft, die Filter gereinigt.", "wann wird der Filter der Pumpe gereinigt?"},
		{"pt", "As galinhas doentes são separadas.", "como separar a galinha doente?"},
		{"it", "Le pompe vengono controllate ogni lunedì.", "quando controllare la pompa?"},
		{"nl", "De pompen worden op maandag gecontroleerd.", "wanneer wordt de pomp gecontroleerd?"},
		{"ru", "Насосы проверяются по понедельникам.", "когда проверяется насос?"},
		{"ar", "يتم فحص المضخات كل أسبوع", "متى فحص المضخة"},
		{"sv", "Pumparna kontrolleras varje måndag.", "när kontrolleras pumpen?"},
		{"sw", "Chemsha maji mpaka yatoe mapovu makubwa.", "chemsha maji kwa muda gani?"},
		{"tl", "Pakuluan ang tubig sa loob ng isang minuto.", "gaano katagal pakuluan ang tubig?"},
	}
	ix := create(t)
	var add []retrieve.Passage
	for i, c := range cases {
		add = append(add, retrieve.Passage{ID: uint64(i), Document: uint32(i), Field: lex.Field(c.language), Text: c.text,
			Commitment: dsai.Hash("test", []byte(c.text))})
	}
	apply(t, ix, retrieve.Change{Add: add})
	e := pin(t, ix)
	for i, c := range cases {
		t.Run(c.language, func(t *testing.T) {
			hits := search(t, ix, e, c.question, 3, anybody).Hits
			if len(hits) == 0 || hits[0].ID != uint64(i) {
				t.Errorf("Search(%q) = %+v, want passage %d first", c.question, hits, i)
			}
		})
	}
}

// TestLexiconAligns checks what rank.Lexicon promises: every field finds its
// words where Plain finds them.
func TestLexiconAligns(t *testing.T) {
	texts := []string{
		"L'eau de la pompe n'est pas potable; qu'en dit l'infirmière d'aujourd'hui?",
		"John's pump-house costs $3.50 (see http://example.org/a?b=c), don't it?",
		"Die Straße, über 20 °C, Öl & Wasser", "dell'acqua un'amica", "可以喝水吗 ひらがな", "पानी साफ करें", "المياه النظيفة والصابون", "",
		"İstanbul'da SU", "a\x00b \xff\xfe", strings.Repeat("x", 3000),
	}
	for _, text := range texts {
		at := map[int]bool{}
		for _, tok := range lex.Analyze(rank.Plain, text) {
			at[tok.Start] = true
		}
		for _, f := range lex.Fields() {
			for _, tok := range lex.Analyze(f, text) {
				if !at[tok.Start] {
					t.Errorf("Analyze(%s, %q) finds %q at %d, where %s finds nothing", f, text, tok.Term, tok.Start, rank.Plain)
				}
			}
		}
	}
	if !slices.IsSorted(lex.Fields()) {
		t.Errorf("Fields() = %v, want sorted", lex.Fields())
	}
}

// TestSearchWhileChanging runs searches against changes, pins and merges; the
// race detector is the judge, and that each list is one of a whole change.
func TestSearchWhileChanging(t *testing.T) {
	all := corpus(1, 600)
	ix := create(t)
	apply(t, ix, retrieve.Change{Add: all[:200]})
	e := pin(t, ix)
	stop := make(chan struct{})
	done := make(chan error, 3)
	for range cap(done) {
		go func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					done <- nil
					return
				default:
				}
				r, err := ix.Search(context.Background(), e, retrieve.Request{Question: questions(uint64(i), 1)[0], K: 10, Permit: anybody})
				if err == nil && len(r.Hits) == 0 {
					err = fmt.Errorf("search %d: no hits", i)
				}
				if err != nil {
					done <- err
					return
				}
			}
		}()
	}
	for c := range slices.Chunk(all[200:], 40) {
		apply(t, ix, retrieve.Change{Add: c, Remove: ids(c[:2])})
		apply(t, ix, retrieve.Change{Remove: ids(c[2:4])})
	}
	pin(t, ix)
	if err := ix.Merge(context.Background()); err != nil {
		t.Error(err)
	}
	close(stop)
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
