// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package upstream_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/resilience/upstream"
)

// sentences is a Marker that cites passage 1's first nine bytes at every full stop.
type sentences struct{ held string }

func (s *sentences) Write(chunk string, emit func(string, []dsai.Quote) error) error {
	s.held += chunk
	for {
		i := strings.Index(s.held, ". ")
		if i < 0 {
			return nil
		}
		text := s.held[:i+2]
		s.held = s.held[i+2:]
		if err := emit(text, []dsai.Quote{{N: 1, Start: 10, End: 19}}); err != nil {
			return err
		}
	}
}

func (s *sentences) Close(emit func(string, []dsai.Quote) error) error {
	if s.held == "" {
		return nil
	}
	return emit(s.held, nil)
}

func config(url string) upstream.Config {
	return upstream.Config{
		ID: "clinic-llama", URL: url, Model: "llama3", Secret: "s3cret",
		Prompt: func(q string, ps []dsai.PassageBody) (string, string) {
			return "rules", fmt.Sprintf("%s|%s", q, ps[0].Text)
		},
		Marker: func([]dsai.PassageBody) pipeline.Marker { return &sentences{} },
	}
}

func evidence() *pipeline.Evidence {
	seed := int64(7)
	return &pipeline.Evidence{
		Clearance: &pipeline.Clearance{Request: &pipeline.Request{Question: "why?", Sampling: pipeline.Sampling{Seed: &seed}}},
		Passages:  []pipeline.Passage{{Body: dsai.PassageBody{Text: "Wash your hands.", Start: 10, End: 26}, QuoteMax: -1}},
	}
}

// transcript serves a checked-in reply in pieces of the given size.
func transcript(t testing.TB, name string, size int) http.Handler {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		if strings.HasSuffix(name, ".json") {
			w.Header().Set("Content-Type", "application/json")
		}
		for c := range slices.Chunk(raw, size) {
			w.Write(c)
			w.(http.Flusher).Flush()
		}
	})
}

func answer(t testing.TB, c upstream.Config, e *pipeline.Evidence) (*pipeline.Output, string) {
	t.Helper()
	eng, err := upstream.New(c)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	defer eng.Close()
	var got strings.Builder
	out, err := eng.Answer(t.Context(), e, func(p pipeline.Piece) error { got.WriteString(p.Text); return nil })
	if err != nil {
		t.Fatalf("Answer: %v", err)
	}
	if string(out.Text) != got.String() {
		t.Errorf("Output.Text = %q, emitted %q", string(out.Text), got.String())
	}
	return out, got.String()
}

func TestTranscripts(t *testing.T) {
	const full = "Wash hands. Use soap — 30 s. Dry them."
	tests := []struct {
		file  string
		text  string
		ended dsai.Ended
		unit  string
		trace string
	}{
		{"ollama.sse", full, dsai.EndedComplete, "token", ""},
		{"llama-server.sse", full, dsai.EndedComplete, "token", ""},
		{"vllm-length.sse", full, dsai.EndedStopped, "token", ""},
		{"crlf-comments.sse", full, dsai.EndedComplete, "word", ""},
		{"no-done.sse", full, dsai.EndedComplete, "word", ""},
		{"not-streaming.json", full, dsai.EndedComplete, "token", ""},
		{"died.sse", "Wash hands. ", dsai.EndedDegraded, "word", "without an end"},
		{"error-midway.sse", "Wash hands. ", dsai.EndedDegraded, "word", "reports an error"},
		{"garbage.sse", "Wash hands. ", dsai.EndedDegraded, "word", "not the JSON expected"},
		{"empty.sse", "", dsai.EndedDegraded, "word", "without an end"},
	}
	for _, tt := range tests {
		for _, size := range []int{1, 7, 1 << 16} {
			t.Run(fmt.Sprintf("%s/%d", tt.file, size), func(t *testing.T) {
				srv := httptest.NewServer(transcript(t, tt.file, size))
				defer srv.Close()
				out, text := answer(t, config(srv.URL+"/v1"), evidence())
				if text != tt.text || out.Ended != tt.ended || out.Tokens.Unit != tt.unit || !strings.Contains(string(out.Trace), tt.trace) {
					t.Errorf("Answer = %q, ended %q, %+v, trace %s; want %q, %q, unit %q, trace with %q",
						text, out.Ended, out.Tokens, out.Trace, tt.text, tt.ended, tt.unit, tt.trace)
				}
			})
		}
	}
}

func TestRequest(t *testing.T) {
	var header http.Header
	var path string
	var body map[string]any
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header, path = r.Header, r.URL.Path
		raw, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Errorf("request body: %v", err)
		}
		transcript(t, "ollama.sse", 64).ServeHTTP(w, r)
	}))
	defer srv.Close()
	out, _ := answer(t, config(srv.URL+"/v1/"), evidence())

	if path != "/v1/chat/completions" || header.Get("Authorization") != "Bearer s3cret" {
		t.Errorf("request to %q with Authorization %q", path, header.Get("Authorization"))
	}
	got, _ := json.Marshal(body)
	want := `{"max_tokens":1024,"messages":[{"content":"rules","role":"system"},{"content":"why?|Wash your hands.","role":"user"}],` +
		`"model":"llama3","seed":7,"stream":true,"stream_options":{"include_usage":true}}`
	if string(got) != want {
		t.Errorf("request body = %s, want %s", got, want)
	}
	if out.Sampling != `{"max_tokens":1024,"seed":7}` || out.Seed != "7" {
		t.Errorf("Sampling, Seed = %s, %q", out.Sampling, out.Seed)
	}
	if want := `{"engine":"upstream/1","fingerprint":"fp_ollama","finish":"stop","model":"llama3","reason":""}`; string(out.Trace) != want {
		t.Errorf("Trace = %s, want %s", out.Trace, want)
	}
}

// What the receipt says of the drawing is canonical JSON, which escapes less than encoding/json.
func TestSamplingIsCanonical(t *testing.T) {
	srv := httptest.NewServer(transcript(t, "ollama.sse", 64))
	defer srv.Close()
	e, top := evidence(), 1e-7
	e.Clearance.Request.Sampling.Stop = []string{"<zz&>\u2028"}
	e.Clearance.Request.Sampling.TopP = &top
	out, _ := answer(t, config(srv.URL), e)
	if want := "{\"max_tokens\":1024,\"seed\":7,\"stop\":[\"<zz&>\u2028\"],\"top_p\":1e-7}"; out.Sampling != want {
		t.Errorf("Sampling = %s, want %s", out.Sampling, want)
	}
}

func TestServersThatFail(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the passages followed a redirect to another host")
	}))
	defer elsewhere.Close()
	tests := []struct {
		name   string
		serve  http.HandlerFunc
		reason string
	}{
		{"status 500 that echoes", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			io.Copy(w, r.Body)
		}, "status 500"},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, "status 307"},
		{"silent before headers", func(w http.ResponseWriter, r *http.Request) { hold(r) }, "fell silent"},
		{"silent midway", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, ": hello\n\n")
			w.(http.Flusher).Flush()
			hold(r)
		}, "fell silent"},
		{"endless line", func(w http.ResponseWriter, r *http.Request) {
			w.Write(bytes.Repeat([]byte("x"), 1<<20))
		}, "line is too long"},
		{"endless event", func(w http.ResponseWriter, r *http.Request) {
			for range 1 << 10 {
				w.Write([]byte("data: " + strings.Repeat("x", 1<<10) + "\n"))
			}
		}, "event is too long"},
		{"broken connection", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "upstream server"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewServer(tt.serve)
			defer srv.Close()
			var log bytes.Buffer
			c := config(srv.URL)
			c.Idle = 100 * time.Millisecond
			c.Logger = slog.New(slog.NewTextHandler(&log, nil))
			out, text := answer(t, c, evidence())
			if text != "" || out.Ended != dsai.EndedDegraded || !strings.Contains(string(out.Trace), tt.reason) {
				t.Errorf("Answer = %q, ended %q, trace %s, want degraded with %q", text, out.Ended, out.Trace, tt.reason)
			}
			if s := log.String() + string(out.Trace); strings.Contains(s, "why?") || strings.Contains(s, "Wash") {
				t.Errorf("log or trace repeats the prompt: %s", s)
			}
		})
	}
}

// hold keeps a handler busy until its client gives up.
func hold(r *http.Request) {
	io.Copy(io.Discard, r.Body) // only then does the server notice a closed connection
	<-r.Context().Done()
}

func TestAnswerTooLong(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			fmt.Fprint(w, `data: {"choices":[{"delta":{"content":"Again. "}}]}`+"\n\n")
		}
	}))
	defer srv.Close()
	c := config(srv.URL)
	c.MaxAnswer = 70
	out, text := answer(t, c, evidence())
	if out.Ended != dsai.EndedStopped || text != strings.Repeat("Again. ", 10) {
		t.Errorf("Answer = %q, ended %q, want 10 sentences, stopped", text, out.Ended)
	}
}

func TestClientGoesAway(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `data: {"choices":[{"delta":{"content":"One. Two. Three. "}}]}`+"\n\n")
		w.(http.Flusher).Flush()
		hold(r)
	}))
	defer srv.Close()
	eng, err := upstream.New(config(srv.URL))
	if err != nil {
		t.Fatal(err)
	}
	defer eng.Close()

	n := 0
	out, err := eng.Answer(t.Context(), evidence(), func(pipeline.Piece) error {
		if n++; n == 2 {
			return errors.New("broken pipe")
		}
		return nil
	})
	if err != nil || n != 2 || out.Ended != dsai.EndedCancelled || string(out.Text) != "One. " {
		t.Errorf("Answer = %+v, %v after %d pieces, want the first sentence, cancelled", out, err, n)
	}

	ctx, cancel := context.WithCancel(t.Context())
	out, err = eng.Answer(ctx, evidence(), func(p pipeline.Piece) error {
		if p.Text == "Three. " {
			cancel()
		}
		return nil
	})
	if err != nil || out.Ended != dsai.EndedCancelled || string(out.Text) != "One. Two. Three. " {
		t.Errorf("Answer with ctx cancelled = %q, %q, %v, want three sentences, cancelled", string(out.Text), out.Ended, err)
	}
}

func TestNoPassagesNoCall(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the server was called") }))
	defer srv.Close()
	eng, err := upstream.New(config(srv.URL))
	if err != nil {
		t.Fatal(err)
	}
	defer eng.Close()
	e := evidence()
	e.Passages = nil
	out, err := eng.Answer(t.Context(), e, func(pipeline.Piece) error { t.Error("emitted"); return nil })
	no, ok := errors.AsType[*dsai.Refusal](err)
	if out != nil || !ok || no.Code != dsai.CodeNoEvidence {
		t.Errorf("Answer(no passages) = %v, %v, want no output and a refusal", out, err)
	}
}

func TestQuoteLimit(t *testing.T) {
	srv := httptest.NewServer(transcript(t, "ollama.sse", 64))
	defer srv.Close()
	e := evidence()
	e.Passages[0].QuoteMax = 8 // the fake quotes nine
	out, _ := answer(t, config(srv.URL), e)
	want := []dsai.Quote{{N: 1, Start: 10, End: 10}, {N: 1, Start: 10, End: 10}}
	if !slices.Equal(out.Quotes, want) {
		t.Errorf("Quotes = %v, want %v", out.Quotes, want)
	}
}

func TestURL(t *testing.T) {
	tests := []struct {
		url      string
		ok, loop bool
	}{
		{"http://localhost:11434/v1", true, true},
		{"http://127.0.0.1:8080", true, true},
		{"http://127.9.9.9", true, true},
		{"http://[::1]:8080/v1", true, true},
		{"http://[::ffff:127.0.0.1]:8080/v1", true, true},
		{"https://llm.clinic.example/v1", true, false},
		{"http://localhost.evil.example", true, false},
		{"http://0.0.0.0:80", true, false},
		{"http://192.168.1.4:8000/v1", true, false},
		{"file:///etc/passwd", false, false},
		{"http://user:pass@localhost", false, false},
		{"http://localhost/v1?key=1", false, false},
		{"localhost:8080", false, false},
		{"http://", false, false},
	}
	for _, tt := range tests {
		_, err := upstream.New(config(tt.url))
		if (err == nil) != tt.ok || !tt.ok && !errors.Is(err, upstream.ErrURL) || upstream.Loopback(tt.url) != tt.loop {
			t.Errorf("New(%q) = %v, Loopback = %v, want ok %v, loopback %v", tt.url, err, upstream.Loopback(tt.url), tt.ok, tt.loop)
		}
		if err != nil && strings.Contains(err.Error(), "pass") && tt.url != "file:///etc/passwd" {
			t.Errorf("New(%q) repeats the password: %v", tt.url, err)
		}
	}
}

func TestModels(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/models" {
			http.NotFound(w, r)
			return
		}
		io.WriteString(w, `{"object":"list","data":[{"id":"llama3","object":"model"},{"id":"qwen3"}]}`)
	}))
	defer srv.Close()
	for _, tt := range []struct {
		url  string
		want []string
	}{{srv.URL + "/v1", []string{"llama3", "qwen3"}}, {srv.URL + "/v2", nil}} {
		eng, err := upstream.New(config(tt.url))
		if err != nil {
			t.Fatal(err)
		}
		got, err := eng.Models(t.Context())
		if !slices.Equal(got, tt.want) || (err == nil) != (tt.want != nil) {
			t.Errorf("Models(%s) = %q, %v, want %q", tt.url, got, err, tt.want)
		}
		eng.Close()
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	for deadline := time.Now().Add(5 * time.Second); ; runtime.Gosched() {
		buf := make([]byte, 1<<20)
		stacks := string(buf[:runtime.Stack(buf, true)])
		if !strings.Contains(stacks, "resilience/upstream.") && !strings.Contains(stacks, "net/http.(*persistConn)") {
			break
		}
		if time.Now().After(deadline) {
			fmt.Fprintf(os.Stderr, "goroutines left behind:\n%s", stacks)
			code = 1
			break
		}
	}
	os.Exit(code)
}

func FuzzStream(f *testing.F) {
	names, err := filepath.Glob("testdata/*.sse")
	if err != nil || len(names) == 0 {
		f.Fatalf("no transcripts: %v", err)
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	// One server for all inputs, so that fuzzing does not run out of ports.
	var reply []byte
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Write(reply)
	}))
	f.Cleanup(srv.Close)
	eng, err := upstream.New(config(srv.URL))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(eng.Close)
	f.Fuzz(func(t *testing.T, raw []byte) {
		reply = raw
		out, err := eng.Answer(t.Context(), evidence(), func(pipeline.Piece) error { return nil })
		if err != nil || out == nil || out.Ended == "" || !json.Valid(out.Trace) {
			t.Errorf("Answer from %q = %+v, %v, want an output that ended", raw, out, err)
		}
	})
}

func FuzzModels(f *testing.F) {
	f.Add([]byte(`{"object":"list","data":[{"id":"llama3","object":"model"},{"id":"qwen3"}]}`))
	f.Add([]byte(`{"data":[null,{"id":1}]}`))
	var reply []byte
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(reply) }))
	f.Cleanup(srv.Close)
	eng, err := upstream.New(config(srv.URL))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(eng.Close)
	f.Fuzz(func(t *testing.T, raw []byte) {
		reply = raw
		if names, err := eng.Models(t.Context()); err == nil && !json.Valid(raw) {
			t.Errorf("Models from %q = %q, want an error", raw, names)
		}
	})
}
