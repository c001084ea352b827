// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package ui_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzForm sends any form and any cookie to every page: a page comes back, and
// what was sent adds no element to it.
func FuzzForm(f *testing.F) {
	f.Add("POST", "/ask", "question=How&purpose=care", "dsai-session=session")
	f.Add("POST", "/ask/stream", "question=%3Cscript%3E&purpose=care", "dsai-session=session")
	f.Add("GET", "/receipts/r-03fd/bundle?redact=all", "", "dsai-session=session; a=\"b")
	f.Add("GET", "/login?token=guess", "", "")
	f.Add("POST", "/withdraw/d-3fa1", "a=b;c%zz", "dsai-session=session")
	u := pages(f, &fake{text: "x"})
	f.Fuzz(func(t *testing.T, method, target, form, cookie string) {
		at, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(target, "/") {
			return
		}
		r := httptest.NewRequest("POST", "/", strings.NewReader(form)).WithContext(t.Context())
		r.Method, r.URL = method, at
		r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Cookie": {cookie}}
		w := httptest.NewRecorder()
		u.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%s %s with %q = %d", method, target, form, w.Code)
		}
		// The pages have their scripts in files.
		if strings.Contains(strings.ToLower(w.Body.String()), "<script>") {
			t.Errorf("%s %s with %q holds a script: %s", method, target, form, w.Body)
		}
	})
}
