// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package ui

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/view"
)

const (
	maxQuestion  = 16 << 10         // bytes
	writeTimeout = 30 * time.Second // for each write of a stream
	askTimeout   = 15 * time.Minute // for one answer
)

// askPage is the form, with an answer below it when one was asked for.
type askPage struct {
	Question string
	Purpose  string
	Purposes []Purpose
	Model    string
	Models   []string
	Answer   *answer
	Problem  string
}

// answer is what became of a question. It is also the last line of a stream.
type answer struct {
	Text      string         `json:"text,omitempty"` // empty in a stream, which has sent it
	Sources   []source       `json:"sources"`
	Receipt   dsai.Digest    `json:"receipt"`
	Assurance dsai.Assurance `json:"assurance,omitempty"`
	Model     string         `json:"model,omitempty"`
	Note      string         `json:"note,omitempty"` // why it stops short
	Refusal   *refusal       `json:"refusal,omitempty"`
}

// source is a passage that an answer cites, with the sentences it cites.
type source struct {
	N      int      `json:"n"`
	Title  string   `json:"title"`
	Owner  string   `json:"owner,omitempty"`
	Where  []string `json:"where"` // headings, outermost first
	Page   int      `json:"page,omitempty"`
	Quotes []string `json:"quotes"`
}

type refusal struct {
	Code    dsai.Code `json:"code"`
	Reason  string    `json:"reason"`
	Missing []string  `json:"missing,omitempty"`
}

func (u *UI) askForm(w http.ResponseWriter, r *http.Request, _ *pipeline.Requester) error {
	models, err := u.cfg.Models(r.Context())
	if err != nil {
		return err
	}
	u.renderAsk(w, http.StatusOK, askPage{Models: models})
	return nil
}

func (u *UI) renderAsk(w http.ResponseWriter, status int, p askPage) {
	p.Purposes = u.cfg.Purposes
	u.render(w, status, "ask", page{Title: "Ask", Here: "ask", Body: p})
}

// ask answers without JavaScript: the page comes when the answer is whole.
func (u *UI) ask(w http.ResponseWriter, r *http.Request, who *pipeline.Requester) error {
	req, p, problem, err := u.read(r, who)
	if err != nil {
		return err
	}
	if problem != "" {
		p.Problem = problem
		u.renderAsk(w, http.StatusBadRequest, p)
		return nil
	}
	patient(w)
	ctx, cancel := context.WithTimeout(r.Context(), askTimeout)
	defer cancel()
	var text strings.Builder
	rec, err := u.cfg.Asker.Ask(ctx, req, func(p pipeline.Piece) error { text.WriteString(p.Text); return nil })
	a, err := u.outcome(rec, err, who)
	if err != nil {
		return err
	}
	a.Text = text.String()
	p.Answer = a
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
	u.renderAsk(w, http.StatusOK, p)
	return nil
}

// askStream answers the page's script in lines of JSON: {"text":…} for each
// piece, then one {"end":answer} or {"error":…}.
func (u *UI) askStream(w http.ResponseWriter, r *http.Request, who *pipeline.Requester) error {
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("X-Accel-Buffering", "no")
	req, _, problem, err := u.read(r, who)
	if err != nil {
		return err
	}
	if problem != "" {
		return line(w, map[string]string{"error": problem})
	}
	patient(w)
	ctx, cancel := context.WithTimeout(r.Context(), askTimeout)
	defer cancel()
	rec, err := u.cfg.Asker.Ask(ctx, req, func(p pipeline.Piece) error {
		if text := inert.Text(p.Text); text != "" {
			return line(w, map[string]string{"text": text})
		}
		return nil
	})
	a, err := u.outcome(rec, err, who)
	if err != nil {
		status, title, text := explain(err)
		if status == http.StatusInternalServerError {
			u.cfg.Logger.LogAttrs(ctx, slog.LevelError, "answer failed", slog.String("request", req.ID.String()), slog.Any("cause", err))
		}
		_ = line(w, map[string]string{"error": title + ". " + text})
		return nil
	}
	_ = line(w, map[string]*answer{"end": a}) // the receipt is in the list all the same
	return nil
}

// patient lifts the connection's deadlines while an answer is made.
func patient(w http.ResponseWriter) {
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Time{}) // only a test's recorder cannot
	_ = rc.SetWriteDeadline(time.Time{})
}

func line(w http.ResponseWriter, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode line: %w", err)
	}
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := w.Write(append(raw, '\n')); err != nil {
		return fmt.Errorf("send line: %w", err)
	}
	_ = rc.Flush()
	return nil
}

// read makes a request of the form, or says what is wrong with it.
func (u *UI) read(r *http.Request, who *pipeline.Requester) (req *pipeline.Request, p askPage, problem string, err error) {
	p = askPage{Question: strings.TrimSpace(r.PostFormValue("question")), Purpose: r.PostFormValue("purpose"), Model: r.PostFormValue("model")}
	if p.Models, err = u.cfg.Models(r.Context()); err != nil {
		return nil, p, "", err
	}
	i := slices.IndexFunc(u.cfg.Purposes, func(x Purpose) bool { return x.Name == p.Purpose })
	switch {
	case p.Question == "":
		return nil, p, "Write a question first.", nil
	case len(p.Question) > maxQuestion:
		p.Question = ""
		return nil, p, "The question is too long.", nil
	case i < 0:
		return nil, p, "Choose a purpose from the list.", nil
	case p.Model != "" && !slices.Contains(p.Models, p.Model):
		return nil, p, "Choose an engine from the list.", nil
	}
	req = &pipeline.Request{Question: pipeline.Text(p.Question), Purpose: u.cfg.Purposes[i].IRI, Model: p.Model, Requester: *who, Received: dsai.At(u.cfg.Now())}
	_, _ = rand.Read(req.ID[:]) // crypto/rand does not fail
	return req, p, "", nil
}

// outcome turns what Ask returned into what is shown; an error is a failure.
func (u *UI) outcome(rec *pipeline.Receipt, err error, who *pipeline.Requester) (*answer, error) {
	if no, ok := errors.AsType[*dsai.Refusal](err); ok {
		a := &answer{Sources: []source{}}
		missing := no.Detail.Missing
		if !who.Entitled {
			no, missing = no.Public(), nil
		}
		a.Refusal = &refusal{no.Code, no.Reason, missing}
		if rec != nil {
			a.Receipt = rec.Digest
		}
		return a, nil
	}
	if err != nil {
		return nil, err
	}
	o := rec.Output
	a := &answer{Sources: sources(u.cfg.Citations(o)), Receipt: rec.Digest, Assurance: o.Plan.Engine.Assurance(), Model: o.Plan.Engine.Model().ID}
	switch o.Ended {
	case dsai.EndedRevoked:
		a.Note = "The answer stops here: a contributor withdrew consent."
	case dsai.EndedDegraded:
		a.Note = "The answer stops here: the model server broke off."
	case dsai.EndedCancelled:
		a.Note = "The answer stops here: it took too long."
	case dsai.EndedStopped:
		a.Note = "The answer stops here: it reached its limit."
	}
	return a, nil
}

// sources gathers citations by passage, in the order of their numbers.
func sources(cs []view.Citation) []source {
	out := []source{}
	for _, c := range cs {
		i := slices.IndexFunc(out, func(s source) bool { return s.N == c.N })
		if i < 0 {
			i = len(out)
			s := source{N: c.N, Title: inert.Text(c.Title), Owner: inert.Text(c.Owner), Page: c.Page, Where: []string{}, Quotes: []string{}}
			for _, h := range c.Heading {
				s.Where = append(s.Where, inert.Text(h))
			}
			out = append(out, s)
		}
		if q := inert.Text(c.Quote); q != "" && !slices.Contains(out[i].Quotes, q) {
			out[i].Quotes = append(out[i].Quotes, q)
		}
	}
	slices.SortFunc(out, func(a, b source) int { return a.N - b.N })
	return out
}
