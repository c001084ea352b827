// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tlog_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dsai.example/dsai/internal/verifiable/tlog"
)

func handler(t testing.TB, dir, vkey string) http.Handler {
	t.Helper()
	r, err := tlog.NewReader(dir, vkey)
	if err != nil {
		t.Fatal(err)
	}
	return r.Handler()
}

func request(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, &http.Request{Method: method, URL: &url.URL{Path: path}, Header: http.Header{}})
	return w
}

func TestHandler(t *testing.T) {
	t.Parallel()
	cfg, _, vkey := build(t, leafs("a", 300)...)
	// What a crash may leave beyond the published tree must not become immutable.
	plant(t, cfg.Dir, "tile/0/001", make([]byte, 256*32))
	plant(t, cfg.Dir, "tile/entries/001.p/45", []byte("orphan"))
	h := handler(t, cfg.Dir, vkey)
	const text, binary = "text/plain; charset=utf-8", "application/octet-stream"
	tests := []struct {
		method, path string
		status       int
		contentType  string
	}{
		{"GET", "/checkpoint", 200, text},
		{"HEAD", "/checkpoint", 200, text},
		{"GET", "/tile/0/000", 200, binary},
		{"GET", "/tile/0/001.p/44", 200, binary},
		{"GET", "/tile/1/000.p/1", 200, binary},
		{"GET", "/tile/entries/000", 200, binary},
		{"GET", "/tile/entries/001.p/44", 200, binary},
		{"GET", "/tile/0/001", 404, ""},
		{"GET", "/tile/entries/001.p/45", 404, ""},
		{"GET", "/tile/0/001.p/43", 404, ""}, // never was a tree of 299
		{"GET", "/tile/0/000.p/256", 404, ""},
		{"GET", "/tile/0/0", 404, ""},
		{"GET", "/tile/data/000", 404, ""},
		{"GET", "/tile/8/0/000", 404, ""},
		{"GET", "/tile/0/x000/000", 404, ""},
		{"GET", "/tile/64/000", 404, ""},
		{"GET", "/.state/treeState", 404, ""},
		{"GET", "/lock", 404, ""},
		{"POST", "/checkpoint", 405, ""},
	}
	for _, tt := range tests {
		w := request(h, tt.method, tt.path)
		if w.Code != tt.status {
			t.Errorf("%s %s = %d, want %d", tt.method, tt.path, w.Code, tt.status)
			continue
		}
		if tt.status != 200 {
			continue
		}
		if got := w.Header().Get("Content-Type"); got != tt.contentType {
			t.Errorf("%s %s has type %q, want %q", tt.method, tt.path, got, tt.contentType)
		}
		if got, want := strings.Contains(w.Header().Get("Cache-Control"), "immutable"), tt.path != "/checkpoint"; got != want {
			t.Errorf("%s %s immutable = %t, want %t", tt.method, tt.path, got, want)
		}
		want, err := os.ReadFile(filepath.Join(cfg.Dir, filepath.FromSlash(tt.path)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(w.Body.Bytes(), want) {
			t.Errorf("%s %s has other content than the file", tt.method, tt.path)
		}
	}
}

func FuzzHandler(f *testing.F) {
	cfg, _, vkey := build(f, leafs("a", 3)...)
	h := handler(f, cfg.Dir, vkey)
	for _, p := range []string{"/checkpoint", "/tile/0/000.p/3", "/tile/entries/000.p/3", "/tile/0/../../lock",
		"/tile/63/x999/x999/x999/x999/x999/x999/999", "/tile/0/000.p/4", "/tile/-1/000", "//", "/tile/"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, path string) {
		w := request(h, "GET", path)
		if w.Code != 200 {
			return
		}
		tile, err := tlog.ParseTilePath(strings.TrimPrefix(path, "/"))
		if path != "/checkpoint" && (err != nil || !tlog.Implied(tile, 3)) {
			t.Errorf("GET %q = 200 for a file that the checkpoint does not imply", path)
		}
	})
}

func FuzzTilePath(f *testing.F) {
	for _, p := range []string{"tile/0/000", "tile/entries/x001/234.p/5", "tile/63/999.p/255", "tile/70/000", "tile/data/000", "tile/0/.p/1", ""} {
		f.Add(p, uint64(300))
	}
	f.Fuzz(func(t *testing.T, path string, size uint64) {
		tile, err := tlog.ParseTilePath(path)
		if err != nil {
			return
		}
		if got := tlog.TilePath(tile); got != path {
			t.Errorf("TilePath(ParseTilePath(%q)) = %q", path, got)
		}
		if tile.W < 1 || tile.W > 256 || tile.L > 63 {
			t.Errorf("ParseTilePath(%q) = %+v", path, tile)
		}
		if tlog.Implied(tile, size) && !tlog.Implied(tile, max(size, size+1)) {
			t.Errorf("%q is implied by %d leaves but not by more", path, size)
		}
	})
}

func FuzzParseBundle(f *testing.F) {
	f.Add([]byte{0, 1, 'a', 0, 2, 'b', 'c'}, 2)
	f.Add([]byte{0, 0}, 1)
	f.Add([]byte{0xff, 0xff, 1}, 1)
	f.Fuzz(func(t *testing.T, data []byte, want int) {
		want &= 0xff
		leaves, err := tlog.ParseBundle(data, want)
		if err != nil {
			return
		}
		var again []byte
		for _, leaf := range leaves {
			again = append(append(again, 0, byte(len(leaf))), leaf...)
		}
		if len(leaves) != want || !bytes.Equal(again, data) {
			t.Errorf("ParseBundle(%x, %d) = %x", data, want, leaves)
		}
	})
}
