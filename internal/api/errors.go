// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/api/openai"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/view"
)

// Errors of this package's own, beside those of its interfaces.
var (
	errHost      = errors.New("the Host header does not name this node")
	errScope     = errors.New("this key may not see that")
	errModel     = errors.New("no such model")
	errNotBuilt  = errors.New("no such endpoint")
	errUpstream  = errors.New("the model server gave no answer")
	errInternal  = errors.New("internal error")
	errTooLarge  = errors.New("the request body is too large")
	errPurposes  = errors.New("header Dsai-Purpose and metadata dsai.purpose differ")
	errParameter = errors.New("a query parameter is not valid")
)

// tooMany is a spent budget. It is never a refusal: the same request may
// succeed later, so clients may retry it.
type tooMany struct {
	what  string
	after int // seconds
}

func (e *tooMany) Error() string {
	return fmt.Sprintf("too many %s, retry after %d s", e.what, e.after)
}

// outcomes maps errors to what outsiders see. The first that matches counts; an
// error that matches none is internal, and its text stays in the log.
var outcomes = []struct {
	err     error
	status  int
	typ     string
	code    string
	message string // "" = the error's own text
}{
	{view.ErrUnauthorized, 401, openai.TypeInvalid, openai.CodeBadKey, "Give a valid API key in the header Authorization: Bearer."},
	{errScope, 403, openai.TypeRefused, "insufficient_scope", "This key may not see that."},
	{errHost, 421, openai.TypeInvalid, "unknown_host", "The Host header does not name this node. Its operator can add the name."},
	{errModel, 404, openai.TypeInvalid, openai.CodeNoModel, ""},
	{pipeline.ErrNoModel, 404, openai.TypeInvalid, openai.CodeNoModel, "The model was removed. GET /v1/models lists those there are."},
	{errNotBuilt, 404, openai.TypeInvalid, openai.CodeNoEndpoint, ""},
	{view.ErrNotFound, 404, openai.TypeInvalid, "not_found", "There is no such thing, or this key may not see it."},
	{errPurposes, 400, openai.TypeInvalid, openai.CodeBadValue, ""},
	{errParameter, 400, openai.TypeInvalid, openai.CodeBadValue, ""},
	{view.ErrOutdated, 400, openai.TypeInvalid, view.ErrOutdated.Error(), ""}, // it is ErrInvalid, too
	{view.ErrInvalid, 400, openai.TypeInvalid, "invalid_credential", ""},
	{view.ErrConflict, 409, openai.TypeInvalid, "conflict", ""},
	{errTooLarge, 413, openai.TypeInvalid, "request_too_large", ""},
	{pipeline.ErrMemory, 400, openai.TypeInvalid, "insufficient_memory",
		"The model, or this request to it, needs more memory than the node may use. Ask for fewer tokens, or for another model."},
	{pipeline.ErrRequest, 400, openai.TypeInvalid, openai.CodeBadValue, "The model cannot run this request: one of its fields asks for what the model does not do."},
	{errUpstream, 502, openai.TypeServer, "upstream_unavailable", ""},
	{context.DeadlineExceeded, 503, openai.TypeServer, "timeout", "The answer took too long."},
}

// refusals maps refusal codes to status. A refusal that is not here is 403.
// None may be 408, 409, 429 or 5xx: the official SDKs retry those, and a refusal
// does not change by asking again.
var refusals = map[dsai.Code]int{
	dsai.CodeNoEvidence:     http.StatusOK,
	dsai.CodeNoGrant:        http.StatusOK, // as no_evidence; see Refusal.Public
	dsai.CodePurposeMissing: http.StatusBadRequest,
	dsai.CodePurposeUnknown: http.StatusBadRequest,
}

func refusalStatus(c dsai.Code) int {
	if status, ok := refusals[c]; ok {
		return status
	}
	return http.StatusForbidden
}

// describe returns what the client is told of an error, and how long to wait.
func describe(err error) (status int, e *openai.Error, retry int) {
	if own, ok := errors.AsType[*openai.Error](err); ok {
		return http.StatusBadRequest, own, 0
	}
	if t, ok := errors.AsType[*tooMany](err); ok {
		return http.StatusTooManyRequests, openai.NewError(openai.TypeRateLimit, "rate_limit_exceeded", "", t.Error()), t.after
	}
	if b, ok := errors.AsType[*pipeline.BusyError](err); ok {
		return http.StatusTooManyRequests, openai.NewError(openai.TypeRateLimit, "rate_limit_exceeded", "", "The model is busy. Try again."), max(1, int(b.RetryAfter.Seconds()))
	}
	for _, o := range outcomes {
		if !errors.Is(err, o.err) {
			continue
		}
		if o.status == http.StatusServiceUnavailable {
			retry = 1
		}
		message := o.message
		if message == "" {
			message = err.Error()
		}
		return o.status, openai.NewError(o.typ, o.code, "", message), retry
	}
	return http.StatusInternalServerError, openai.NewError(openai.TypeServer, "internal_error", "", "Something went wrong. The operator's log has the request id."), 0
}

// fail answers with an error, once, and logs what only the operator may see.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, e, retry := describe(err)
	if status >= 500 && r.Context().Err() == nil {
		s.cfg.Logger.LogAttrs(r.Context(), slog.LevelError, "request failed",
			slog.String("request", w.Header().Get(headerRequest)), slog.Any("cause", err))
	}
	if retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(retry))
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="dsai"`)
	}
	_ = writeJSON(w, status, openai.ErrorBody(e, requestID(w.Header()), dsai.Digest{}))
}

// writeJSON sends a body that is JSON already. A client that went away is nobody
// to tell, so there is no error.
func writeJSON(w http.ResponseWriter, status int, body []byte) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
	return nil
}
