// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Bounds on a request, beside the server's limit on its bytes.
const (
	maxDepth    = 16    // nesting of JSON
	maxKeys     = 10000 // object members in all
	maxMessages = 2048
	maxStops    = 4
	maxStop     = 1024 // bytes of texts that stop an answer, all together
	// MaxQuestion is the longest question, in bytes.
	MaxQuestion = 16 << 10
)

type object = map[string]json.RawMessage

// field reads one request field into a Chat. Name is for errors.
type field func(c *Chat, name string, raw json.RawMessage) error

// fields holds every field of the endpoint that has a meaning here. JSON null
// is the same as an absent field and never reaches a reader.
var fields = map[string]field{
	"model":                 func(c *Chat, n string, r json.RawMessage) error { return value(n, r, &c.Model) },
	"messages":              messages,
	"stream":                func(c *Chat, n string, r json.RawMessage) error { return value(n, r, &c.Stream) },
	"stream_options":        streamOptions,
	"temperature":           ranged(func(c *Chat) **float64 { return &c.Temperature }, 0, 2),
	"top_p":                 ranged(func(c *Chat) **float64 { return &c.TopP }, 0, 1),
	"min_p":                 ranged(func(c *Chat) **float64 { return &c.MinP }, 0, 1), // beyond OpenAI's own
	"top_k":                 topK,                                                     // likewise
	"frequency_penalty":     penalty(func(c *Chat) **float64 { return &c.Frequency }),
	"presence_penalty":      penalty(func(c *Chat) **float64 { return &c.Presence }),
	"logprobs":              func(c *Chat, n string, r json.RawMessage) error { return value(n, r, &c.Logprobs) },
	"top_logprobs":          topLogprobs,
	"seed":                  func(c *Chat, n string, r json.RawMessage) error { return value(n, r, &c.Seed) },
	"stop":                  stop,
	"max_tokens":            maxTokens,
	"max_completion_tokens": maxTokens,
	"metadata":              metadata,

	// Accepted at the value that asks for nothing.
	"n":                   neutral("1"),
	"logit_bias":          neutral("{}"),
	"tools":               neutral("[]"),
	"tool_choice":         neutral(`"none"`, `"auto"`),
	"functions":           neutral("[]"),
	"function_call":       neutral(`"none"`, `"auto"`),
	"parallel_tool_calls": neutral("true", "false"),
	"response_format":     neutral(`{"type":"text"}`),
	"modalities":          neutral(`["text"]`),
	"store":               neutral("false"),
	"service_tier":        neutral(`"auto"`, `"default"`),
	"verbosity":           neutral(`"medium"`),
	"reasoning_effort":    neutral(`"none"`),

	// Names of the client's own user. They reach nobody.
	"user":              text,
	"safety_identifier": text,
	"prompt_cache_key":  text,
}

// DecodeChat reads the body of POST /v1/chat/completions. It returns an *Error
// that names the offending field. Keys are compared by exact case, and an object
// with two keys that differ in case only is refused: decoders disagree on which
// of them counts.
func DecodeChat(body []byte) (*Chat, error) {
	if err := scan(body); err != nil {
		return nil, NewError(TypeInvalid, CodeBadJSON, "", "The body is not acceptable JSON: "+err.Error()+".")
	}
	var top object
	if err := json.Unmarshal(body, &top); err != nil || top == nil {
		return nil, NewError(TypeInvalid, CodeBadJSON, "", "The body must be a JSON object.")
	}
	c := &Chat{NoEffect: []string{}}
	for _, name := range slices.Sorted(maps.Keys(top)) {
		read, ok := fields[name]
		if !ok {
			return nil, unknown(name)
		}
		if isNull(top[name]) {
			continue
		}
		if err := read(c, name, top[name]); err != nil {
			return nil, err
		}
	}
	if c.TopLogprobs > 0 && !c.Logprobs {
		return nil, bad("top_logprobs", "needs logprobs to be true")
	}
	if c.Question == "" {
		return nil, bad("messages", "must hold a user message with text")
	}
	c.Task = taskOf(c.Question)
	return c, nil
}

// scan refuses what decoders read differently or slowly: trailing data, deep
// nesting, very many keys, and keys that are equal but for case.
func scan(body []byte) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	total := 0
	if err := scanValue(d, 0, &total); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errors.New("it ends early")
		}
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the value")
	}
	return nil
}

func scanValue(d *json.Decoder, depth int, total *int) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth == maxDepth {
		return fmt.Errorf("it is nested over %d deep", maxDepth)
	}
	seen := make(map[string]bool)
	for d.More() {
		if open == '{' {
			k, err := d.Token()
			if err != nil {
				return err
			}
			key := strings.ToLower(k.(string))
			if seen[key] {
				return fmt.Errorf("the key %.60q occurs twice", k)
			}
			seen[key] = true
			if *total++; *total > maxKeys {
				return fmt.Errorf("it has over %d keys", maxKeys)
			}
		}
		if err := scanValue(d, depth+1, total); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

func isNull(r json.RawMessage) bool { return string(r) == "null" }

func unknown(name string) *Error {
	return NewError(TypeInvalid, CodeUnknown, printable(name), fmt.Sprintf("Unrecognized request argument supplied: %.80q.", name))
}

func printable(name string) string {
	q := strconv.QuoteToASCII(name[:min(len(name), 80)])
	return q[1 : len(q)-1]
}

func bad(param, problem string) *Error {
	return NewError(TypeInvalid, CodeBadValue, param, param+" "+problem+".")
}

func unsupported(param, what string) *Error {
	return NewError(TypeInvalid, CodeNotBuilt, param, param+" "+what+" is not supported by this node.")
}

func value[T any](name string, raw json.RawMessage, to *T) error {
	if err := json.Unmarshal(raw, to); err != nil {
		return bad(name, fmt.Sprintf("must be of type %T", *to))
	}
	return nil
}

func text(_ *Chat, name string, raw json.RawMessage) error {
	var s string
	return value(name, raw, &s)
}

// neutral accepts a field at values that change nothing and refuses it at any
// other, by name.
func neutral(accepted ...string) field {
	return func(_ *Chat, name string, raw json.RawMessage) error {
		var b bytes.Buffer
		if err := json.Compact(&b, raw); err == nil && slices.Contains(accepted, b.String()) {
			return nil
		}
		return unsupported(name, "other than "+accepted[0])
	}
}

func ranged(at func(*Chat) **float64, least, most float64) field {
	return func(c *Chat, name string, raw json.RawMessage) error {
		var f float64
		if err := json.Unmarshal(raw, &f); err != nil || f < least || f > most {
			return bad(name, fmt.Sprintf("must be a number from %g to %g", least, most))
		}
		*at(c) = &f
		return nil
	}
}

// penalty leaves one of 0 out, which is none.
func penalty(at func(*Chat) **float64) field {
	read := ranged(at, -2, 2)
	return func(c *Chat, name string, raw json.RawMessage) error {
		err := read(c, name, raw)
		if p := at(c); err == nil && **p == 0 {
			*p = nil
		}
		return err
	}
}

func topK(c *Chat, name string, raw json.RawMessage) error {
	var n int
	if err := json.Unmarshal(raw, &n); err != nil || n < 0 || n > 1<<20 {
		return bad(name, "must be an integer from 0 to 1048576")
	}
	c.TopK = &n
	return nil
}

func topLogprobs(c *Chat, name string, raw json.RawMessage) error {
	if err := json.Unmarshal(raw, &c.TopLogprobs); err != nil || c.TopLogprobs < 0 || c.TopLogprobs > 20 {
		return bad(name, "must be an integer from 0 to 20")
	}
	return nil
}

func stop(c *Chat, name string, raw json.RawMessage) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		c.Stop = []string{one}
	} else if json.Unmarshal(raw, &c.Stop) != nil {
		return bad(name, "must be a string or an array of strings")
	}
	if len(c.Stop) > maxStops || slices.Contains(c.Stop, "") || len(strings.Join(c.Stop, "")) > maxStop {
		return bad(name, fmt.Sprintf("must hold at most %d strings, none empty, of at most %d bytes in all", maxStops, maxStop))
	}
	return nil
}

func maxTokens(c *Chat, name string, raw json.RawMessage) error {
	var n int
	if err := json.Unmarshal(raw, &n); err != nil || n < 1 || n > 1<<20 {
		return bad(name, "must be an integer from 1 to 1048576")
	}
	if c.MaxTokens != 0 && c.MaxTokens != n {
		return bad(name, "contradicts max_completion_tokens")
	}
	c.MaxTokens = n
	return nil
}

func streamOptions(c *Chat, name string, raw json.RawMessage) error {
	var o object
	if err := value(name, raw, &o); err != nil {
		return err
	}
	for _, k := range slices.Sorted(maps.Keys(o)) {
		if isNull(o[k]) {
			continue
		}
		param := name + "." + k
		switch k {
		case "include_usage":
			if err := value(param, o[k], &c.Usage); err != nil {
				return err
			}
		case "include_obfuscation":
			if string(o[k]) != "false" {
				c.NoEffect = append(c.NoEffect, param)
			}
		default:
			return unknown(param)
		}
	}
	return nil
}

func metadata(c *Chat, name string, raw json.RawMessage) error {
	var m map[string]string
	if err := json.Unmarshal(raw, &m); err != nil {
		return bad(name, "must be an object of strings")
	}
	c.Purpose = m["dsai.purpose"]
	return nil
}

// messages finds the question. Earlier turns are checked for form and have no
// effect: an answer rests on passages, not on what was said before.
func messages(c *Chat, name string, raw json.RawMessage) error {
	var list []object
	if err := json.Unmarshal(raw, &list); err != nil || len(list) == 0 || len(list) > maxMessages {
		return bad(name, fmt.Sprintf("must be an array of 1 to %d messages", maxMessages))
	}
	last := -1
	for i, m := range list {
		param := fmt.Sprintf("%s[%d]", name, i)
		var role string
		if err := json.Unmarshal(m["role"], &role); err != nil {
			return bad(param+".role", "must be a string")
		}
		switch role {
		case "user":
			last = i
		case "system", "developer", "assistant", "tool", "function":
		default:
			return bad(param+".role", "must be system, developer, user, assistant, tool or function")
		}
	}
	if last < 0 {
		return bad(name, "must hold a user message")
	}
	question, err := content(fmt.Sprintf("%s[%d].content", name, last), list[last]["content"])
	if err != nil {
		return err
	}
	if len(list) > 1 {
		c.NoEffect = append(c.NoEffect, "messages other than the last user message")
	}
	c.Question = strings.TrimSpace(question)
	return nil
}

// content reads a message's text: a string, or parts of which all are text.
func content(param string, raw json.RawMessage) (string, error) {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s, question(param, s)
	}
	var parts []object
	if err := json.Unmarshal(raw, &parts); err != nil {
		return "", bad(param, "must be a string or an array of text parts")
	}
	for i, p := range parts {
		at := fmt.Sprintf("%s[%d]", param, i)
		var typ, text string
		if json.Unmarshal(p["type"], &typ) != nil || typ != "text" {
			return "", unsupported(at, "of a type other than text")
		}
		if err := value(at+".text", p["text"], &text); err != nil {
			return "", err
		}
		s += text
	}
	return s, question(param, s)
}

func question(param, s string) error {
	switch {
	case strings.TrimSpace(s) == "":
		return bad(param, "must not be empty")
	case len(s) > MaxQuestion && taskOf(s) == "":
		return bad(param, fmt.Sprintf("must be at most %d bytes", MaxQuestion))
	}
	return nil
}
