// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/spf13/cobra"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/verify"
)

// verifyFlags are the flags of dsai verify.
type verifyFlags struct {
	trust, revocations, model string
	replay                    bool
}

func newVerifyCommand(a *app) *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use: "verify [FILE|REF]", Short: "check a bundle offline; default: the last answer", Args: args(cobra.MaximumNArgs(1)),
		Long: `Checks a bundle offline. A FILE needs no node. Whom to believe comes from your
own trust files (dsai trust list) or --trust, never from beside the bundle.
Ends with exit code 4 unless every check holds and the co-op is one you believe,
and with 5 if they do but --replay could not make a replayable answer again.
With --json, ok is true only if it ends with 0, and verdict says how it ends: ok,
failed (1), usage (2), unverified (4) or unavailable (5).`,
		RunE: func(c *cobra.Command, in []string) error { return a.verdictOf(a.verify(c.Context(), ref(in), f)) },
	}
	c.Flags().StringVar(&f.trust, "trust", "", "trust file to believe, instead of your own")
	c.Flags().StringVar(&f.revocations, "revocations", "", "revocations or withdrawal receipts that you know of: a JSON array, or one on each line")
	c.Flags().StringVar(&f.model, "model", "", "model file (GGUF) to make the answer again with; default: those of your own node")
	c.Flags().BoolVar(&f.replay, "replay", false, "make the answer again and compare")
	return c
}

func (a *app) verify(ctx context.Context, ref string, f verifyFlags) error {
	byRef := false
	raw, err := readFileOr(ref, func() ([]byte, error) { byRef = true; return a.bundle(ctx, ref) })
	if err != nil {
		return verifyHint(err)
	}
	if formatOf(raw) == dsai.TrustFormat {
		return usage(fmt.Sprintf("verify: %s is a trust file, which says whom to believe", ref), "dsai trust add "+quoteFile(ref))
	}
	var o verify.Options
	if o.Trust, err = a.trustOf(ctx, raw, f.trust, byRef); err != nil {
		return err
	}
	if o.Revocations, err = readRevocations(f.revocations); err != nil {
		return err
	}
	switch {
	case f.replay:
		if err := readable(f.model); err != nil {
			return err
		}
		o.Replayer = a.replayer(ctx, raw, f.model)
	case f.model != "":
		return usage("verify: --model is for making the answer again", "dsai verify --replay --model "+quote(f.model)+" "+quoteFile(ref))
	}
	res, err := verifying(ctx, raw, o)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return &control.Error{Kind: control.Unverified, Message: err.Error(), Hint: "it is not a bundle, or was cut short; dsai receipt save REF FILE makes one"}
	}
	return a.showResult(res, f, ref, opened(raw))
}

// readable refuses a --model that no answer can be made again with, whichever it
// was: that says nothing about the bundle.
func readable(model string) error {
	if model == "" {
		return nil
	}
	f, err := engine.OpenFile(model)
	if err != nil {
		return usage("verify: "+err.Error(), "--model names a whole GGUF file; without it those of your own node are used")
	}
	return f.Close()
}

// verifying verifies until the context ends: making a long answer again takes minutes.
func verifying(ctx context.Context, raw []byte, o verify.Options) (*verify.Result, error) {
	type result struct {
		*verify.Result
		err error
	}
	done := make(chan result, 1)
	go func() { // ends with the program at the latest
		res, err := verify.Bundle(raw, o)
		done <- result{res, err}
	}()
	select {
	case r := <-done:
		return r.Result, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// replayer makes answers again with the model files that are at hand: the one
// named, and for an answer of a model file those of the own node.
func (a *app) replayer(ctx context.Context, bundle []byte, file string) node.Replayer {
	r := node.Replayer{Models: map[dsai.Digest]string{}, Model: file}
	if !ofModelFile.Match(bundle) {
		return r
	}
	all, err := a.models(ctx)
	if err != nil {
		return r // who checks the answers of others may have no node
	}
	for _, m := range all {
		if m.File != nil && m.File.Problem == "" {
			r.Models[m.Fingerprint] = m.File.Path
		}
	}
	return r
}

// ofModelFile finds the receipt of a model file in a bundle.
var ofModelFile = regexp.MustCompile(`"class"\s*:\s*"` + string(dsai.EngineInfer) + `"`)

// verifyHint helps whoever has no node and means a file.
func verifyHint(err error) error {
	e := *node.Describe(err)
	if e.Kind == control.Usage {
		e.Hint = "dsai verify FILE checks a saved answer without a node; of an own home, dsai verify last or r-… checks one that it gave"
	}
	return &e
}

// trustOf returns whom to believe about a bundle. A receipt of the own home is
// believed to be the own home's.
func (a *app) trustOf(ctx context.Context, raw []byte, file string, byRef bool) (*dsai.Trust, error) {
	if file != "" {
		return readTrust(file)
	}
	t, err := a.trustFor(raw)
	if err != nil || t != nil || !byRef {
		return t, err
	}
	t = &dsai.Trust{}
	return t, a.call(ctx, "trust", node.TrustArgs{}, nil, t)
}

// readRevocations reads a JSON array of credentials, or one on each line.
func readRevocations(path string) ([]json.RawMessage, error) {
	if path == "" {
		return nil, nil
	}
	b, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return decodeRevocations(path, b)
}

func decodeRevocations(path string, b []byte) ([]json.RawMessage, error) {
	var out []json.RawMessage
	if b = bytes.TrimSpace(b); bytes.HasPrefix(b, []byte("[")) {
		if err := json.Unmarshal(b, &out); err != nil {
			return nil, usage(fmt.Sprintf("read revocations %s: %v", path, err), "")
		}
		return out, nil
	}
	for d := json.NewDecoder(bytes.NewReader(b)); d.More(); {
		var one json.RawMessage
		if err := d.Decode(&one); err != nil {
			return nil, usage(fmt.Sprintf("read revocations %s: %v", path, err), "")
		}
		out = append(out, one)
	}
	return out, nil
}
