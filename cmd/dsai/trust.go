// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/verify"
)

func newTrustCommand(a *app) *cobra.Command {
	return a.group(&cobra.Command{Use: "trust", Short: "which co-ops, logs and witnesses I believe"},
		newTrustExportCommand(a), newTrustRmCommand(a),
		&cobra.Command{
			Use: "add FILE", Short: "believe the co-op of a trust file", Args: args(cobra.ExactArgs(1)),
			RunE: func(_ *cobra.Command, in []string) error { return a.trustAdd(in[0]) },
		},
		&cobra.Command{
			Use: "list", Short: "whom I believe", Args: args(cobra.NoArgs),
			RunE: func(*cobra.Command, []string) error { return a.trustList() },
		})
}

func newTrustExportCommand(a *app) *cobra.Command {
	var t node.TrustArgs
	c := &cobra.Command{
		Use: "export [FILE]", Short: "write this co-op's trust file, to hand out", Args: args(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, in []string) error { return a.trustExport(c.Context(), in, t) },
	}
	c.Flags().BoolVar(&t.Current, "current", false, "only the keys of today: what was signed before they were changed is not believed")
	return c
}

// fingerprint is what two people compare by voice: 80 bits of the digest of a
// trust file, in groups.
func fingerprint(t *dsai.Trust) string {
	canon, err := vc.Canonical(t)
	if err != nil {
		panic("canonical trust: " + err.Error()) // a closed type of strings and integers
	}
	h := dsai.Hash("trust", canon).String()
	s := h[:4]
	for i := 4; i < 20; i += 4 {
		s += "-" + h[i:i+4]
	}
	return s
}

// believed is one trust file of the user's store.
type believed struct {
	Name        string      `json:"name"`
	Fingerprint string      `json:"fingerprint"`
	Coop        dsai.CoopID `json:"coop"`
	Nodes       int         `json:"nodes"`
	Witnesses   int         `json:"witnesses"`
	Threshold   int         `json:"threshold"`
	Path        string      `json:"path"`
}

func describeTrust(t *dsai.Trust, path string) believed {
	return believed{t.Name, fingerprint(t), t.Coop, len(t.Nodes), len(t.Witnesses), t.Threshold, path}
}

func (a *app) trustExport(ctx context.Context, in []string, p node.TrustArgs) error {
	var t dsai.Trust
	if err := a.call(ctx, "trust", p, nil, &t); err != nil {
		return err
	}
	if len(in) == 0 || in[0] == "-" {
		return a.document(t)
	}
	text, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return err
	}
	if err := durable.CreateFile(in[0], append(text, '\n'), 0o644); err != nil {
		return usage(fmt.Sprintf("export trust: %v", err), fileHint(err))
	}
	if a.json {
		return a.document(describeTrust(&t, in[0]))
	}
	a.say("Wrote %s. Hand it out, and let people compare its fingerprint by another way:\n  %s\n", in[0], fingerprint(&t))
	a.nextThere("dsai trust add %s, on their machine", quoteFile(in[0]))
	return nil
}

func readTrust(path string) (*dsai.Trust, error) {
	raw, err := readFile(path)
	if err != nil {
		return nil, err
	}
	t, err := verify.ParseTrust(raw)
	if err != nil {
		if formatOf(raw) == dsai.BundleFormat {
			return nil, usage(fmt.Sprintf("%s: this is a bundle, not a trust file", path), "dsai verify "+quoteFile(path))
		}
		return nil, usage(fmt.Sprintf("%s: %v", path, err), "the co-op makes one with: dsai trust export FILE")
	}
	return t, nil
}

func (a *app) trustAdd(path string) error {
	t, err := readTrust(path)
	if err != nil {
		return err
	}
	a.note("Co-op %q, %s, %s.\nFingerprint: %s\nAsk the co-op for it by another way than the one by which the file came.\n",
		inert.Line(t.Name), plural(len(t.Nodes), "node"), witnesses(len(t.Witnesses)), fingerprint(t))
	if err := a.noteReplaced(t); err != nil {
		return err
	}
	if err := a.confirm("Is it the same?"); err != nil {
		return err
	}
	at, err := a.believe(t)
	if err != nil {
		return err
	}
	if a.json {
		return a.document(describeTrust(t, at))
	}
	a.say("Believed from now on: %q.\n", inert.Line(t.Name))
	a.next("dsai verify FILE")
	return nil
}

// noteReplaced says whose place t would take: a co-op that seems to have changed
// its keys is what somebody who poses as it would show.
func (a *app) noteReplaced(t *dsai.Trust) error {
	at := a.trustPath(t)
	info, err := os.Stat(at)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("add trust: %w", err)
	}
	old, err := readTrust(at)
	if err != nil {
		return err
	}
	if was := fingerprint(old); was != fingerprint(t) {
		a.note("It replaces %s (since %s).\n", was, when(dsai.At(info.ModTime())))
	}
	return nil
}

// trustPath is where the user's store has what is said about a co-op.
func (a *app) trustPath(t *dsai.Trust) string {
	return filepath.Join(a.home().Trust(), t.Coop.String()[:16]+".json")
}

// believe puts t into the user's store, in place of what was there for the same
// co-op.
func (a *app) believe(t *dsai.Trust) (path string, err error) {
	text, err := vc.Canonical(t)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(a.home().Trust(), 0o700); err != nil {
		return "", fmt.Errorf("add trust: %w", err)
	}
	path = a.trustPath(t)
	return path, durable.WriteFile(path, append(text, '\n'), 0o600)
}

// trusted reads the user's store.
func (a *app) trusted() (ts []*dsai.Trust, paths []string, err error) {
	es, err := os.ReadDir(a.home().Trust())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read trust files: %w", err)
	}
	for _, e := range es {
		if filepath.Ext(e.Name()) != ".json" {
			continue
		}
		p := filepath.Join(a.home().Trust(), e.Name())
		t, err := readTrust(p)
		if err != nil {
			return nil, nil, err
		}
		ts, paths = append(ts, t), append(paths, p)
	}
	return ts, paths, nil
}

func (a *app) trustList() error {
	ts, paths, err := a.trusted()
	if err != nil {
		return err
	}
	out := []believed{}
	for i, t := range ts {
		out = append(out, describeTrust(t, paths[i]))
	}
	if a.json {
		return a.document(out)
	}
	if len(out) == 0 {
		a.say("Nobody yet: every bundle is unanchored.\n")
		a.next("dsai trust add FILE")
		return nil
	}
	rows := [][]string{{"CO-OP", "FINGERPRINT", "NODES", "WITNESSES", "FILE"}}
	for _, b := range out {
		rows = append(rows, []string{inert.Line(b.Name), b.Fingerprint, fmt.Sprint(b.Nodes), fmt.Sprintf("%d, %d needed", b.Witnesses, b.Threshold), b.Path})
	}
	a.table(rows...)
	return nil
}

// trustFor chooses from the user's store what is said about a bundle's co-op;
// nil when nothing is. Which co-op the bundle claims decides only which file is
// asked, not what it says.
func (a *app) trustFor(bundle []byte) (*dsai.Trust, error) {
	ts, _, err := a.trusted()
	if err != nil {
		return nil, err
	}
	coop := claimedCoop(bundle)
	if i := slices.IndexFunc(ts, func(t *dsai.Trust) bool { return t.Coop == coop }); i >= 0 {
		return ts[i], nil
	}
	return nil, nil
}

func claimedCoop(bundle []byte) dsai.CoopID {
	var b struct {
		Receipt struct {
			Subject struct {
				Coop dsai.CoopID `json:"coop"`
			} `json:"credentialSubject"`
		} `json:"receipt"`
	}
	_ = json.Unmarshal(bundle, &b) // verify says what is wrong with it
	return b.Receipt.Subject.Coop
}

// unanchored is what to do about a bundle whose co-op nobody vouches for.
func unanchored(anchor string) *control.Error {
	e := &control.Error{Kind: control.Unverified, Message: "the bundle is whole, and nobody you believe vouches for its co-op",
		Hint: "get the co-op's trust file by another way than the bundle, then: dsai trust add FILE"}
	if anchor == verify.AnchorMismatch {
		e.Message = "the bundle is whole, and signed by others than your trust file names"
		e.Hint = "see the line anchor; if the co-op changed its keys, get its trust file again by another way than the bundle, then: dsai trust add FILE"
	}
	return e
}

func witnesses(n int) string {
	if n == 1 {
		return "1 witness"
	}
	return fmt.Sprintf("%d witnesses", n)
}
