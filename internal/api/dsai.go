// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/view"
	"dsai.example/dsai/verify"
)

// Rows of a list.
const (
	pageDefault = 100
	pageMax     = 1000
)

// pageOf reads ?after= and ?limit=.
func pageOf(r *http.Request) (view.Page, error) {
	q := r.URL.Query()
	p := view.Page{After: q.Get("after"), Limit: pageDefault}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > pageMax {
			return p, fmt.Errorf("%w: limit is from 1 to %d", errParameter, pageMax)
		}
		p.Limit = n
	}
	if len(p.After) > 100 {
		return p, fmt.Errorf("%w: after is the id of a row", errParameter)
	}
	return p, nil
}

// list answers with one page: {"data":[…],"more":bool}. One row more than asked
// for is fetched to know whether there are more.
func list[T any](w http.ResponseWriter, r *http.Request, fetch func(view.Page) ([]T, error)) error {
	p, err := pageOf(r)
	if err != nil {
		return err
	}
	limit := p.Limit
	p.Limit++
	rows, err := fetch(p)
	if err != nil {
		return err
	}
	body := struct {
		Data []T  `json:"data"`
		More bool `json:"more"`
	}{Data: rows[:min(len(rows), limit)], More: len(rows) > limit}
	if body.Data == nil {
		body.Data = []T{}
	}
	return writeValue(w, body)
}

func writeValue(w http.ResponseWriter, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	return writeJSON(w, http.StatusOK, raw)
}

// receipts is GET /dsai/v1/receipts.
func (s *Server) receipts(w http.ResponseWriter, r *http.Request, who *caller) error {
	return list(w, r, func(p view.Page) ([]view.Receipt, error) {
		return s.cfg.Receipts.Receipts(r.Context(), who.Requester, p)
	})
}

// bundle is GET /dsai/v1/receipts/{ref}, with ?redact= for openings to leave out.
func (s *Server) bundle(w http.ResponseWriter, r *http.Request, who *caller) error {
	redact, err := Redactions(r.URL.Query().Get("redact"))
	if err != nil {
		return err
	}
	raw, err := s.cfg.Receipts.Bundle(r.Context(), who.Requester, r.PathValue("ref"), redact)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, raw)
}

// Redactions reads a comma-separated list of openings to leave out; "all" names
// every one.
func Redactions(text string) ([]string, error) {
	switch text {
	case "":
		return nil, nil
	case "all":
		return slices.Clone(verify.Redactions), nil
	}
	names := strings.Split(text, ",")
	for _, n := range names {
		if !slices.Contains(verify.Redactions, n) {
			return nil, fmt.Errorf("%w: redact takes all or some of %s", errParameter, strings.Join(verify.Redactions, ","))
		}
	}
	return names, nil
}

// documents is GET /dsai/v1/documents.
func (s *Server) documents(w http.ResponseWriter, r *http.Request, who *caller) error {
	return list(w, r, func(p view.Page) ([]view.Document, error) {
		return s.cfg.Library.Documents(r.Context(), who.Requester, p)
	})
}

// consents is GET /dsai/v1/consents.
func (s *Server) consents(w http.ResponseWriter, r *http.Request, who *caller) error {
	return list(w, r, func(p view.Page) ([]view.Consent, error) {
		return s.cfg.Library.Consents(r.Context(), who.Requester, p)
	})
}

// uses is GET /dsai/v1/uses, with ?document= and ?since=.
func (s *Server) uses(w http.ResponseWriter, r *http.Request, who *caller) error {
	f := view.UseFilter{Document: r.URL.Query().Get("document")}
	if since := r.URL.Query().Get("since"); since != "" {
		if err := f.Since.UnmarshalText([]byte(since)); err != nil {
			return fmt.Errorf("%w: since is a time like 2026-11-22T15:04:05Z", errParameter)
		}
	}
	return list(w, r, func(p view.Page) ([]view.Use, error) { return s.cfg.Library.Uses(r.Context(), who.Requester, f, p) })
}

// status is GET /dsai/v1/status.
func (s *Server) status(w http.ResponseWriter, r *http.Request, _ *caller) error {
	st, err := s.cfg.Library.Status(r.Context())
	if err != nil {
		return err
	}
	return writeValue(w, st)
}

// submitConsent is POST /dsai/v1/consents: a ConsentBundle, or a
// CollectionAddition, that its member signed.
func (s *Server) submitConsent(w http.ResponseWriter, r *http.Request, _ *caller) error {
	raw, err := readBody(r)
	if err != nil {
		return err
	}
	d, err := s.cfg.Credentials.SubmitConsent(r.Context(), raw)
	if err != nil {
		return err
	}
	return writeValue(w, struct {
		Consent dsai.Digest `json:"consent"`
	}{d})
}
