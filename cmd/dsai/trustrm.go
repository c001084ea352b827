// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/inert"
)

func newTrustRmCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "rm CO-OP", SuggestFor: removing, Short: "believe a co-op no more, by its name, fingerprint or id", Args: args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, in []string) error { return a.trustRm(in[0]) },
	}
}

// trustRm removes what the user's store says about a co-op. It asks nothing: whoever
// is believed less is told so by verify, and the trust file can be added again.
func (a *app) trustRm(ref string) error {
	ts, paths, err := a.trusted()
	if err != nil {
		return err
	}
	var found []int
	for i, t := range ts {
		if meant(t, ref) {
			found = append(found, i)
		}
	}
	switch len(found) {
	case 0:
		return usage(fmt.Sprintf("remove trust: nobody believed is %q", ref), "see dsai trust list")
	case 1:
	default:
		var prints []string
		for _, i := range found {
			prints = append(prints, fingerprint(ts[i]))
		}
		return usage(fmt.Sprintf("remove trust: %q may be any of %d co-ops", ref, len(found)), "name one by its fingerprint: "+strings.Join(prints, ", "))
	}
	t, path := ts[found[0]], paths[found[0]]
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove trust: %w", err)
	}
	if err := durable.SyncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("remove trust: %w", err)
	}
	if a.json {
		return a.document(map[string]believed{"removed": describeTrust(t, path)})
	}
	a.say("Believed no more: %q, fingerprint %s. Its bundles are unanchored from now on.\n", inert.Line(t.Name), fingerprint(t))
	a.next("dsai trust add FILE believes it again")
	return nil
}

// meant reports whether ref means a co-op: its name, or the start of its
// fingerprint or id.
func meant(t *dsai.Trust, ref string) bool {
	if strings.EqualFold(inert.Line(t.Name), ref) {
		return true
	}
	const least = 4 // characters of an id
	short := strings.ReplaceAll(strings.ToLower(ref), "-", "")
	return len(short) >= least &&
		(strings.HasPrefix(strings.ReplaceAll(fingerprint(t), "-", ""), short) || strings.HasPrefix(t.Coop.String(), short))
}
