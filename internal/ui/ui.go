// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package ui is a node's three pages, Ask, Documents and Receipts, rendered on
// the server and usable without JavaScript. People enter by a one-time link.
//
// It never trusts what it shows: titles, passages and answers appear as text, so
// nothing in a document can link, load or run. It decides and stores nothing,
// and never logs a question, an answer, a link's token or a cookie. Only node
// imports it, and serves it behind the API's guards.
package ui

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/view"
	"dsai.example/dsai/verify"
)

//go:embed static templates
var files embed.FS

// Asker carries one question down the request path; see pipeline.Pipeline.Do.
type Asker interface {
	Ask(ctx context.Context, r *pipeline.Request, emit func(pipeline.Piece) error) (*pipeline.Receipt, error)
}

// Library shows what the node holds to whoever is signed in, and withdraws for
// those whose keys the node keeps. A ref is an id, a short id or a file name.
type Library interface {
	Documents(ctx context.Context, who *pipeline.Requester, p view.Page) ([]view.Document, error)
	Document(ctx context.Context, who *pipeline.Requester, ref string) (*view.Document, error)
	Uses(ctx context.Context, who *pipeline.Requester, f view.UseFilter, p view.Page) ([]view.Use, error)
	// Preview says what would leave the answers. When the key is on its owner's
	// own machine, Command is what to run there, and Withdraw is refused. What
	// was withdrawn before is Done, with its receipt.
	Preview(ctx context.Context, who *pipeline.Requester, ref string) (*view.Withdrawal, error)
	// Withdraw signs the revocation and returns when it is honoured.
	Withdraw(ctx context.Context, who *pipeline.Requester, ref string) (*view.Withdrawal, error)
}

// Receipts gives out receipts and checks them as anybody could offline.
type Receipts interface {
	Receipts(ctx context.Context, who *pipeline.Requester, p view.Page) ([]view.Receipt, error)
	Bundle(ctx context.Context, who *pipeline.Requester, ref string, redact []string) ([]byte, error)
	Verify(ctx context.Context, who *pipeline.Requester, ref string) (*verify.Result, error)
}

// Sessions lets people in. Secrets are random and hashed at rest; unknown,
// used or expired ones are view.ErrUnauthorized.
type Sessions interface {
	// Redeem spends the token of a login link and opens a session.
	Redeem(ctx context.Context, token string) (session string, until dsai.Time, err error)
	Session(ctx context.Context, session string) (*pipeline.Requester, error)
	End(ctx context.Context, session string) error
}

// Purpose is one choice of the question form.
type Purpose struct {
	Name    string // "answers"
	Meaning string // "Answer questions"
	IRI     string
}

// Config is what the pages show and whom they ask.
type Config struct {
	Asker    Asker
	Library  Library
	Receipts Receipts
	Sessions Sessions
	// Citations returns the numbered sources of an answer.
	Citations func(*pipeline.Output) []view.Citation

	// Models returns the ids of the engines to choose from, the default first.
	Models func(ctx context.Context) ([]string, error)

	Coop     string    // its name
	Purposes []Purpose // the first is the default
	Logger   *slog.Logger
	Now      func() time.Time
}

// UI serves the pages. It is safe for concurrent use.
type UI struct {
	cfg       Config
	mux       *http.ServeMux
	templates map[string]*template.Template
}

// New builds the pages.
func New(c Config) (*UI, error) {
	if c.Asker == nil || c.Library == nil || c.Receipts == nil || c.Sessions == nil || c.Citations == nil || c.Models == nil || len(c.Purposes) == 0 {
		return nil, errors.New("build pages: something of Config is missing")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	static, err := fs.Sub(files, "static")
	if err != nil {
		return nil, fmt.Errorf("build pages: %w", err)
	}
	u := &UI{cfg: c, mux: http.NewServeMux(), templates: parse(c.Purposes)}
	u.mux.Handle("GET /static/", cached(http.StripPrefix("/static/", http.FileServerFS(static))))
	u.mux.HandleFunc("GET /login", u.door)
	u.mux.HandleFunc("POST /login", u.login)
	for pattern, h := range map[string]handler{
		"POST /logout":               u.logout,
		"GET /{$}":                   u.askForm,
		"POST /ask":                  u.ask,
		"POST /ask/stream":           u.askStream,
		"GET /documents":             u.documents,
		"GET /documents/{ref}":       u.document,
		"GET /withdraw/{ref}":        u.preview,
		"POST /withdraw/{ref}":       u.withdraw,
		"GET /receipts":              u.receipts,
		"GET /receipts/{ref}":        u.receipt,
		"GET /receipts/{ref}/bundle": u.bundle,
		"/":                          u.missing,
	} {
		u.mux.HandleFunc(pattern, u.signedIn(h))
	}
	return u, nil
}

// ServeHTTP implements http.Handler.
func (u *UI) ServeHTTP(w http.ResponseWriter, r *http.Request) { u.mux.ServeHTTP(w, r) }

// handler serves one page to somebody signed in, or returns an error before it
// has written anything.
type handler func(w http.ResponseWriter, r *http.Request, who *pipeline.Requester) error

const cookieName = "dsai-session"

// signedIn finds the session, or shows how to sign in.
func (u *UI) signedIn(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var who *pipeline.Requester
		c, err := r.Cookie(cookieName)
		if err == nil {
			who, err = u.cfg.Sessions.Session(r.Context(), c.Value)
		} else {
			err = view.ErrUnauthorized
		}
		if err == nil {
			err = h(w, r, who)
		}
		if err != nil {
			u.fail(w, r, err)
		}
	}
}

// door is where a login link leads. It spends nothing: mail scanners, previews
// and browsers that prefetch open links before people do. The button that it
// shows does.
func (u *UI) door(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("token")
	if token == "" {
		u.fail(w, r, view.ErrUnauthorized)
		return
	}
	u.render(w, http.StatusOK, "login", page{Title: "Sign in", SignedOut: true, Body: token})
}

// login spends the token of a link and leads on. Its request comes from the
// page of door, so browsers send the SameSite=Strict cookie on the redirect,
// which they would hold back after a link that was clicked in a mail.
func (u *UI) login(w http.ResponseWriter, r *http.Request) {
	session, until, err := u.cfg.Sessions.Redeem(r.Context(), r.PostFormValue("token"))
	if err != nil {
		u.fail(w, r, err)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: session, Path: "/", Expires: until.Std(),
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode,
	})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (u *UI) logout(w http.ResponseWriter, r *http.Request, _ *pipeline.Requester) error {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return view.ErrUnauthorized
	}
	if err := u.cfg.Sessions.End(r.Context(), c.Value); err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", MaxAge: -1, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

func (u *UI) missing(http.ResponseWriter, *http.Request, *pipeline.Requester) error {
	return view.ErrNotFound
}

// fail shows an error page. What only the operator may know goes to the log.
func (u *UI) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, title, text := explain(err)
	if status == http.StatusInternalServerError {
		u.cfg.Logger.LogAttrs(r.Context(), slog.LevelError, "page failed", slog.Any("cause", err))
	}
	u.render(w, status, "error", page{Title: title, SignedOut: status == http.StatusUnauthorized, Body: text})
}

// explain says what a person can do about an error.
func explain(err error) (status int, title, text string) {
	switch {
	case errors.Is(err, view.ErrUnauthorized):
		return http.StatusUnauthorized, "Sign in",
			"Open the login link that dsai up printed. Each link works once, for 15 minutes; dsai up in another terminal prints a new one."
	case errors.Is(err, view.ErrNotFound):
		return http.StatusNotFound, "Not found", "There is no such page, document or receipt here, or it is not yours to see."
	case errors.Is(err, pipeline.ErrNoModel):
		return http.StatusNotFound, "No such model", "This node does not have that model any more. Choose another."
	case errors.Is(err, view.ErrInvalid), errors.Is(err, view.ErrConflict):
		return http.StatusBadRequest, "That did not work", err.Error()
	}
	if _, busy := errors.AsType[*pipeline.BusyError](err); busy {
		return http.StatusTooManyRequests, "Busy", "The model is answering as many questions as it can. Try again in a moment."
	}
	return http.StatusInternalServerError, "Something went wrong", "The operator's log says what."
}

// cached lets browsers keep the style sheet and script until the next start.
func cached(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=3600")
		h.ServeHTTP(w, r)
	})
}
