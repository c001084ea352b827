// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package rank_test

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/rank"
)

func TestLog2(t *testing.T) {
	// Golden: receipts depend on each of these.
	for x, want := range map[uint64]int64{
		1: 0, 2: 65536, 3: 103872, 4: 131072, 5: 152169, 7: 183982, 10: 217705, 1000: 653117, 65535: 1048574, 65536: 1048576,
		100002: 1088531, 1<<32 - 1: 2097151, 1 << 32: 2097152, 1<<32 + 1: 2097152, math.MaxUint64: 4194303,
	} {
		if got := rank.Log2(x); got != want {
			t.Errorf("Log2(%d) = %d, want %d", x, got, want)
		}
	}
	for x := uint64(1); x < 1<<20; x += 1 + x/1000 {
		exact := math.Log2(float64(x)) * 65536
		if got := float64(rank.Log2(x)); got > exact || got < exact-16 {
			t.Fatalf("Log2(%d) = %v, want within 16 below %v", x, got, exact)
		}
		if rank.Log2(x) > rank.Log2(x+1) {
			t.Fatalf("Log2(%d) > Log2(%d)", x, x+1)
		}
	}
}

// TestPart compares the formula with BM25 in floating point, and with itself in
// integers that cannot overflow, up to the limits.
func TestPart(t *testing.T) {
	for _, tf := range []int64{1, 2, 7, 300, rank.MaxLength} {
		for _, idf := range []int64{1, rank.One, 12*rank.One + 345, rank.IDF(rank.MaxPassages, 0, 0)} {
			for _, c := range [][3]int{{1, 1, 1}, {100, 50, 5000}, {30, 50000, 3000000}, {rank.MaxLength, rank.MaxPassages, rank.MaxPassages}} {
				rel := rank.Relative(c[0], c[1], c[2])
				got := rank.Part(idf, tf, rel)
				big1 := new(big.Int).Mul(big.NewInt(5632*tf), big.NewInt(idf))
				if want := big1.Div(big1, big.NewInt(256*(10*tf+3)+9*rel)); want.Cmp(big.NewInt(got)) != 0 {
					t.Errorf("Part(%d, %d, %d) = %d, want %v", idf, tf, rel, got, want)
				}
				norm := 1.2 * (0.25 + 0.75*float64(c[0])*float64(c[1])/float64(c[2]))
				want := float64(idf) * float64(tf) * 2.2 / (float64(tf) + norm)
				if math.Abs(float64(got)-want) > 1+want/100 {
					t.Errorf("Part(%d, %d, %d) = %d, BM25 says %.1f", idf, tf, rel, got, want)
				}
			}
		}
	}
}

func TestIDF(t *testing.T) {
	for _, c := range []struct {
		n, df, b int
		want     int64
	}{
		{0, 0, 0, 65536}, {50000, 0, 0, 1088531}, {50000, 1, 0, 984659}, {50000, 50000, 0, 1}, {3, 9, 0, 0},
		{0, 0, 256, 382448}, {1, 0, 255, 382777}, {1, 1, 255, 363744}, {10, 0, 246, 385790}, {10, 1, 246, 366200}, {10, 10, 246, 272844}, {200, 200, 56, 23061},
	} {
		if got := rank.IDF(c.n, c.df, c.b); got != c.want {
			t.Errorf("IDF(%d, %d, %d) = %d, want %d", c.n, c.df, c.b, got, c.want)
		}
	}
	for n, want := range map[int]int{0: 256, 1: 255, 255: 1, 256: 0, 50000: 0} {
		if got := rank.Background(n); got != want {
			t.Errorf("Background(%d) = %d, want %d", n, got, want)
		}
	}
	// A word that is nowhere weighs more than one that is, but not by much in a
	// small library; and there is no step where the background ends.
	for n := 1; n < 600; n++ {
		b := rank.Background(n)
		known, unknown := rank.IDF(n, 1, b), rank.IDF(n, 0, b)
		if known >= unknown || n <= 50 && unknown > known*5/4 {
			t.Errorf("with %d passages a known word weighs %d, an unknown one %d", n, known, unknown)
		}
		if next := rank.IDF(n+1, 1, rank.Background(n+1)); next < known-200 || next > known+rank.One/4 {
			t.Errorf("IDF of a word in one passage goes from %d at %d to %d", known, n, next)
		}
	}
}

// toy is a lexicon of two languages: a stop list each, and a plural "s" dropped.
type toy struct{}

var toyStops = map[string]string{"en": " the is a of in ", "fr": " le la est de "}

func (toy) Fields() []string         { return []string{"en", "fr", rank.Plain} }
func (toy) Field(lang string) string { return lang }
func (toy) Analyze(field, text string) (out []rank.Token) {
	for at := 0; at < len(text); {
		n := strings.IndexByte(text[at:], ' ')
		if n < 0 {
			n = len(text) - at
		}
		w := strings.ToLower(text[at : at+n])
		if w != "" && !strings.Contains(toyStops[field], " "+w+" ") {
			if field != rank.Plain {
				w = strings.TrimSuffix(w, "s")
			}
			out = append(out, rank.Token{Term: w, Start: at, End: at + n})
		}
		at += n + 1
	}
	return out
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ name, question, want string }{
		{"stop words of the question's language go in every field", "the pumps of the well", "pumps[en:pump fr:pump xx:pumps] well[en:well fr:well xx:well]"},
		{"those of another language stay", "is the la pump", "la[en:la xx:la] pump[en:pump fr:pump xx:pump]"},
		{"two languages as good as each other", "the le pump", "pump[en:pump fr:pump xx:pump]"},
		{"one word for two forms", "the pump pumps", "pump[en:pump fr:pump xx:pump]"},
		{"two forms in no language are two words", "pump pumps", "pump[en:pump fr:pump xx:pump] pumps[en:pump fr:pump xx:pumps]"},
		{"Swahili, which has no field", "maji ya pampu na kwa", "maji[en:maji fr:maji xx:maji] pampu[en:pampu fr:pampu xx:pampu]"},
		{"nothing but stop words", "the of", ""},
		{"nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, w := range rank.Parse(toy{}, c.question).Words {
				var terms []string
				for _, term := range w.Terms {
					terms = append(terms, term.Field+":"+term.Term)
				}
				got = append(got, w.Text+"["+strings.Join(terms, " ")+"]")
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("Parse(%q) = %s, want %s", c.question, s, c.want)
			}
		})
	}
	long := strings.Repeat("abcdefgh ", 3)
	for i := range 100 {
		long += strings.Repeat("x", i+1) + " "
	}
	if got := len(rank.Parse(toy{}, long).Words); got != rank.MaxWords {
		t.Errorf("Parse(104 words) keeps %d, want %d", got, rank.MaxWords)
	}
}

// TestLanguages holds the two halves of the minimum in idf(w, f).
func TestLanguages(t *testing.T) {
	fields := []dsai.FieldStats{{Field: "en", Passages: 10000, Tokens: 800000}, {Field: "fr", Passages: 50, Tokens: 4000}, {Field: "xx", Passages: 10, Tokens: 700}}
	df := map[string]int{
		"en:clean": 2000, "fr:clean": 1, // a common English word, quoted once in French
		"xx:kwa":  10, // a Swahili function word, in all ten passages
		"en:pump": 300, "xx:pump": 1, "fr:pompe": 20,
	}
	q := rank.Parse(toy{}, "clean kwa pump").Weigh(fields, func(f, t string) int { return df[f+":"+t] })
	weight := map[string]int64{}
	for i := range q.Words {
		for _, f := range []string{"en", "fr", "xx"} {
			weight[q.Words[i].Text+" "+f] = q.Words[i].IDF(f)
		}
	}
	if weight["clean fr"] > weight["clean en"]+rank.One/10 {
		t.Errorf("idf(clean, fr) = %d, want no more than the English %d", weight["clean fr"], weight["clean en"])
	}
	if weight["kwa xx"] > rank.One/10 {
		t.Errorf("idf(kwa, xx) = %d, want next to nothing", weight["kwa xx"])
	}
	english := rank.Counts{Field: "en", Length: 80, TF: map[string]int{"clean": 3, "pump": 2}}
	french := rank.Counts{Field: "fr", Length: 80, TF: map[string]int{"clean": 1}}
	if a, b := q.Score(fields, english), q.Score(fields, french); a <= b {
		t.Errorf("Score(English) = %d, Score(French that quotes it) = %d, want the first higher", a, b)
	}
	if got, want := q.Score(fields, english), int64(694762); got != want {
		t.Errorf("golden Score = %d, want %d", got, want)
	}
	if got := q.Score(fields, rank.Counts{Field: "de", Length: 3, TF: map[string]int{"pump": 1}}); got != 0 {
		t.Errorf("Score in a field without statistics = %d, want 0", got)
	}
}

func candidates(contributors string, scores ...int64) []rank.Candidate {
	var out []rank.Candidate
	for i, s := range scores {
		c := rank.Candidate{ID: uint64(i), Contributor: uint32(contributors[i]), Score: s}
		c.Sketch = rank.MakeSketch([]string{string(rune('a' + i)), "x", "y", "z"})
		out = append(out, c)
	}
	return out
}

func TestChoose(t *testing.T) {
	twin := candidates("abc", 90, 80, 70)
	twin[1].Sketch = twin[0].Sketch
	for _, c := range []struct {
		name string
		all  []rank.Candidate
		k    int
		want []int
	}{
		{"none", nil, 3, nil},
		{"fewer than k", candidates("ab", 9, 8), 5, []int{0, 1}},
		{"a flood gives way to comparable voices", candidates("aaaaabb", 99, 98, 97, 96, 95, 60, 55), 4, []int{0, 1, 5, 6}},
		{"but not to noise", candidates("aaaaabb", 99, 98, 97, 96, 95, 40, 30), 4, []int{0, 1, 2, 3}},
		{"the only contributor has all", candidates("aaaa", 99, 98, 97, 96), 3, []int{0, 1, 2}},
		{"capped ones fill what is left, in order", candidates("aaab", 99, 98, 97, 90), 4, []int{0, 1, 2, 3}},
		{"a near duplicate is left out", twin, 3, []int{0, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := rank.Choose(c.k, c.all); !slices.Equal(got, c.want) {
				t.Errorf("Choose(%d) = %v, want %v", c.k, got, c.want)
			}
		})
	}
}

func TestSketch(t *testing.T) {
	text := strings.Fields(`wash hand with soap and clean water for twenty second before you cook and after the toilet then dry them in the air
ash can serve where there is no soap and one bucket with a tap is enough for a family if it is filled each morning by whoever wakes first`)
	golden := rank.Sketch{57430, 9416, 6329, 17911, 42154, 61142, 24264, 63214, 42101, 3751, 26088, 49434, 4600, 27883, 12313, 30711}
	a := rank.MakeSketch(text)
	if a != golden {
		t.Errorf("golden sketch = %v, want %v", a, golden)
	}
	if !a.Near(a) {
		t.Error("a text is not near itself")
	}
	if !a.Near(rank.MakeSketch(append(slices.Clone(text), "more"))) {
		t.Error("a text with one word more is not near")
	}
	other := slices.Clone(text)
	slices.Sort(other)
	if a.Near(rank.MakeSketch(other)) {
		t.Error("the same words in another order are near")
	}
	none := rank.MakeSketch(nil)
	if none.Near(none) || none.Near(a) {
		t.Error("a text without terms is near something")
	}
	one, two := rank.MakeSketch([]string{"x"}), rank.MakeSketch([]string{"y"})
	if !one.Near(one) || one.Near(two) {
		t.Error("texts of one term: want near only when equal")
	}
}

func TestCompare(t *testing.T) {
	a := rank.Candidate{Score: 5, Commitment: dsai.Digest{1}}
	b := rank.Candidate{Score: 5, Commitment: dsai.Digest{2}}
	c := rank.Candidate{Score: 6, Commitment: dsai.Digest{3}}
	got := []rank.Candidate{b, a, c}
	slices.SortFunc(got, rank.Compare)
	if got[0] != c || got[1] != a || got[2] != b {
		t.Errorf("order = %v, want the higher score, then the smaller commitment", got)
	}
}

// FuzzParse wants any question cut without a panic, to words that are in it.
func FuzzParse(f *testing.F) {
	f.Add("the pumps of the well")
	f.Add("\xff the ")
	f.Fuzz(func(t *testing.T, question string) {
		q := rank.Parse(toy{}, question)
		for _, w := range q.Words {
			if !strings.Contains(question, w.Text) || len(w.Terms) == 0 {
				t.Errorf("Parse(%q) finds %+v", question, w)
			}
		}
	})
}
