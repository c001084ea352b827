// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"dsai.example/dsai/internal/api"
)

// keys is a JSON object of n members.
func keys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":%d`, i, i)
	}
	return "{" + b.String()[1:] + "}"
}

// bombs are bodies that are small to send and large to read.
var bombs = []struct{ name, body string }{
	{"10,000 keys", keys(10_000)},
	{"10,000 keys beside a question", `{"messages":[{"role":"user","content":"how?"}],` + keys(10_000)[1:]},
	{"10,000 keys within", `{"messages":[{"role":"user","content":"how?"}],"metadata":` + keys(10_000) + `}`},
	{"10,000 equal keys", "{" + strings.Repeat(`"a":1,`, 10_000) + `"a":1}`},
	{"100,000 messages", `{"messages":[` + strings.Repeat(`{"role":"user","content":"a"},`, 30_000) + `{}]}`},
	{"arrays 500,000 deep", strings.Repeat("[", 500_000)},
	{"objects 100,000 deep", strings.Repeat(`{"a":`, 100_000)},
	{"a number of a million digits", `{"temperature":` + strings.Repeat("9", 1_000_000) + `}`},
	{"a million escapes", `{"messages":"` + strings.Repeat(`\ud800`, 170_000) + `"}`},
	{"nothing but spaces", strings.Repeat(" ", 1_000_000)},
}

// TestBombs sends each bomb to every route that reads a body: it is refused as
// the client's mistake, soon, and costs no memory worth naming.
func TestBombs(t *testing.T) {
	s := server(t, &fake{limits: api.Limits{Burst: 1000}}, nil)
	for _, b := range bombs {
		for _, path := range []string{"/v1/chat/completions", "/dsai/v1/consents", "/dsai/v1/revocations"} {
			r := httptest.NewRequest("POST", "http://localhost"+path, strings.NewReader(b.body))
			r.Header.Set("Authorization", "Bearer key")
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			w := serve(s, r)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if w.Code != 400 || !json.Valid(w.Body.Bytes()) || w.Body.Len() > 2000 {
				t.Errorf("%s to %s = %d, %d bytes %.200s, want a short 400", b.name, path, w.Code, w.Body.Len(), w.Body)
			}
			if took > 30*time.Second {
				t.Errorf("%s to %s took %s", b.name, path, took)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
				t.Errorf("%s to %s allocated %d MB", b.name, path, used>>20)
			}
		}
	}
}

// TestHugeBodies: a body beyond the bound is refused, whatever its length says,
// and no more of it is read than the bound.
func TestHugeBodies(t *testing.T) {
	s := server(t, &fake{limits: api.Limits{Burst: 1000}}, func(c *api.Config) { c.MaxBody = 64 << 10 })
	for _, path := range []string{"/v1/chat/completions", "/dsai/v1/consents", "/dsai/v1/revocations"} {
		for _, length := range []int64{-1, 10, 1 << 40} {
			endless := &counted{r: bytes.NewReader(bytes.Repeat([]byte(`{"a":`), 1<<20))}
			r := httptest.NewRequest("POST", "http://localhost"+path, endless)
			r.ContentLength = length
			r.Header.Set("Authorization", "Bearer key")
			if w := serve(s, r); w.Code != 413 {
				t.Errorf("%s with Content-Length %d = %d %s, want 413", path, length, w.Code, w.Body)
			}
			if endless.n > 128<<10 {
				t.Errorf("%s with Content-Length %d read %d bytes", path, length, endless.n)
			}
		}
	}
}

type counted struct {
	r io.Reader
	n int
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += n
	return n, err
}
