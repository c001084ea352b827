// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/api/openai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/view"
)

// chat is POST /v1/chat/completions.
func (s *Server) chat(w http.ResponseWriter, r *http.Request, who *caller) error {
	id := requestID(w.Header())
	body, err := readBody(r)
	if err != nil {
		return err
	}
	c, err := openai.DecodeChat(body)
	if err != nil {
		return err
	}
	purpose, err := narrowest(r.Header.Get(headerPurpose), c.Purpose)
	if err != nil {
		return err
	}
	m, err := s.find(r.Context(), c.Model)
	if err != nil {
		return err
	}
	if c.Logprobs && m.Class != dsai.EngineInfer {
		return openai.NewError(openai.TypeInvalid, openai.CodeNotBuilt, "logprobs", "logprobs is not supported by this model: GET /v1/models names those of class infer, which have it.")
	}
	a := &chatAnswer{server: s, w: w, chat: c, requester: who.Requester, id: id}
	a.out = openai.NewWriter(openai.Head{Request: id, Model: m.ID, Created: dsai.At(s.cfg.Now())}, c.Usage)
	a.links = s.baseURL(r) + "/receipts/"
	a.patient()
	if c.Task != "" {
		return a.finish(c.Task.Answer(c.Question), openai.End{Finish: openai.FinishStop, Dsai: openai.Extension{Task: c.Task}})
	}
	if err := who.budget.answer(s.cfg.Now()); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.cfg.AskTimeout)
	defer cancel()
	rec, err := s.cfg.Asker.Ask(ctx, &pipeline.Request{
		ID:        id,
		Question:  pipeline.Text(c.Question),
		Purpose:   s.cfg.Purpose(purpose),
		Requester: *who.Requester,
		Model:     m.ID,
		Sampling:  sampling(c),
		Received:  dsai.At(s.cfg.Now()),
	}, a.piece)
	if rec != nil && rec.Output != nil {
		who.budget.charge(s.cfg.Now(), rec.Output.Tokens.Completion)
	}
	return a.end(rec, err)
}

func sampling(c *openai.Chat) pipeline.Sampling {
	s := pipeline.Sampling{Temperature: c.Temperature, TopP: c.TopP, Seed: c.Seed, Stop: c.Stop, MaxTokens: c.MaxTokens,
		TopK: c.TopK, MinP: c.MinP, Presence: c.Presence, Frequency: c.Frequency}
	if c.Logprobs {
		s.Logprobs = 1 + c.TopLogprobs
	}
	return s
}

func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, errTooLarge
	}
	if err != nil {
		return nil, openai.NewError(openai.TypeInvalid, openai.CodeBadJSON, "", "The body could not be read.")
	}
	return body, nil
}

// narrowest joins the two ways to declare a purpose. Both only narrow what the
// undertaking promised, which the gate checks.
func narrowest(header, metadata string) (string, error) {
	if header != "" && metadata != "" && header != metadata {
		return "", errPurposes
	}
	return cmp.Or(header, metadata), nil
}

// offered returns the models that can answer: not those whose file is gone.
func (s *Server) offered(ctx context.Context) ([]view.Model, error) {
	all, err := s.cfg.Library.Models(ctx)
	if err != nil {
		return nil, fmt.Errorf("list models: %w", err)
	}
	return slices.DeleteFunc(all, func(m view.Model) bool { return m.File != nil && m.File.Problem != "" }), nil
}

// find returns the model with an id, or the default one.
func (s *Server) find(ctx context.Context, id string) (*view.Model, error) {
	all, err := s.offered(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].ID == id || id == "" && all[i].Default {
			return &all[i], nil
		}
	}
	return nil, fmt.Errorf("%w: %.80q; GET /v1/models lists them", errModel, id)
}

func (s *Server) baseURL(r *http.Request) string {
	switch {
	case s.cfg.PublicURL != "":
		return s.cfg.PublicURL
	case r.TLS != nil:
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// chatAnswer writes one answer in the form that the client asked for.
type chatAnswer struct {
	server    *Server
	w         http.ResponseWriter
	out       *openai.Writer
	chat      *openai.Chat
	requester *pipeline.Requester
	id        dsai.Digest
	links     string
	streaming bool // headers of the stream are sent
}

// patient lifts the deadlines of the connection while the answer is made: the
// request is read, and the time to write counts from each write.
func (a *chatAnswer) patient() {
	rc := http.NewResponseController(a.w)
	_ = rc.SetReadDeadline(time.Time{}) // only a test's recorder cannot
	_ = rc.SetWriteDeadline(time.Time{})
}

// piece takes one piece from the pipeline.
func (a *chatAnswer) piece(p pipeline.Piece) error {
	a.out.Logprobs(likelihoods(p.Logprobs))
	events := a.out.Piece(p.Text)
	if !a.chat.Stream || len(events) == 0 {
		return nil
	}
	return a.send(events)
}

func likelihoods(in []pipeline.Logprob) (out []openai.Logprob) {
	for _, l := range in {
		o := openai.Logprob{Likelihood: openai.NewLikelihood(l.Token, l.Logprob), Top: []openai.Likelihood{}}
		for _, t := range l.Top {
			o.Top = append(o.Top, openai.NewLikelihood(t.Token, t.Logprob))
		}
		out = append(out, o)
	}
	return out
}

// send writes events and flushes them. The status of a stream is sent with its
// first words, so that a refusal can still have its own.
func (a *chatAnswer) send(events []byte) error {
	rc := http.NewResponseController(a.w)
	_ = rc.SetWriteDeadline(time.Now().Add(a.server.cfg.WriteTimeout))
	if !a.streaming {
		a.streaming = true
		a.w.Header().Set("Content-Type", "text/event-stream")
		a.w.Header().Set("X-Accel-Buffering", "no") // proxies hold streams back otherwise
		a.w.WriteHeader(http.StatusOK)
	}
	if _, err := a.w.Write(events); err != nil {
		return fmt.Errorf("send answer: %w", err)
	}
	return rc.Flush()
}

// end tells how it went. What it returns goes to the error table.
func (a *chatAnswer) end(rec *pipeline.Receipt, err error) error {
	if no, ok := errors.AsType[*dsai.Refusal](err); ok {
		return a.refused(rec, no)
	}
	if err == nil && rec.Output.Ended == dsai.EndedDegraded && rec.Output.Text == "" {
		a.w.Header().Set(headerReceipt, rec.Digest.String())
		err = errUpstream
	}
	if err != nil {
		if !a.streaming {
			return err
		}
		// The status is out; the error is the stream's last event.
		_, e, _ := describe(err)
		a.server.cfg.Logger.LogAttrs(context.Background(), slog.LevelError, "answer broke off", slog.String("request", a.id.String()), slog.Any("cause", err))
		_ = a.send(a.out.Fail(e))
		return nil
	}
	o := rec.Output
	return a.finish("", openai.End{
		Finish: finishReason(o, a.chat), Note: notes[o.Ended], Tokens: o.Tokens,
		Dsai: openai.Extension{
			Receipt: rec.Digest, Purpose: o.Plan.Evidence.Clearance.Subject.Purpose, Assurance: o.Plan.Engine.Assurance(), Ended: o.Ended,
			NoEffect: append(a.chat.NoEffect, o.NoEffect...), Citations: a.server.cfg.Citations(o),
		},
	})
}

// notes tell people why an answer stops short.
var notes = map[dsai.Ended]string{
	dsai.EndedRevoked:   "The answer stops here: a contributor withdrew consent.",
	dsai.EndedDegraded:  "The answer stops here: the model server broke off.",
	dsai.EndedCancelled: "The answer stops here: it took too long.", // a client that left reads nothing
}

func finishReason(o *pipeline.Output, c *openai.Chat) string {
	switch o.Ended {
	case dsai.EndedRevoked:
		return openai.FinishFiltered
	case dsai.EndedDegraded, dsai.EndedCancelled:
		return openai.FinishLength
	case dsai.EndedStopped:
		if o.Plan.Engine.Model().Class == dsai.EngineInfer || len(c.Stop) == 0 || c.MaxTokens > 0 && o.Tokens.Completion >= c.MaxTokens {
			return openai.FinishLength
		}
	}
	return openai.FinishStop
}

// finish sends the last of an answer, after its receipt is durable.
func (a *chatAnswer) finish(text string, e openai.End) error {
	e.Dsai.Request, e.Receipts = a.id, a.links
	if e.Dsai.NoEffect == nil {
		e.Dsai.NoEffect = a.chat.NoEffect
	}
	events := a.out.Piece(text)
	if a.chat.Stream {
		_ = a.send(append(events, a.out.Stop(e)...)) // a client that is gone has a receipt waiting
		return nil
	}
	if !e.Dsai.Receipt.IsZero() {
		a.w.Header().Set(headerReceipt, e.Dsai.Receipt.String())
	}
	_ = http.NewResponseController(a.w).SetWriteDeadline(time.Now().Add(a.server.cfg.WriteTimeout))
	return writeJSON(a.w, http.StatusOK, a.out.Whole(e))
}

// refused answers with what the requester may know of a refusal. That nothing
// answers a question is an answer, in words; everything else is an error object.
func (a *chatAnswer) refused(rec *pipeline.Receipt, no *dsai.Refusal) error {
	missing := no.Detail.Missing
	if !a.requester.Entitled {
		no, missing = no.Public(), nil
	}
	var receipt dsai.Digest
	if rec != nil {
		receipt = rec.Digest
	}
	status := refusalStatus(no.Code)
	if status == http.StatusOK {
		return a.finish(sentence(no, missing), openai.End{
			Finish: openai.FinishStop,
			Dsai: openai.Extension{Receipt: receipt,
				Refusal: &openai.Refusal{Code: no.Code, Reason: no.Reason, Rule: no.Rule, Missing: missing}},
		})
	}
	e := openai.NewError(openai.TypeRefused, string(no.Code), "", no.Reason)
	if status == http.StatusBadRequest {
		e.Type = openai.TypeInvalid
	}
	if a.streaming {
		_ = a.send(a.out.Fail(e))
		return nil
	}
	if !receipt.IsZero() {
		a.w.Header().Set(headerReceipt, receipt.String())
	}
	return writeJSON(a.w, status, openai.ErrorBody(e, a.id, receipt))
}

// sentence is a refusal as a chat client shows it.
func sentence(no *dsai.Refusal, missing []string) string {
	text := "No answer: " + no.Reason + "."
	for i, m := range missing {
		if i == 0 {
			text += " Not found:"
		} else {
			text += ","
		}
		text += " " + m
	}
	return text
}

// models is GET /v1/models.
func (s *Server) models(w http.ResponseWriter, r *http.Request, _ *caller) error {
	all, err := s.offered(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, openai.ModelList(all))
}

// model is GET /v1/models/{id}.
func (s *Server) model(w http.ResponseWriter, r *http.Request, _ *caller) error {
	m, err := s.find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, openai.ModelBody(*m))
}

// notBuilt answers for endpoints that OpenAI has and this node does not, by name.
func (s *Server) notBuilt(_ http.ResponseWriter, r *http.Request, _ *caller) error {
	return fmt.Errorf("%w: %s %.80q; /dsai/v1/openapi.json lists what there is", errNotBuilt, r.Method, r.URL.Path)
}
