// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gowebpki/jcs"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/pipeline"
)

// Why an answer stops before the server says so.
var (
	errIdle  = errors.New("the server fell silent")
	errTotal = errors.New("the answer took too long")
	errFull  = errors.New("the answer is too long")
	errGone  = errors.New("the client went away")
)

// parameters are the sampling fields as sent: their canonical JSON is what the
// receipt carries.
type parameters struct {
	MaxTokens   int      `json:"max_tokens"`
	Seed        *int64   `json:"seed,omitempty"`
	Stop        []string `json:"stop,omitempty"`
	Temperature *float64 `json:"temperature,omitempty"`
	TopP        *float64 `json:"top_p,omitempty"`
}

// forwarded are the fields that servers are sent, as all of them know these.
var forwarded = []string{"max_tokens", "seed", "stop", "temperature", "top_p"}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type chatRequest struct {
	Model    string    `json:"model"`
	Messages []message `json:"messages"`
	Stream   bool      `json:"stream"`
	Options  struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	parameters
}

// Answer implements pipeline.Engine. Once the passages are on their way to the
// server it returns an Output and no error, because they have been used: a server
// that fails gives an Output that ended "degraded", with the reason in its trace,
// and with empty text when nothing had come yet. A client that goes away gives
// "cancelled". Only a refusal returns no Output.
func (e *Engine) Answer(ctx context.Context, ev *pipeline.Evidence, emit func(pipeline.Piece) error) (*pipeline.Output, error) {
	if len(ev.Passages) == 0 {
		return nil, &dsai.Refusal{Code: dsai.CodeNoEvidence, Reason: "no passage that may be used for this purpose was found"}
	}
	bodies := make([]dsai.PassageBody, len(ev.Passages))
	for i, p := range ev.Passages {
		bodies[i] = p.Body
	}
	r := &run{engine: e, evidence: ev, said: pipeline.NewSentences(ev, emit), marker: e.cfg.Marker(bodies)}
	body, err := r.request(bodies)
	if err != nil {
		return nil, fmt.Errorf("prompt upstream model %s: %w", e.cfg.ID, err)
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	total := time.AfterFunc(e.cfg.Total, func() { cancel(errTotal) })
	defer total.Stop()
	r.idle = time.AfterFunc(e.cfg.Idle, func() { cancel(errIdle) })
	defer r.idle.Stop()

	err = r.exchange(ctx, body)
	if err == nil {
		err = r.marker.Close(r.release)
	}
	return r.output(ctx, err), nil
}

// run is the state of one answer.
type run struct {
	engine   *Engine
	evidence *pipeline.Evidence
	said     *pipeline.Sentences
	marker   pipeline.Marker
	idle     *time.Timer

	sent     parameters
	received int // bytes of answer text from the server

	// What the server said of itself.
	model, fingerprint, finish string
	usage                      *usage
}

func (r *run) request(bodies []dsai.PassageBody) ([]byte, error) {
	ask := r.evidence.Clearance.Request
	s := ask.Sampling
	r.sent = parameters{MaxTokens: or(s.MaxTokens, r.engine.cfg.MaxTokens), Seed: s.Seed, Stop: s.Stop, Temperature: s.Temperature, TopP: s.TopP}
	system, user := r.engine.cfg.Prompt(string(ask.Question), bodies)
	q := chatRequest{
		Model:      r.engine.cfg.Model,
		Messages:   []message{{"system", system}, {"user", user}},
		Stream:     true,
		parameters: r.sent,
	}
	q.Options.IncludeUsage = true
	return json.Marshal(q)
}

// exchange sends the request and feeds the marker until the server is done.
func (r *run) exchange(ctx context.Context, body []byte) error {
	resp, err := r.engine.send(ctx, http.MethodPost, "/chat/completions", body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if mt := resp.Header.Get("Content-Type"); strings.HasPrefix(mt, "application/json") {
		return r.whole(resp.Body) // a server that does not stream
	}
	s := newStream(resp.Body, func() { r.idle.Reset(r.engine.cfg.Idle) })
	for {
		data, err := s.next()
		switch {
		case err == io.EOF && r.finish != "":
			return nil // some servers leave out [DONE]
		case err == io.EOF:
			return fmt.Errorf("%w: the stream ended without an end", ErrServer)
		case err != nil:
			return err
		case string(data) == "[DONE]":
			return nil
		}
		if err := r.chunk(data); err != nil {
			return err
		}
	}
}

// chunk takes one chat.completion.chunk.
func (r *run) chunk(data []byte) error {
	var c completion
	if err := json.Unmarshal(data, &c); err != nil {
		return fmt.Errorf("%w: a chunk is not the JSON expected", ErrServer)
	}
	text, err := r.note(&c)
	if err != nil || text == "" {
		return err
	}
	if r.received += len(text); r.received > r.engine.cfg.MaxAnswer {
		return errFull
	}
	return r.marker.Write(text, r.release)
}

func (r *run) whole(body io.Reader) error {
	var c completion
	if err := decodeCapped(body, 4*int64(r.engine.cfg.MaxAnswer), &c); err != nil {
		return err
	}
	text, err := r.note(&c)
	if err != nil {
		return err
	}
	if len(text) > r.engine.cfg.MaxAnswer {
		return errFull
	}
	return r.marker.Write(text, r.release)
}

// note keeps what a completion or chunk says of itself and returns its text.
func (r *run) note(c *completion) (string, error) {
	if len(c.Error) > 0 && string(c.Error) != "null" {
		return "", fmt.Errorf("%w: it reports an error", ErrServer)
	}
	r.model, r.fingerprint = or(c.Model, r.model), or(c.Fingerprint, r.fingerprint)
	if c.Usage != nil {
		r.usage = c.Usage
	}
	if len(c.Choices) == 0 {
		return "", nil
	}
	first := c.Choices[0]
	r.finish = or(first.Finish, r.finish)
	return first.Delta.Content + first.Message.Content, nil
}

// release hands one sentence on.
func (r *run) release(text string, quotes []dsai.Quote) error {
	if err := r.said.Release(text, quotes); err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	return nil
}

// output says how it ended.
func (r *run) output(ctx context.Context, err error) *pipeline.Output {
	if cause := context.Cause(ctx); cause != nil && err != nil && !errors.Is(err, errGone) {
		err = cause
	}
	out := &pipeline.Output{Text: pipeline.Text(r.said.Text()), Quotes: r.said.Quotes, Tokens: r.tokens(), Ended: dsai.EndedComplete}
	reason := ""
	switch {
	case err == nil && r.finish == "length":
		out.Ended = dsai.EndedStopped
	case err == nil && r.finish != "stop" && r.finish != "":
		out.Ended, reason = dsai.EndedDegraded, "the server ended the answer its own way"
	case err == nil:
	case errors.Is(err, errFull):
		out.Ended, reason = dsai.EndedStopped, errFull.Error()
	case errors.Is(err, errIdle), errors.Is(err, errTotal), errors.Is(err, ErrServer):
		out.Ended, reason = dsai.EndedDegraded, err.Error()
	default:
		out.Ended, reason = dsai.EndedCancelled, errGone.Error()
	}
	if out.Ended == dsai.EndedDegraded {
		r.engine.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "upstream answer degraded", slog.String("model", r.engine.cfg.ID),
			slog.String("request", r.evidence.Clearance.Request.ID.String()), slog.String("reason", reason))
	}
	if r.sent.Seed != nil {
		out.Seed = strconv.FormatInt(*r.sent.Seed, 10)
	}
	out.Sampling = canonical(r.sent)
	for _, name := range r.evidence.Clearance.Request.Sampling.Set() {
		if !slices.Contains(forwarded, name) {
			out.NoEffect = append(out.NoEffect, name)
		}
	}
	out.Trace = []byte(canonical(trace{
		Engine: Version, Finish: clean(r.finish), Fingerprint: clean(r.fingerprint), Model: clean(r.model), Reason: clean(reason)}))
	return out
}

// trace is what is known of an answer that cannot be replayed.
type trace struct {
	Engine      string `json:"engine"`
	Finish      string `json:"finish"`
	Fingerprint string `json:"fingerprint"`
	Model       string `json:"model"`
	Reason      string `json:"reason"`
}

// canonical returns the form that RFC 8785 gives to a struct.
func canonical(v any) string {
	b, err := json.Marshal(v)
	if err == nil {
		b, err = jcs.Transform(b)
	}
	if err != nil {
		panic("upstream: encode a struct of strings and finite numbers: " + err.Error())
	}
	return string(b)
}

// clean keeps the printable ASCII of a string that a server chose.
func clean(s string) string {
	s = s[:min(len(s), 200)]
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// tokens are the server's own count, or words when it gives none.
func (r *run) tokens() dsai.Tokens {
	if u := r.usage; u != nil && u.Prompt >= 0 && u.Completion >= 0 {
		return dsai.Tokens{Prompt: u.Prompt, Completion: u.Completion, Unit: "token"}
	}
	prompt := len(strings.Fields(string(r.evidence.Clearance.Request.Question)))
	for _, p := range r.evidence.Passages {
		prompt += len(strings.Fields(p.Body.Text))
	}
	return dsai.Tokens{Prompt: prompt, Completion: len(strings.Fields(r.said.Text())), Unit: "word"}
}
