// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package ui

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/view"
	"dsai.example/dsai/verify"
)

// Rows of a page.
const (
	rows    = 50
	useRows = 200
)

// paged is one page of a list; Next leads to the following one.
type paged[T any] struct {
	Rows []T
	Next string
}

// listed fetches one row more than it shows, to know whether there are more.
func listed[T any](r *http.Request, path string, id func(T) string, fetch func(view.Page) ([]T, error)) (paged[T], error) {
	list, err := fetch(view.Page{After: r.URL.Query().Get("after"), Limit: rows + 1})
	if err != nil {
		return paged[T]{}, err
	}
	p := paged[T]{Rows: list}
	if len(list) > rows {
		p.Rows = list[:rows]
		p.Next = path + "?after=" + url.QueryEscape(id(list[rows-1]))
	}
	return p, nil
}

func (u *UI) documents(w http.ResponseWriter, r *http.Request, who *pipeline.Requester) error {
	list, err := listed(r, "/documents", func(d view.Document) string { return d.ID.String() },
		func(p view.Page) ([]view.Document, error) { return u.cfg.Library.Documents(r.Context(), who, p) })
	if err != nil {
		return err
	}
	u.render(w, http.StatusOK, "documents", page{Title: "Documents", Here: "documents", Body: list})
	return nil
}

// document shows who used one document, when and for what.
func (u *UI) document(w http.ResponseWriter, r *http.Request, who *pipeline.Requester) error {
	ref := r.PathValue("ref")
	about, err := u.cfg.Library.Document(r.Context(), who, ref)
	if err != nil {
		return err
	}
	uses, err := u.cfg.Library.Uses(r.Context(), who, view.UseFilter{Document: ref}, view.Page{Limit: useRows})
	if err != nil {
		return err
	}
	u.render(w, http.StatusOK, "document", page{Title: inert.Text(about.Title), Here: "documents", Body: struct {
		About *view.Document
		Uses  []view.Use
		Most  int
	}{about, uses, useRows}})
	return nil
}

// withdrawal is the body of the page of a withdrawal.
type withdrawal struct {
	*view.Withdrawal
	Already bool // done before, not just now
}

// preview asks for confirmation and shows what would leave the answers.
func (u *UI) preview(w http.ResponseWriter, r *http.Request, who *pipeline.Requester) error {
	what, err := u.cfg.Library.Preview(r.Context(), who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	title := "Withdraw"
	if what.Done {
		title = "Already withdrawn"
	}
	u.render(w, http.StatusOK, "withdraw", page{Title: title, Here: "documents", Body: withdrawal{what, what.Done}})
	return nil
}

func (u *UI) withdraw(w http.ResponseWriter, r *http.Request, who *pipeline.Requester) error {
	what, err := u.cfg.Library.Withdraw(r.Context(), who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	u.render(w, http.StatusOK, "withdraw", page{Title: "Withdrawn", Here: "documents", Body: withdrawal{what, false}})
	return nil
}

func (u *UI) receipts(w http.ResponseWriter, r *http.Request, who *pipeline.Requester) error {
	list, err := listed(r, "/receipts", func(x view.Receipt) string { return x.Digest.String() },
		func(p view.Page) ([]view.Receipt, error) { return u.cfg.Receipts.Receipts(r.Context(), who, p) })
	if err != nil {
		return err
	}
	u.render(w, http.StatusOK, "receipts", page{Title: "Receipts", Here: "receipts", Body: list})
	return nil
}

// receiptPage is one receipt with what its bundle opens.
type receiptPage struct {
	Ref      string
	Result   *verify.Result
	Holding  int // checks that hold
	Made     int // checks that were made
	Question string
	Answer   string
	Refusal  *dsai.RefusalReceipt
	Receipt  *dsai.InferenceReceipt
	Passages []openPassage
}

// Note reports a line that says something and checked nothing: a page makes no
// answer of a model file again, which would take the node's power at a click.
func (p *receiptPage) Note(c verify.Check) bool {
	return c.Name == "replay" && c.OK && !p.Result.Replayed
}

type openPassage struct {
	N    int
	Use  dsai.Use
	Body *dsai.PassageBody // nil when redacted
}

// receipt shows one receipt with the lines of its verification.
func (u *UI) receipt(w http.ResponseWriter, r *http.Request, who *pipeline.Requester) error {
	ref := r.PathValue("ref")
	raw, err := u.cfg.Receipts.Bundle(r.Context(), who, ref, nil)
	if err != nil {
		return err
	}
	p, err := readBundle(raw)
	if err != nil {
		return err
	}
	p.Ref = ref
	if p.Result, err = u.cfg.Receipts.Verify(r.Context(), who, ref); err != nil {
		return err
	}
	for _, c := range p.Result.Checks {
		if p.Note(c) {
			continue
		}
		p.Made++
		if c.OK {
			p.Holding++
		}
	}
	u.render(w, http.StatusOK, "receipt", page{Title: "Receipt", Here: "receipts", Body: p})
	return nil
}

// readBundle reads the node's own bundle for display; Verify judges it.
func readBundle(raw []byte) (*receiptPage, error) {
	var b dsai.Bundle
	if err := json.Unmarshal(raw, &b); err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	var kind struct {
		Type []string `json:"type"`
	}
	if err := json.Unmarshal(b.Receipt, &kind); err != nil || len(kind.Type) != 2 {
		return nil, fmt.Errorf("read bundle: its receipt has no type (%v)", err)
	}
	p := &receiptPage{}
	if o := b.Openings; o != nil {
		if o.Prompt != nil {
			p.Question = o.Prompt.Text
		}
		if o.Response != nil {
			p.Answer = o.Response.Text
		}
	}
	if kind.Type[1] == dsai.TypeRefusalReceipt {
		var c dsai.Credential[dsai.RefusalReceipt]
		if err := json.Unmarshal(b.Receipt, &c); err != nil {
			return nil, fmt.Errorf("read bundle: %w", err)
		}
		p.Refusal = &c.Subject
		return p, nil
	}
	var c dsai.Credential[dsai.InferenceReceipt]
	if err := json.Unmarshal(b.Receipt, &c); err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	p.Receipt = &c.Subject
	for i, use := range c.Subject.Used {
		p.Passages = append(p.Passages, openPassage{N: i + 1, Use: use, Body: opened(b.Openings, i+1)})
	}
	return p, nil
}

func opened(o *dsai.Openings, n int) *dsai.PassageBody {
	if o == nil {
		return nil
	}
	for i := range o.Passages {
		if o.Passages[i].N == n {
			return &o.Passages[i].Body
		}
	}
	return nil
}

// bundle hands out the file that anybody can check offline.
func (u *UI) bundle(w http.ResponseWriter, r *http.Request, who *pipeline.Requester) error {
	var redact []string
	if r.URL.Query().Get("redact") == "all" {
		redact = slices.Clone(verify.Redactions)
	}
	raw, err := u.cfg.Receipts.Bundle(r.Context(), who, r.PathValue("ref"), redact)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="receipt.dsai"`)
	_, _ = w.Write(raw) // a client that went away is nobody to tell
	return nil
}
