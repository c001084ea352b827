// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/policy"
	"dsai.example/dsai/internal/verifiable/purpose"
)

func TestDefault(t *testing.T) {
	p := policy.Default()
	again, err := policy.ParseJSON(p.Canonical())
	if err != nil {
		t.Fatalf("ParseJSON(Canonical()) = %v", err)
	}
	if again.Digest() != p.Digest() || p.Digest() != dsai.Hash("policy", p.Canonical()) {
		t.Errorf("digests differ: %v and %v", again.Digest(), p.Digest())
	}
	const want = "fd59f90d48dc5eb9d54cc92e4f02a30f8d2aa791a3af5fd77620e7a4d4a3ed82"
	if got := p.Digest().String(); got != want {
		t.Errorf("Default().Digest() = %s, want %s", got, want)
	}
}

// TestConstitutionDigest pins the text: charters commit to it.
func TestConstitutionDigest(t *testing.T) {
	const want = "488e10ff4b8cfc49b9db22028305c31d46cf18693300c719aa94a8f3fc21fdd9"
	if got := policy.ConstitutionDigest().String(); got != want {
		t.Errorf("ConstitutionDigest() = %s, want %s", got, want)
	}
	if got := dsai.Hash("constitution", []byte(policy.Constitution())); got != policy.ConstitutionDigest() {
		t.Errorf("Hash(Constitution()) = %v, want %v", got, policy.ConstitutionDigest())
	}
}

// edited returns the default document with one text replaced by another.
func edited(t *testing.T, old, text string) []byte {
	t.Helper()
	if !strings.Contains(policy.DefaultTOML(), old) {
		t.Fatalf("the default policy has no %q", old)
	}
	return []byte(strings.Replace(policy.DefaultTOML(), old, text, 1))
}

func TestParseRefuses(t *testing.T) {
	const members = `when = 'request.role == "coop"'`
	rule := func(when string) [2]string { return [2]string{members, "when = '''" + when + "'''"} }
	for _, tc := range []struct {
		name    string
		edit    [2]string
		problem string
	}{
		{"other format", [2]string{"dsai-policy/1", "dsai-policy/2"}, "format"},
		{"unknown key", [2]string{"[parameters]", "[parameters]\nconcealLogs = true"}, "concealLogs"},
		{"unknown table", [2]string{"[parameters]", "[override]\nconsent = true\n[parameters]"}, "override"},
		{"missing key", [2]string{"minWitnesses = 0", ""}, "minWitnesses is missing"},
		{"missing part", [2]string{"treasury = 1000", ""}, "treasury is missing"},
		{"key twice", [2]string{"minWitnesses = 0", "minWitnesses = 0\nminWitnesses = 1"}, "minWitnesses"},
		{"staleness without end", [2]string{"maxStatusAgeSeconds = 2592000", "maxStatusAgeSeconds = 2592001"}, "maxStatusAgeSeconds"},
		{"no staleness", [2]string{"maxStatusAgeSeconds = 2592000", "maxStatusAgeSeconds = 0"}, "maxStatusAgeSeconds"},
		{"policy without end", [2]string{"maxPolicyAgeSeconds = 604800", "maxPolicyAgeSeconds = 31536000"}, "maxPolicyAgeSeconds"},
		{"policy too short", [2]string{"maxPolicyAgeSeconds = 604800", "maxPolicyAgeSeconds = 1"}, "maxPolicyAgeSeconds"},
		{"negative witnesses", [2]string{"minWitnesses = 0", "minWitnesses = -1"}, "minWitnesses"},
		{"audit everything twice", [2]string{"replayAuditRateBasisPoints = 0 ", "replayAuditRateBasisPoints = 20000 "}, "replayAudit"},
		{"evidence", [2]string{"evidenceFloorBasisPoints = 0", "evidenceFloorBasisPoints = 10001"}, "evidenceFloor"},
		{"power", [2]string{"powerFloorPercent = 0", "powerFloorPercent = 101"}, "powerFloor"},
		{"no engine", [2]string{`engines = ["extract", "infer", "upstream"]`, "engines = []"}, "engines"},
		{"unknown engine", [2]string{`"upstream"]`, `"magic"]`}, "magic"},
		{"engine twice", [2]string{`"upstream"]`, `"infer"]`}, "infer"},
		{"model", [2]string{"models = []", `models = ["abc"]`}, "abc"},
		{"split above all", [2]string{"treasury = 1000", "treasury = 1001"}, "split"},
		{"negative part", [2]string{"contributors = 7000\noperators = 2000", "contributors = -1000\noperators = 10000"}, "split"},
		{"price as a number", [2]string{`answer = "0"`, "answer = 1000"}, "prices.answer"},
		{"price missing", [2]string{`prompt = "0"`, ""}, "prompt"},
		{"price with a sign", [2]string{`answer = "0"`, `answer = "+1000"`}, "+1000"},
		{"price with a fraction", [2]string{`answer = "0"`, `answer = "0.5"`}, "0.5"},
		{"price too high", [2]string{`answer = "0"`, `answer = "1000000001"`}, "price"},

		{"rule id", [2]string{`id = "members"`, `id = "Members!"`}, "id"},
		{"rule id taken", [2]string{`id = "members"`, `id = "public-good"`}, "taken"},
		{"effect", [2]string{`effect = "allow"`, `effect = "maybe"`}, "maybe"},
		{"no rule", [2]string{members, `when = ""`}, "condition"},
		{"not a condition", rule(`request.role`), "bool"},
		{"syntax", rule(`request.role ==`), "members"},
		{"unknown attribute", rule(`request.consent == ""`), "request.consent"},
		{"whole request", rule(`request == request`), "request"},
		{"unknown purpose", rule(`request.purpose.under("World")`), "World"},
		{"unknown purpose in a list", rule(`request.purpose.within(["answers", "World"])`), "World"},
		{"purpose not literal", rule(`request.purpose.under(request.role)`), "by name"},
		{"purpose not literal in a list", rule(`request.purpose.within([request.role])`), "by name"},
		{"misspelled where no request gets", rule(`true || request.purpose.under("World")`), "World"},
		{"clock", rule(`timestamp("2026-01-01T00:00:00Z").getHours("Europe/Paris") > 1`), "timestamp"},
		{"regular expression", rule(`request.role.matches("a*")`), "matches"},
		{"loop", rule(`["a"].exists(x, x == request.role)`), "exists"},
		{"arithmetic", rule(`1.5 * 2.0 > 1.0`), "_*_"},
		{"conversion", rule(`int("1") == 1`), "int"},
		{"long", rule(strings.Repeat("true || ", 200) + "true"), "condition"},

		{"test fails", [2]string{"rule = \"public-good\"", "rule = \"members\""}, "the public asks"},
		{"test expects another effect", [2]string{"effect = \"deny\"\nrule = \"no-data-trade\"", "effect = \"allow\"\nrule = \"no-data-trade\""}, "nobody sells data"},
		{"test with unknown purpose", [2]string{`purpose = "CommercialResearch"`, `purpose = "World"`}, "World"},
		{"rule without a test", [2]string{"# The first", "[[rules]]\nid = \"idle\"\neffect = \"deny\"\nwhen = 'false'\n# The first"}, "idle"},
		{"sharing allowed by mistake", [2]string{" && !request.sharing", ""}, "sent elsewhere"},
	} {
		_, err := policy.Parse(edited(t, tc.edit[0], tc.edit[1]))
		if !errors.Is(err, policy.ErrPolicy) || !strings.Contains(err.Error(), tc.problem) {
			t.Errorf("%s: Parse = %v, want ErrPolicy about %q", tc.name, err, tc.problem)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: Parse = %q, want one line", tc.name, err)
		}
	}
	for _, text := range []string{"", "x", "format = 1", policy.DefaultTOML() + strings.Repeat("#", policy.MaxSize)} {
		if _, err := policy.Parse([]byte(text)); !errors.Is(err, policy.ErrPolicy) {
			t.Errorf("Parse(%.20q) = %v, want ErrPolicy", text, err)
		}
	}
}

func TestParseJSONRefuses(t *testing.T) {
	good := policy.Default().Canonical()
	for _, tc := range []struct{ name, old, text string }{
		{"unknown key", `{"format"`, `{"extra":1,"format"`},
		{"case", `"format"`, `"Format"`},
		{"key twice", `{"format"`, `{"format":"dsai-policy/1","format"`},
		{"missing key", `"minWitnesses":0,`, ``},
		{"null", `"models":[]`, `"models":null`},
		{"same checks as TOML", `"treasury":1000`, `"treasury":1001`},
		{"same tests as TOML", `"effect":"deny","id":"no-data-trade"`, `"effect":"allow","id":"no-data-trade"`},
	} {
		bad := bytes.Replace(good, []byte(tc.old), []byte(tc.text), 1)
		if bytes.Equal(bad, good) {
			t.Fatalf("%s: the document has no %q", tc.name, tc.old)
		}
		if _, err := policy.ParseJSON(bad); !errors.Is(err, policy.ErrPolicy) {
			t.Errorf("%s: ParseJSON = %v, want ErrPolicy", tc.name, err)
		}
	}
}

func request() policy.Request {
	return policy.Request{Purpose: purpose.MustParse("answers"), Role: dsai.RecipientCoop, Engine: dsai.EngineExtract}
}

func TestDecide(t *testing.T) {
	model := dsai.Hash("test", []byte("model"))
	narrow, err := policy.Parse(bytes.ReplaceAll(bytes.ReplaceAll(edited(t, "models = []", `models = ["`+model.String()+`"]`),
		[]byte(`engine = "`), []byte("fingerprint = \""+model.String()+"\"\nengine = \"")),
		[]byte(`engines = ["extract", "infer", "upstream"]`), []byte(`engines = ["extract", "upstream"]`)))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		policy *policy.Policy
		edit   func(*policy.Request)
		want   policy.Decision
	}{
		{"member", policy.Default(), func(*policy.Request) {}, policy.Decision{Effect: policy.Allow, Rule: "members"}},
		{"sold", policy.Default(), func(r *policy.Request) { r.Purpose = purpose.MustParse("SellDataToThirdParties") },
			policy.Decision{Effect: policy.Deny, Rule: "no-data-trade", Code: dsai.CodePolicyDenied}},
		{"no role", policy.Default(), func(r *policy.Request) { r.Role = "" },
			policy.Decision{Effect: policy.Deny, Code: dsai.CodePolicyDenied}},
		{"public, no purpose", policy.Default(), func(r *policy.Request) { r.Role, r.Purpose = dsai.RecipientPublic, "" },
			policy.Decision{Effect: policy.Deny, Code: dsai.CodePolicyDenied}},
		{"unknown engine", policy.Default(), func(r *policy.Request) { r.Engine = "magic" },
			policy.Decision{Effect: policy.Deny, Code: dsai.CodeModelNotAllowed}},
		{"engine not allowed", narrow, func(r *policy.Request) { r.Engine, r.Fingerprint = dsai.EngineInfer, model },
			policy.Decision{Effect: policy.Deny, Code: dsai.CodeModelNotAllowed}},
		{"model not allowed", narrow, func(*policy.Request) {},
			policy.Decision{Effect: policy.Deny, Code: dsai.CodeModelNotAllowed}},
		{"model allowed", narrow, func(r *policy.Request) { r.Fingerprint = model },
			policy.Decision{Effect: policy.Allow, Rule: "members"}},
	} {
		r := request()
		tc.edit(&r)
		got := tc.policy.Decide(r)
		if got != tc.want {
			t.Errorf("%s: Decide(%+v) = %v, want %v", tc.name, r, got, tc.want)
		}
		refusal := got.Refusal()
		if (refusal == nil) != (tc.want.Code == "") || refusal != nil && (refusal.Code != tc.want.Code || refusal.Rule != got.Rule || refusal.Reason == "") {
			t.Errorf("%s: Refusal() = %+v, want code %q", tc.name, refusal, tc.want.Code)
		}
	}
}

// TestWithinAsksForEveryPath shows why rules have two questions about purposes.
func TestWithinAsksForEveryPath(t *testing.T) {
	text := edited(t, `request.purpose.within(["answers", "research", "care", "public"])`, `request.purpose.within(["answers", "ResearchAndDevelopment"])`)
	p, err := policy.Parse(text) // its test "nor do commercial research" still holds
	if err != nil {
		t.Fatal(err)
	}
	r := request()
	r.Role, r.Purpose = dsai.RecipientPublic, purpose.MustParse("AcademicResearch")
	if got := p.Decide(r); got.Effect != policy.Allow {
		t.Errorf("Decide(AcademicResearch) = %v, want allow", got)
	}
}

func TestInForceAge(t *testing.T) {
	f := policy.InForce{Policy: policy.Default(), AsOf: 1000}
	limit := dsai.Time(f.Policy.Parameters().MaxPolicyAge)
	for _, tc := range []struct {
		now   dsai.Time
		stale bool
	}{{0, false}, {1000, false}, {1000 + limit, false}, {1001 + limit, true}} {
		got := f.Check(tc.now)
		if (got != nil) != tc.stale || got != nil && got.Code != dsai.CodePolicyStale {
			t.Errorf("Check(%d) = %+v, want stale %v", tc.now, got, tc.stale)
		}
	}
}

func TestMoney(t *testing.T) {
	p := policy.Prices{Answer: 1000, Prompt: 2, Completion: 3}
	for _, tc := range []struct {
		prompt, completion int
		want               policy.Millionths
	}{{0, 0, 1000}, {10, 100, 1320}, {-5, -5, 1000}} {
		if got := p.Price(dsai.Tokens{Prompt: tc.prompt, Completion: tc.completion}); got != tc.want {
			t.Errorf("Price(%d, %d) = %d, want %d", tc.prompt, tc.completion, got, tc.want)
		}
	}
	dear := policy.Prices{Answer: 1e9, Prompt: 1e9, Completion: 1e9}
	top := dear.Price(dsai.Tokens{Prompt: math.MaxInt, Completion: math.MaxInt})
	if top < 1e18 {
		t.Errorf("Price at the limits = %d: it overflows", top)
	}
	for _, s := range []policy.Split{{7000, 2000, 1000}, {3333, 3333, 3334}, {10000, 0, 0}, {0, 0, 10000}} {
		for _, price := range []policy.Millionths{0, 1, 2, 3, 9999, 10001, 1234567, top, math.MaxInt64} {
			c, o, r := s.Of(price)
			if c+o+r != price || c < 0 || o < 0 || r < 0 || price < 1e14 && (c != price*policy.Millionths(s.Contributors)/10000 || o != price*policy.Millionths(s.Operators)/10000) {
				t.Errorf("%v.Of(%d) = %d, %d, %d", s, price, c, o, r)
			}
		}
	}
	if c, o, r := (policy.Split{7000, 2000, 1000}).Of(1001); c != 700 || o != 200 || r != 101 {
		t.Errorf("Of(1001) = %d, %d, %d, want 700, 200, 101", c, o, r)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(policy.DefaultTOML()))
	f.Add([]byte("format = \"dsai-policy/1\"\n[[rules]]\nid=\"a\"\nwhen='request.purpose.within([])'"))
	f.Add([]byte("\xff"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := policy.Parse(text)
		if err != nil {
			if !errors.Is(err, policy.ErrPolicy) {
				t.Fatalf("Parse = %v, want ErrPolicy", err)
			}
			return
		}
		again, err := policy.ParseJSON(p.Canonical())
		if err != nil || again.Digest() != p.Digest() {
			t.Fatalf("ParseJSON(Canonical()) = %v", err)
		}
		if p.Decide(request()) != again.Decide(request()) {
			t.Fatal("the same document decides differently")
		}
	})
}

// FuzzRule puts any text in the place of a rule.
func FuzzRule(f *testing.F) {
	for _, s := range []string{"request.role == \"coop\"", "node.region in [\"KE\"]", "[[[[[[", "!!!!!!!true", "request.purpose.under('answers')",
		"b'\\xff' == b''", "{'a': request.sharing}['a']", "dyn(1) == 'a'", "1 / 0 == 1", "'a'.startsWith(request.model) ? true : false"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, when string) {
		doc := policy.Default().Document()
		p, err := policy.WithRule(doc, when)
		if err != nil {
			return
		}
		again, err := policy.WithRule(doc, when) // which remembers nothing of the first
		if err != nil {
			t.Fatal(err)
		}
		if a, b := p.Decide(request()), again.Decide(request()); a != b {
			t.Fatalf("Decide = %v, then %v", a, b)
		}
	})
}

func FuzzParseJSON(f *testing.F) {
	f.Add(policy.Default().Canonical())
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := policy.ParseJSON(raw)
		if err == nil && p.Digest() != dsai.Hash("policy", p.Canonical()) {
			t.Fatal("digest is not that of the canonical form")
		}
	})
}

func BenchmarkDecide(b *testing.B) {
	p := policy.Default()
	r := request()
	r.Role = dsai.RecipientPublic // passes every rule of the default policy
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.Region = strconv.Itoa(i) // none is asked twice
		if p.Decide(r).Effect != policy.Allow {
			b.Fatal("denied")
		}
	}
}

func BenchmarkParseJSON(b *testing.B) {
	raw := policy.Default().Canonical()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := policy.ParseJSON(raw); err != nil {
			b.Fatal(err)
		}
	}
}
