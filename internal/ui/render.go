// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package ui

import (
	"bytes"
	"context"
	"html/template"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/inert"
)

// page is what every template gets.
type page struct {
	Title     string
	Here      string // which of the three pages
	Coop      string
	SignedOut bool
	Body      any
}

// parse reads the templates. Purposes are shown by their short names.
func parse(purposes []Purpose) map[string]*template.Template {
	funcs := template.FuncMap{
		"plain":  inert.Text,
		"date":   func(t dsai.Time) string { return t.Std().Format("2 Jan 2006, 15:04 UTC") },
		"day":    func(t dsai.Time) string { return t.Std().Format("2 Jan 2006") },
		"short":  dsai.Digest.Short,
		"join":   func(list []string) string { return strings.Join(list, ", ") },
		"marked": marked,
		"purpose": func(iri string) string {
			for _, p := range purposes {
				if p.IRI == iri {
					return p.Name
				}
			}
			return iri[strings.LastIndexAny(iri, "#/")+1:]
		},
	}
	out := make(map[string]*template.Template)
	for _, name := range []string{"ask", "documents", "document", "withdraw", "receipts", "receipt", "login", "error"} {
		out[name] = template.Must(template.New("layout.html").Funcs(funcs).ParseFS(files, "templates/layout.html", "templates/"+name+".html"))
	}
	return out
}

// render sends a page whole or not at all.
func (u *UI) render(w http.ResponseWriter, status int, name string, p page) {
	p.Coop = u.cfg.Coop
	var b bytes.Buffer
	if err := u.templates[name].Execute(&b, p); err != nil {
		u.cfg.Logger.LogAttrs(context.Background(), slog.LevelError, "render page", slog.String("page", name), slog.Any("cause", err))
		http.Error(w, "Something went wrong.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a client that went away is nobody to tell
}

// part is a piece of an answer's text: words, or the mark of source N.
type part struct {
	Text string
	N    int
}

var mark = regexp.MustCompile(`\[(\d{1,3})\]`)

// marked splits an answer at the marks of its sources, so that the page can lead
// from mark to source. Other brackets stay text.
func marked(text string, known []source) []part {
	text = inert.Text(text)
	var out []part
	from := 0
	for _, m := range mark.FindAllStringSubmatchIndex(text, -1) {
		n, err := strconv.Atoi(text[m[2]:m[3]])
		if err != nil || !slices.ContainsFunc(known, func(s source) bool { return s.N == n }) {
			continue
		}
		out = append(out, part{Text: text[from:m[0]]}, part{N: n})
		from = m[1]
	}
	return append(out, part{Text: text[from:]})
}
