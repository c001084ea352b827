// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/verify"
)

func newReceiptCommand(a *app) *cobra.Command {
	show := &cobra.Command{
		Use: "show [REF]", Short: "a receipt's own text, as the node signed it", Args: args(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, in []string) error { return a.receiptShow(c.Context(), ref(in)) },
	}
	save := &cobra.Command{
		Use: "save REF FILE", Short: "write the bundle that anybody can verify", Args: args(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, in []string) error { return a.receiptSave(c.Context(), in[0], in[1]) },
	}
	var names []string
	redact := &cobra.Command{
		Use: "redact REF|FILE OUT", Short: "write a bundle without the texts, which verifies all the same", Args: args(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, in []string) error { return a.receiptRedact(c.Context(), in[0], in[1], names) },
	}
	redact.Flags().StringSliceVar(&names, "only", nil, "texts to leave out: "+strings.Join(verify.Redactions, ", ")+" (default: all)")
	return a.group(&cobra.Command{Use: "receipt", Short: "one receipt: show, save, redact"}, show, save, redact)
}

// ref is the reference that was typed, "last" when none was.
func ref(in []string) string {
	if len(in) == 0 {
		return "last"
	}
	return in[0]
}

func (a *app) bundle(ctx context.Context, ref string) (raw json.RawMessage, err error) {
	return raw, a.call(ctx, "bundle", node.BundleArgs{Ref: ref}, nil, &raw)
}

func (a *app) receiptShow(ctx context.Context, ref string) error {
	raw, err := a.bundle(ctx, ref)
	if err != nil {
		return err
	}
	var b dsai.Bundle
	if err := json.Unmarshal(raw, &b); err != nil {
		return err
	}
	return a.document(b.Receipt) // JSON is a receipt's only form
}

func (a *app) receiptSave(ctx context.Context, ref, path string) error {
	raw, err := a.bundle(ctx, ref)
	if err != nil {
		return err
	}
	return a.writeBundle(raw, path, "Whoever has it can read question, answer and quoted passages; dsai receipt redact leaves them out.")
}

func (a *app) receiptRedact(ctx context.Context, from, path string, names []string) error {
	raw, err := readFileOr(from, func() ([]byte, error) { return a.bundle(ctx, from) })
	if err != nil {
		return err
	}
	out, err := verify.Redact(raw, names...)
	if err != nil {
		return usage(err.Error(), "")
	}
	what := "all texts"
	if len(names) > 0 {
		what = strings.Join(names, ", ")
	}
	return a.writeBundle(out, path, "Left out: "+what+". What is left still verifies.")
}

func (a *app) writeBundle(raw []byte, path, note string) error {
	if err := durable.CreateFile(path, append(raw, '\n'), 0o600); err != nil {
		return usage(fmt.Sprintf("save bundle: %v", err), fileHint(err))
	}
	if a.json {
		return a.document(map[string]any{"path": path, "bytes": len(raw) + 1})
	}
	a.say("Saved %s, %s. %s\n", path, size(int64(len(raw)+1)), note)
	a.next("dsai verify %s", quoteFile(path))
	return nil
}

// fileOrRef says what a verb that reads either wants.
const fileOrRef = "name a file, or a receipt of the own home: last, or r- and the start of its digest"

// readFileOr reads the file that s names, or else what s refers to.
func readFileOr(s string, other func() ([]byte, error)) ([]byte, error) {
	if _, err := os.Stat(s); err == nil {
		return readFile(s)
	}
	if strings.ContainsAny(s, "/\\.") {
		return nil, usage(fmt.Sprintf("no file %s", s), fileOrRef)
	}
	return other()
}
