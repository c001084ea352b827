// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"errors"
	"io/fs"
	"net/http"
	"strconv"
)

// Handler serves the log's read API (c2sp.org/tlog-tiles): /checkpoint, /tile/L/N
// and /tile/entries/N. Mount it with http.StripPrefix below the log's own prefix.
//
// It serves only what the published checkpoint implies. Files beyond it may still
// change after a crash, and a cache that was told immutable would keep them.
func (r *Reader) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /checkpoint", r.serveCheckpoint)
	mux.HandleFunc("GET /tile/{path...}", r.serveTile)
	return mux
}

func (r *Reader) serveCheckpoint(w http.ResponseWriter, req *http.Request) {
	cp, err := r.Checkpoint(req.Context())
	if err != nil {
		http.Error(w, "no checkpoint", http.StatusInternalServerError)
		return
	}
	respond(w, cp.Raw, "text/plain; charset=utf-8", "no-cache")
}

func (r *Reader) serveTile(w http.ResponseWriter, req *http.Request) {
	tile, err := parseTilePath("tile/" + req.PathValue("path"))
	if err != nil {
		http.NotFound(w, req)
		return
	}
	cp, err := r.Checkpoint(req.Context())
	if err != nil {
		http.Error(w, "no checkpoint", http.StatusInternalServerError)
		return
	}
	if !implied(tile, cp.Size) {
		http.NotFound(w, req)
		return
	}
	data, err := r.files.read(tilePath(tile))
	switch {
	case errors.Is(err, fs.ErrNotExist): // also a partial tile that is full by now
		http.NotFound(w, req)
	case err != nil:
		http.Error(w, "unreadable tile", http.StatusInternalServerError)
	default:
		respond(w, data, "application/octet-stream", "public, max-age=31536000, immutable")
	}
}

func respond(w http.ResponseWriter, body []byte, contentType, cache string) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", cache)
	h.Set("X-Content-Type-Options", "nosniff")
	w.Write(body) // an error means that the client left
}
