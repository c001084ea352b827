// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/purpose"
	"dsai.example/dsai/internal/view"
)

func newAskCommand(a *app) *cobra.Command {
	var q node.AskArgs
	var save string
	c := &cobra.Command{
		Use: "ask QUESTION", Short: "answer with numbered citations and a receipt", Args: args(cobra.MinimumNArgs(1)),
		Example: "  dsai ask \"How much chlorine for a 1000 litre tank?\"\n  dsai ask --for care --save answer.dsai \"…\"",
		RunE: func(c *cobra.Command, in []string) error {
			q.Question = strings.Join(in, " ")
			return a.ask(c.Context(), q, save)
		},
	}
	askFlags(c, &q, &save)
	c.Flags().StringVar(&q.Model, "model", "", "engine to answer with (see dsai model list)")
	return c
}

func newSearchCommand(a *app) *cobra.Command {
	q := node.AskArgs{Search: true}
	var save string
	c := &cobra.Command{
		Use: "search QUERY", Short: "show ranked passages, through the same gate and receipt", Args: args(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, in []string) error {
			q.Question = strings.Join(in, " ")
			return a.ask(c.Context(), q, save)
		},
	}
	askFlags(c, &q, &save)
	return c
}

func askFlags(c *cobra.Command, q *node.AskArgs, save *string) {
	c.Flags().StringVar(&q.Purpose, "for", "", "purpose of the question (default answers; see dsai purposes)")
	c.Flags().IntVar(&q.Passages, "passages", 0, "most passages to use (default: the node's)")
	c.Flags().StringVar(save, "save", "", "write the bundle that anybody can verify to this file")
}

// asked is what dsai ask --json prints.
type asked struct {
	node.Asked
	Bundle string `json:"bundle"` // path, "" when not saved
}

func (a *app) ask(ctx context.Context, q node.AskArgs, save string) error {
	if strings.TrimSpace(q.Question) == "" {
		return usage("ask: the question is empty", "dsai ask \"a question\"")
	}
	if save != "" {
		if _, err := os.Stat(save); err == nil {
			return usage(fmt.Sprintf("ask: %s exists already", save), "choose another name for --save, or remove it")
		}
		if dir, err := os.Stat(filepath.Dir(save)); err != nil || !dir.IsDir() {
			return usage(fmt.Sprintf("ask: no folder %s to save in", filepath.Dir(save)), "make it first, or choose another name for --save")
		}
	}
	var out asked
	text := answerText{say: a.say}
	show := func(raw json.RawMessage) {
		var piece string
		if !q.Search && json.Unmarshal(raw, &piece) == nil {
			text.add(piece)
		}
	}
	c, done, err := a.connect(ctx)
	if err != nil {
		return err
	}
	calm := a.patience("waiting for the answer")
	err = c.Call(ctx, "ask", q, func(raw json.RawMessage) {
		calm()
		show(raw)
	}, &out.Asked)
	calm()
	if err == nil && save != "" {
		err = saveBundle(ctx, c, out.Receipt, save)
		out.Bundle = save
	}
	if cerr := done(); err == nil {
		err = cerr
	}
	text.end()
	if err != nil {
		return err
	}
	if err := a.showAsked(q, &out); err != nil {
		return err
	}
	return ctx.Err() // it has a receipt all the same
}

// answerText shows an answer as it comes.
type answerText struct {
	say   func(string, ...any)
	shown bool
}

func (t *answerText) add(piece string) {
	t.say("%s", lines(piece))
	t.shown = true
}

func (t *answerText) end() {
	if t.shown {
		t.say("\n")
	}
}

func saveBundle(ctx context.Context, c control.Caller, receipt dsai.Digest, path string, redact ...string) error {
	var raw json.RawMessage
	if err := c.Call(ctx, "bundle", node.BundleArgs{Ref: receipt.String(), Redact: redact}, nil, &raw); err != nil {
		return err
	}
	return durable.CreateFile(path, append(raw, '\n'), 0o600)
}

func (a *app) showAsked(q node.AskArgs, out *asked) error {
	if a.json {
		if err := a.document(out); err != nil {
			return err
		}
	}
	if out.Refusal != nil {
		return a.showRefusal(out)
	}
	if a.json {
		return nil
	}
	if q.Search {
		a.showPassages(out.Citations)
	} else {
		a.say("\n")
		a.showSources(out.Citations)
	}
	switch out.Ended {
	case dsai.EndedComplete:
	case dsai.EndedStopped:
		a.say("This answer stopped at its limit of tokens; the API takes max_tokens.\n")
	default:
		a.say("This answer ended %s.\n", out.Ended)
	}
	if len(out.NoEffect) > 0 {
		a.say("Without effect on this engine: %s\n", strings.Join(out.NoEffect, ", "))
	}
	a.say("\nReceipt %s, %s.%s\n", a.id(out.Short, out.Receipt), out.Assurance, savedAs(out.Bundle))
	if out.Bundle != "" {
		a.next("dsai verify %s", quoteFile(out.Bundle))
		return nil
	}
	a.next("dsai verify, dsai open last#1")
	return nil
}

func place(c view.Citation) string {
	s := c.Title + ", " + c.Owner
	if len(c.Heading) > 0 {
		s += ", “" + c.Heading[len(c.Heading)-1] + "”"
	}
	if c.Page > 0 {
		s += fmt.Sprintf(", page %d", c.Page)
	}
	return s
}

// showSources lists each cited passage once.
func (a *app) showSources(cs []view.Citation) {
	last := 0
	for _, c := range cs {
		if c.N != last {
			a.say("[%d] %s  %s\n", c.N, inert.Line(place(c)), a.id(c.Short, c.Document))
			last = c.N
		}
	}
}

func (a *app) showPassages(cs []view.Citation) {
	for _, c := range cs {
		a.say("[%d] %s  %s\n", c.N, inert.Line(place(c)), a.id(c.Short, c.Document))
		a.say("  %s\n", inert.Line(strings.Join(strings.Fields(c.Quote), " ")))
	}
}

func savedAs(path string) string {
	if path == "" {
		return ""
	}
	return " Saved as " + path + "."
}

// showRefusal ends with exit code 3: a refusal is an outcome with a receipt.
func (a *app) showRefusal(out *asked) error {
	if a.json {
		return shown(control.Refused)
	}
	r := out.Refusal
	a.say("Refused (%s): %s.\n", r.Code, strings.TrimSuffix(inert.Line(r.Reason), "."))
	for _, m := range r.Missing {
		a.say("  missing: %s\n", inert.Line(purpose.Short(m)))
	}
	if r.Code == dsai.CodePolicyDenied && r.Rule != "" {
		a.say("  rule: %s\n", r.Rule)
	}
	a.say("Receipt %s.%s\n", a.id(out.Short, out.Receipt), savedAs(out.Bundle))
	a.next("dsai explain last" + refusalAdvice(r.Code)) // in the format: next mends the commands there
	return shown(control.Refused)
}

// refusalAdvice is what helps beside an explanation. It is a part of a format.
func refusalAdvice(c dsai.Code) string {
	switch c {
	case dsai.CodeNoEvidence:
		return ", or add documents that answer it: dsai add PATH"
	case dsai.CodeNoGrant:
		return ", or ask whoever owns the documents: dsai consent list"
	case dsai.CodePurposeMissing, dsai.CodePurposeUnknown, dsai.CodePurposeNotPromised:
		return ", dsai purposes"
	case dsai.CodePolicyDenied:
		return ", dsai policy show"
	case dsai.CodeClockUntrusted:
		return ", dsai node clock accept"
	}
	return ""
}
