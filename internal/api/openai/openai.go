// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package openai translates between the OpenAI chat completions wire format and
// plain values: DecodeChat reads a request, Writer writes an answer, streamed or
// whole. It is pure: no server, no pipeline, no clock.
//
// It never accepts a field that it would then ignore in silence: a field is
// used, neutral, reported in dsai.no_effect, or refused by name. Answers are
// Markdown to chat clients, so it escapes what would load or link to anything.
// Only api imports it.
package openai

import (
	"encoding/json"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/view"
)

// Chat is a decoded chat completion request.
type Chat struct {
	Model    string // "" = the node's default
	Question string // the last user message
	Purpose  string // metadata["dsai.purpose"]
	Stream   bool
	Usage    bool // stream_options.include_usage

	Temperature *float64
	TopP        *float64
	Seed        *int64
	Stop        []string
	MaxTokens   int
	TopK        *int
	MinP        *float64
	Presence    *float64
	Frequency   *float64
	Logprobs    bool
	TopLogprobs int

	// NoEffect lists request fields that were accepted and change nothing,
	// whatever the engine; the engine adds the sampling fields that it ignores.
	NoEffect []string
	Task     Task // housekeeping of a chat client; "" for a question
}

// Extension is the "dsai" object of an answer.
type Extension struct {
	Request   dsai.Digest     `json:"request"`
	Receipt   dsai.Digest     `json:"receipt,omitzero"`
	Purpose   string          `json:"purpose,omitempty"`
	Assurance dsai.Assurance  `json:"assurance,omitempty"`
	Ended     dsai.Ended      `json:"ended,omitempty"`
	Refusal   *Refusal        `json:"refusal"`
	NoEffect  []string        `json:"no_effect"`
	Citations []view.Citation `json:"citations"`
	Task      Task            `json:"task,omitempty"` // answered from the request alone: no evidence, no receipt
}

// Refusal is what the requester may learn of a refusal.
type Refusal struct {
	Code    dsai.Code `json:"code"`
	Reason  string    `json:"reason"`
	Rule    string    `json:"rule,omitempty"`
	Missing []string  `json:"missing,omitempty"`
}

// Error is the OpenAI error object. It is returned by DecodeChat with status
// 400 in mind.
type Error struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    *string `json:"code"`
}

func (e *Error) Error() string { return e.Message }

// Error types and codes. Codes of refusals are dsai.Code.
const (
	TypeInvalid    = "invalid_request_error"
	TypeRefused    = "permission_error"
	TypeRateLimit  = "rate_limit_error"
	TypeServer     = "server_error"
	CodeUnknown    = "unknown_parameter"
	CodeNotBuilt   = "unsupported_parameter"
	CodeBadValue   = "invalid_value"
	CodeBadJSON    = "invalid_json"
	CodeBadKey     = "invalid_api_key"
	CodeNoModel    = "model_not_found"
	CodeNoEndpoint = "unknown_url"
)

// NewError returns an error object; param "" is null.
func NewError(typ, code, param, message string) *Error {
	e := &Error{Message: message, Type: typ, Code: &code}
	if param != "" {
		e.Param = &param
	}
	return e
}

// ErrorBody returns the body of an error response. The ids let a client match
// a refusal with its receipt; zero ids are left out.
func ErrorBody(e *Error, request, receipt dsai.Digest) []byte {
	type ids struct {
		Request dsai.Digest `json:"request"`
		Receipt dsai.Digest `json:"receipt,omitzero"`
	}
	body := struct {
		Error *Error `json:"error"`
		Dsai  *ids   `json:"dsai,omitempty"`
	}{Error: e}
	if !request.IsZero() {
		body.Dsai = &ids{request, receipt}
	}
	return mustJSON(body)
}

// ModelList returns the body of GET /v1/models.
func ModelList(models []view.Model) []byte {
	list := struct {
		Object string  `json:"object"`
		Data   []model `json:"data"`
	}{"list", []model{}}
	for _, m := range models {
		list.Data = append(list.Data, newModel(m))
	}
	return mustJSON(list)
}

// ModelBody returns the body of GET /v1/models/{id}.
func ModelBody(m view.Model) []byte { return mustJSON(newModel(m)) }

type model struct {
	ID      string    `json:"id"`
	Object  string    `json:"object"`
	Created int64     `json:"created"`
	OwnedBy string    `json:"owned_by"`
	Dsai    modelDsai `json:"dsai"`
}

type modelDsai struct {
	Class     dsai.EngineClass `json:"class"`
	Assurance dsai.Assurance   `json:"assurance"`
	Loopback  bool             `json:"loopback"`
	Default   bool             `json:"default"`
	// Of models that the node runs from a file: what receipts name, and what the
	// file says of itself.
	Fingerprint  *dsai.Digest `json:"fingerprint,omitempty"`
	Profile      string       `json:"profile,omitempty"`
	Architecture string       `json:"architecture,omitempty"`
	License      string       `json:"license,omitempty"`
	Context      int          `json:"context,omitempty"`
}

func newModel(m view.Model) model {
	d := modelDsai{Class: m.Class, Assurance: m.Assurance, Loopback: m.Loopback, Default: m.Default}
	if f := m.File; f != nil {
		d.Fingerprint, d.Profile, d.Architecture, d.License, d.Context = &m.Fingerprint, m.Profile, f.Architecture, f.License, f.Context
	}
	return model{m.ID, "model", int64(m.Added), "dsai", d}
}

// mustJSON encodes values of this package, which always can be.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("openai: encode own value: " + err.Error())
	}
	return b
}
