// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/api"
	"dsai.example/dsai/internal/pipeline"
)

// FuzzRequest sends any request to every route. Whatever comes, the answer is
// one of those that are documented, and never a panic or a 500 of the server's
// own making.
func FuzzRequest(f *testing.F) {
	f.Add("POST", "/v1/chat/completions", "Bearer key", "application/json", question)
	f.Add("GET", "/v1/models/dsai-extract-1", "Bearer key", "", "")
	f.Add("GET", "/dsai/v1/receipts/last?redact=prompt,response", "Bearer entitled", "", "")
	f.Add("GET", "/dsai/v1/uses?since=2026-11-22T15:04:05Z&document=d&limit=10&after=x", "Bearer entitled", "", "")
	f.Add("POST", "/dsai/v1/consents", "bearer key", "application/json", "signed")
	f.Add("POST", "/dsai/v1/revocations", "", "text/plain", "{}")
	f.Add("GET", "/log/tile/0/x001/234.p/5", "", "", "")
	node := &fake{limits: api.Limits{Burst: 1 << 30}}
	node.ask = func(_ context.Context, r *pipeline.Request, emit func(pipeline.Piece) error) (*pipeline.Receipt, error) {
		return answered(string(r.Question), dsai.EndedComplete), emit(pipeline.Piece{Text: string(r.Question)})
	}
	s := server(f, node, nil)
	f.Fuzz(func(t *testing.T, method, target, auth, media, body string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(target, "/") {
			return // no request at all
		}
		r := &http.Request{Method: method, URL: u, Host: "localhost", RemoteAddr: "192.0.2.1:1", Header: http.Header{}}
		r = r.WithContext(t.Context())
		r.Body = http.NoBody
		if body != "" {
			r.Body = httptest.NewRequest("POST", "/", strings.NewReader(body)).Body
		}
		r.Header.Set("Authorization", auth)
		r.Header.Set("Content-Type", media)
		w := serve(s, r)
		if w.Code >= 500 {
			t.Errorf("%s %s with %q = %d %s", method, target, body, w.Code, w.Body)
		}
		if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s with %q = %d, and no JSON: %s", method, target, body, w.Code, w.Body)
		}
	})
}
