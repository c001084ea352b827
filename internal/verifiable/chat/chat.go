// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package chat puts a question to a language model in the form that its file asks for: the chat
// template, rendered once, with a place for what the system and the user say.
//
// The template never sees those words, so they cannot steer it, and they become tokens as data: what
// spells a control token in them stays text. The same file gives the same form on every machine, which
// is why a replay may make it again. Engines and replays import it.
package chat

import (
	"errors"
	"fmt"
	"strings"

	"dsai.example/dsai/internal/verifiable/jinja"
	"dsai.example/dsai/internal/verifiable/token"
)

// ErrTemplate reports a chat template that cannot be used.
var ErrTemplate = errors.New("chat template cannot be used")

// What stands in a template's output for the words of the system and of the user: one character each,
// of those that no text uses, so that nothing a template does to a text can take it apart.
const (
	systemPlace = "\U0010FF01"
	userPlace   = "\U0010FF02"
)

// plain is the form for models whose file has no template: base models, which go on with a text.
const plain = systemPlace + "\n\n" + userPlace + "\n\nAnswer:"

// Format is the form of one model. It is immutable and safe for concurrent use.
type Format struct {
	// Template says that the file has one; else the plain form is used.
	Template bool
	// Merged says that the template has no place for a system message of its own.
	Merged bool

	text string // with one place for the system's words and one for the user's
}

// For returns the form that a model's file asks for by its chat template, "" for none.
func For(template string, v *token.Vocabulary) (*Format, error) {
	if template == "" {
		return &Format{Merged: true, text: plain}, nil
	}
	return New(template, v.Text(v.Begin), v.Text(v.End))
}

// New returns the form that a template makes. begin and end are how the model writes its first and
// last token.
func New(template, begin, end string) (*Format, error) {
	if strings.Contains(template, systemPlace) || strings.Contains(template, userPlace) || strings.Contains(template, jinja.NoDate) {
		return nil, fmt.Errorf("%w: it uses characters that are kept for others", ErrTemplate)
	}
	t, err := jinja.Parse(template)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	text, err := render(t, begin, end, said("system", systemPlace), said("user", userPlace))
	if err == nil {
		err = whole(text)
	}
	if err == nil {
		return &Format{Template: true, text: text}, nil
	}
	// Some templates refuse a system message, or drop it: then the user says it.
	merged, again := render(t, begin, end, said("user", systemPlace+"\n\n"+userPlace))
	if again == nil {
		again = whole(merged)
	}
	if again != nil {
		return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	return &Format{Template: true, Merged: true, text: merged}, nil
}

func said(role, content string) any { return map[string]any{"role": role, "content": content} }

func render(t *jinja.Template, begin, end string, messages ...any) (string, error) {
	return t.Render(map[string]any{
		"messages": messages, "add_generation_prompt": true, "bos_token": begin, "eos_token": end,
		// What these make a model say is no answer.
		"tools": nil, "documents": nil, "enable_thinking": false,
	})
}

// whole reports a text that does not hold both places exactly once, or asks for the date.
func whole(text string) error {
	switch {
	case strings.Count(text, systemPlace) != 1 || strings.Count(text, userPlace) != 1:
		return errors.New("it does not write what system and user say, once each and as it is")
	case strings.Contains(text, jinja.NoDate):
		return errors.New("it writes today's date, which an answer that can be made again must not depend on")
	}
	return nil
}

// Tokens returns the tokens of a question, with the model's first token before them. White space around
// what is said goes, as in most templates.
func (f *Format) Tokens(v *token.Vocabulary, system, user string) []token.ID {
	ids := v.EncodeSegments(f.segments(strings.TrimSpace(system), strings.TrimSpace(user)))
	if v.AddBegin && (len(ids) == 0 || ids[0] != v.Begin) {
		ids = append([]token.ID{v.Begin}, ids...)
	}
	return ids
}

func (f *Format) segments(system, user string) (out []token.Segment) {
	rest := f.text
	for rest != "" {
		at := strings.IndexAny(rest, systemPlace+userPlace)
		if at < 0 {
			return append(out, token.Segment{Text: rest})
		}
		out = append(out, token.Segment{Text: rest[:at]})
		said := system
		if strings.HasPrefix(rest[at:], userPlace) {
			said = user
		}
		out = append(out, token.Segment{Text: said, Data: true})
		rest = rest[at+len(systemPlace):]
	}
	return out
}
