// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/api"
	"dsai.example/dsai/internal/pipeline"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const question = `{"messages":[{"role":"user","content":"how?"}]}`

// TestPermissions asks every route as every kind of caller.
func TestPermissions(t *testing.T) {
	s := server(t, &fake{}, nil)
	callers := []string{"no key", "wrong key", "key", "entitled key", "session cookie"}
	tests := []struct {
		pattern, method, path, body string
		want                        [5]int // in the order of callers
	}{
		{"POST /v1/chat/completions", "POST", "/v1/chat/completions", question, [5]int{401, 401, 200, 200, 401}},
		{"GET /v1/models", "GET", "/v1/models", "", [5]int{401, 401, 200, 200, 401}},
		{"GET /v1/models/{id...}", "GET", "/v1/models/dsai-extract-1", "", [5]int{401, 401, 200, 200, 401}},
		{"/v1/", "POST", "/v1/embeddings", "{}", [5]int{401, 401, 404, 404, 401}},
		{"GET /dsai/v1/receipts", "GET", "/dsai/v1/receipts", "", [5]int{401, 401, 200, 200, 401}},
		{"GET /dsai/v1/receipts/{ref}", "GET", "/dsai/v1/receipts/last", "", [5]int{401, 401, 200, 200, 401}},
		{"GET /dsai/v1/documents", "GET", "/dsai/v1/documents", "", [5]int{401, 401, 403, 200, 401}},
		{"GET /dsai/v1/consents", "GET", "/dsai/v1/consents", "", [5]int{401, 401, 403, 200, 401}},
		{"POST /dsai/v1/consents", "POST", "/dsai/v1/consents", "signed", [5]int{401, 401, 200, 200, 401}},
		{"POST /dsai/v1/revocations", "POST", "/dsai/v1/revocations", "signed", [5]int{200, 401, 200, 200, 200}},
		{"GET /dsai/v1/uses", "GET", "/dsai/v1/uses", "", [5]int{401, 401, 403, 200, 401}},
		{"GET /dsai/v1/status", "GET", "/dsai/v1/status", "", [5]int{401, 401, 403, 200, 401}},
		{"GET /dsai/v1/openapi.json", "GET", "/dsai/v1/openapi.json", "", [5]int{200, 200, 200, 200, 200}},
		{"/dsai/", "POST", "/dsai/v1/nowhere", "", [5]int{404, 404, 404, 404, 404}},
		{"GET /log/", "GET", "/log/checkpoint", "", [5]int{200, 200, 200, 200, 200}},
		{"GET /metrics", "GET", "/metrics", "", [5]int{401, 401, 403, 200, 401}},
		{"GET /healthz", "GET", "/healthz", "", [5]int{200, 200, 200, 200, 200}},
		{"GET /readyz", "GET", "/readyz", "", [5]int{200, 200, 200, 200, 200}},
		{"/", "GET", "/", "", [5]int{200, 200, 200, 200, 200}}, // the pages guard themselves
	}
	var seen []string
	for _, tt := range tests {
		seen = append(seen, tt.pattern)
		for i, caller := range callers {
			r := httptest.NewRequest(tt.method, "http://localhost"+tt.path, strings.NewReader(tt.body)) // from 192.0.2.1
			switch caller {
			case "wrong key":
				r.Header.Set("Authorization", "Bearer guess")
			case "key":
				r.Header.Set("Authorization", "Bearer key")
			case "entitled key":
				r.Header.Set("Authorization", "Bearer entitled")
			case "session cookie":
				r.AddCookie(&http.Cookie{Name: "dsai-session", Value: "valid"})
			}
			if got := serve(s, r).Code; got != tt.want[i] {
				t.Errorf("%s %s with %s = %d, want %d", tt.method, tt.path, caller, got, tt.want[i])
			}
		}
	}
	if !slices.Equal(seen, s.Routes()) {
		t.Errorf("the matrix covers %q, the routes are %q", seen, s.Routes())
	}
}

func serve(s *api.Server, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

func TestOpenAPIMatchesRoutes(t *testing.T) {
	var doc struct {
		Paths map[string]map[string]struct {
			Security *[]any `json:"security"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(api.OpenAPI, &doc); err != nil {
		t.Fatal(err)
	}
	var documented []string
	for path, ops := range doc.Paths {
		for method := range ops {
			documented = append(documented, strings.ToUpper(method)+" "+path)
		}
	}
	var served []string
	for _, p := range server(t, &fake{}, nil).Routes() {
		p = strings.NewReplacer("{id...}", "{id}", "GET /log/", "GET /log/{path}").Replace(p)
		if strings.Contains(p, " ") { // the others are catch-alls and the pages
			served = append(served, p)
		}
	}
	slices.Sort(documented)
	slices.Sort(served)
	if !slices.Equal(documented, served) {
		t.Errorf("documented %q, served %q", documented, served)
	}
	for _, name := range regexp.MustCompile(`#/components/schemas/(\w+)`).FindAllSubmatch(api.OpenAPI, -1) {
		if !bytes.Contains(api.OpenAPI, []byte(`"`+string(name[1])+`": {`)) {
			t.Errorf("schema %s is used and not there", name[1])
		}
	}
}

// TestScripts sends the raw requests of testdata/*.txtar over TCP and compares
// what comes back, byte for byte after the request id is replaced.
func TestScripts(t *testing.T) {
	var log bytes.Buffer
	srv := httptest.NewServer(server(t, &fake{limits: api.Limits{Burst: 1000}}, func(c *api.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		c.PublicURL = "http://node.example"
		c.Hosts = []string{"node.example"}
	}).Handler())
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(a.Files); i += 2 {
			name := a.Files[i].Name
			t.Run(filepath.Base(file)+"/"+name, func(t *testing.T) {
				got := exchange(t, srv.Listener.Addr().String(), a.Files[i].Data)
				if want := string(a.Files[i+1].Data); got != want && !*update {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
				a.Files[i+1].Data = []byte(got)
			})
		}
		if *update {
			if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	srv.Close()
	for _, secret := range []string{"secret question", "how?", "Bearer", "Wash"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, log.String())
		}
	}
}

// exchange sends a request written with LF line ends and returns status, dsai's
// and the content headers, and the body as the client reads it.
func exchange(t testing.TB, addr string, request []byte) string {
	t.Helper()
	head, body, _ := strings.Cut(string(request), "\n\n")
	body = strings.TrimSuffix(body, "\n")
	raw := strings.ReplaceAll(head, "\n", "\r\n") + fmt.Sprintf("\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(body), body)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, raw); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("ReadResponse: %v", err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	var out strings.Builder
	fmt.Fprintf(&out, "%d\n", resp.StatusCode)
	for _, k := range slices.Sorted(maps.Keys(resp.Header)) {
		if strings.HasPrefix(k, "Dsai-") || k == "Content-Type" || k == "Retry-After" || k == "Www-Authenticate" {
			fmt.Fprintf(&out, "%s: %s\n", k, resp.Header.Get(k))
		}
	}
	text := out.String() + "\n" + string(content)
	if err != nil {
		text += "\n(cut off: " + err.Error() + ")"
	}
	if id := resp.Header.Get("Dsai-Request"); id != "" {
		text = strings.ReplaceAll(strings.ReplaceAll(text, id, "<request>"), "chatcmpl-"+id[:32], "chatcmpl-<request>")
	}
	return strings.TrimRight(text, "\n") + "\n"
}

func TestRefusalsAreNeverRetried(t *testing.T) {
	for _, c := range []dsai.Code{dsai.CodeNoEvidence, dsai.CodeNoGrant, dsai.CodePurposeMissing, dsai.CodePurposeUnknown, dsai.CodePurposeNotPromised,
		dsai.CodeUndertakingExpired, dsai.CodeUndertakingRevoked, dsai.CodePolicyDenied, dsai.CodePolicyStale, dsai.CodeModelNotAllowed,
		dsai.CodeClockUntrusted, dsai.CodeConsentRevoked, dsai.CodeSpendCap, "a code to come"} {
		if got := api.RefusalStatus(c); got == 408 || got == 409 || got == 429 || got >= 500 {
			t.Errorf("RefusalStatus(%s) = %d, which SDKs retry", c, got)
		}
	}
}

func TestGuards(t *testing.T) {
	s := server(t, &fake{}, func(c *api.Config) { c.Hosts = []string{"Clinic.example"} })
	tests := []struct {
		name   string
		change func(*http.Request)
		want   int
	}{
		{"loopback", func(r *http.Request) { r.Host = "127.0.0.1:7777" }, 200},
		{"loopback v6", func(r *http.Request) { r.Host = "[::1]:7777" }, 200},
		{"configured name", func(r *http.Request) { r.Host = "clinic.EXAMPLE:443" }, 200},
		{"rebound name", func(r *http.Request) { r.Host = "evil.example:7777" }, 421},
		{"look-alike", func(r *http.Request) { r.Host = "localhost.evil.example" }, 421},
		{"no host", func(r *http.Request) { r.Host = "" }, 421},
		{"another origin", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, 403},
		{"another site", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		{"same origin", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-origin") }, 200},
		{"basic auth", func(r *http.Request) { r.SetBasicAuth("a", "key") }, 401},
		{"long key", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+strings.Repeat("k", 1<<12)) }, 401},
		{"purposes differ", func(r *http.Request) { r.Header.Set("Dsai-Purpose", "care") }, 400},
		{"huge body", func(r *http.Request) { r.Body = io.NopCloser(io.LimitReader(zeros{}, 1<<30)) }, 413},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := strings.TrimSuffix(question, "}") + `,"metadata":{"dsai.purpose":"answers"}}`
			r := httptest.NewRequest("POST", "http://localhost/v1/chat/completions", strings.NewReader(body))
			r.Header.Set("Authorization", "Bearer key")
			tt.change(r)
			w := serve(s, r)
			if w.Code != tt.want {
				t.Errorf("status = %d, want %d; body %s", w.Code, tt.want, w.Body)
			}
			if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
				t.Errorf("Content-Security-Policy = %q", csp)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestMetricsNeedThisMachine(t *testing.T) {
	s := server(t, &fake{}, nil)
	tests := []struct {
		remote, forwarded string
		want              int
	}{{"127.0.0.1:5", "", 200}, {"[::1]:5", "", 200}, {"192.0.2.1:5", "", 401}, {"127.0.0.1:5", "192.0.2.1", 401}}
	for _, tt := range tests {
		r := httptest.NewRequest("GET", "http://localhost/metrics", nil)
		r.RemoteAddr = tt.remote
		if tt.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		if got := serve(s, r).Code; got != tt.want {
			t.Errorf("GET /metrics from %s for %q = %d, want %d", tt.remote, tt.forwarded, got, tt.want)
		}
	}
}

func TestBudgets(t *testing.T) {
	now := time.Unix(1764000000, 0)
	s := server(t, &fake{limits: api.Limits{RequestsPerMinute: 6, Burst: 2, TokensPerMinute: 5}}, func(c *api.Config) {
		c.Now = func() time.Time { return now }
	})
	steps := []struct {
		after time.Duration
		want  int
		retry string
	}{
		{0, 200, ""},                  // 4 of 5 tokens
		{0, 200, ""},                  // one token is left, so the answer may begin
		{0, 429, "10"},                // two at once are spent
		{10 * time.Second, 429, "39"}, // a request again, but no tokens: 1 - (-3 + 10*5/60), at 5/min
		{39 * time.Second, 200, ""},
	}
	for i, st := range steps {
		now = now.Add(st.after)
		r := httptest.NewRequest("POST", "http://localhost/v1/chat/completions", strings.NewReader(question))
		r.Header.Set("Authorization", "Bearer key")
		w := serve(s, r)
		if w.Code != st.want || w.Header().Get("Retry-After") != st.retry {
			t.Errorf("step %d: status %d, Retry-After %q, want %d, %q", i, w.Code, w.Header().Get("Retry-After"), st.want, st.retry)
		}
	}
	r := httptest.NewRequest("GET", "http://localhost/v1/models", nil)
	r.Header.Set("Authorization", "Bearer entitled")
	if w := serve(s, r); w.Code != 200 {
		t.Errorf("another key's budget is spent too: %d", w.Code)
	}
}

// A key that may ask six times a minute may not ask twenty times at once.
func TestBurst(t *testing.T) {
	now := time.Unix(1764000000, 0)
	s := server(t, &fake{limits: api.Limits{RequestsPerMinute: 6}}, func(c *api.Config) {
		c.Now = func() time.Time { return now }
	})
	for i := range 7 {
		r := httptest.NewRequest("GET", "http://localhost/v1/models", nil)
		r.Header.Set("Authorization", "Bearer key")
		want := 200
		if i == 6 {
			want = 429
		}
		if w := serve(s, r); w.Code != want {
			t.Errorf("request %d = %d, want %d", i+1, w.Code, want)
		}
	}
}

// What an engine has no room for now may be asked again, what it never has room for may not.
func TestNoRoom(t *testing.T) {
	for _, tt := range []struct {
		err         error
		status      int
		retry, code string
	}{
		{&pipeline.BusyError{RetryAfter: 7 * time.Second, Cause: errors.New("secret")}, 429, "7", "rate_limit_exceeded"},
		{fmt.Errorf("%w: secret", pipeline.ErrMemory), 400, "", "insufficient_memory"},
		{fmt.Errorf("%w: secret", pipeline.ErrNoModel), 404, "", "model_not_found"},
		{fmt.Errorf("%w: secret", pipeline.ErrRequest), 400, "", "invalid_value"},
	} {
		s := server(t, &fake{ask: func(context.Context, *pipeline.Request, func(pipeline.Piece) error) (*pipeline.Receipt, error) {
			return nil, tt.err
		}}, nil)
		r := httptest.NewRequest("POST", "http://localhost/v1/chat/completions", strings.NewReader(question))
		r.Header.Set("Authorization", "Bearer key")
		w := serve(s, r)
		if body := w.Body.String(); w.Code != tt.status || w.Header().Get("Retry-After") != tt.retry || !strings.Contains(body, tt.code) || strings.Contains(body, "secret") {
			t.Errorf("%v: %d, Retry-After %q, %s, want %d, %q, %s", tt.err, w.Code, w.Header().Get("Retry-After"), body, tt.status, tt.retry, tt.code)
		}
	}
}

// A model whose file is gone is not offered, and its name is told as unknown.
func TestModelsThatCannotAnswer(t *testing.T) {
	s := server(t, &fake{}, nil)
	for path, want := range map[string]int{"/v1/models": 200, "/v1/models/dsai-extract-1": 200, "/v1/models/gone": 404} {
		r := httptest.NewRequest("GET", "http://localhost"+path, nil)
		r.Header.Set("Authorization", "Bearer key")
		w := serve(s, r)
		if w.Code != want || want == 200 && strings.Contains(w.Body.String(), "gone") {
			t.Errorf("%s: %d %s, want %d and no model that is gone", path, w.Code, w.Body, want)
		}
	}
}

// TestStrangersDoNotSlowWithdrawals floods the withdrawals with what no member
// signed, and with one member's own.
func TestStrangersDoNotSlowWithdrawals(t *testing.T) {
	s := server(t, &fake{}, nil)
	post := func(body, key string) int {
		r := httptest.NewRequest("POST", "http://localhost/dsai/v1/revocations", strings.NewReader(body))
		if key != "" {
			r.Header.Set("Authorization", "Bearer "+key)
		}
		return serve(s, r).Code
	}
	for range 200 {
		if got := post("forged", ""); got != 400 {
			t.Fatalf("forged revocation = %d, want 400", got)
		}
	}
	for i := range 60 {
		if got := post("signed", ""); got != 200 {
			t.Fatalf("revocation %d = %d, want 200", i+1, got)
		}
	}
	for _, tt := range []struct {
		name, body, key string
		want            int
	}{
		{"a member's 61st at once", "signed", "", 429},
		{"another member's first", "signed by Bob", "", 200},
		{"with a key", "signed", "key", 200},
		{"too long to come without a key", "signed" + strings.Repeat(" ", 64<<10), "", 413},
		{"as long with a key", "signed" + strings.Repeat(" ", 64<<10), "key", 200},
	} {
		if got := post(tt.body, tt.key); got != tt.want {
			t.Errorf("%s = %d, want %d", tt.name, got, tt.want)
		}
	}
}

// TestEveryAnswerNamesItsRequest looks for the ids on what fails early.
func TestEveryAnswerNamesItsRequest(t *testing.T) {
	s := server(t, &fake{}, nil)
	seen := map[string]bool{}
	for _, tt := range []struct {
		name, url, key string
		want           int
	}{
		{"no key", "http://localhost/v1/models", "", 401},
		{"wrong key", "http://localhost/v1/models", "guess", 401},
		{"out of scope", "http://localhost/dsai/v1/uses", "key", 403},
		{"another host", "http://evil.example/v1/models", "key", 421},
		{"nothing there", "http://localhost/v1/embeddings", "key", 404},
		{"fine", "http://localhost/v1/models", "key", 200},
	} {
		r := httptest.NewRequest("GET", tt.url, nil)
		if tt.key != "" {
			r.Header.Set("Authorization", "Bearer "+tt.key)
		}
		w := serve(s, r)
		id := w.Header().Get("Dsai-Request")
		if w.Code != tt.want || len(id) != 64 || w.Header().Get("x-request-id") != id || seen[id] {
			t.Errorf("%s: status %d, Dsai-Request %q, x-request-id %q, want %d and a fresh id in both",
				tt.name, w.Code, id, w.Header().Get("x-request-id"), tt.want)
		}
		seen[id] = true
	}
}
