// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"github.com/spf13/cobra"

	"dsai.example/dsai/internal/verifiable/purpose"
)

func newPurposesCommand(a *app) *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use: "purposes", Short: "what may be asked for", Args: args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error { return a.purposes(all) },
	}
	c.Flags().BoolVar(&all, "all", false, "the whole vocabulary")
	return c
}

// purposeRow is one row of dsai purposes --json.
type purposeRow struct {
	Name    string   `json:"name"`
	IRI     string   `json:"iri"`
	Label   string   `json:"label"`
	Permits []string `json:"alsoPermits"` // granting it permits these too
}

func (a *app) purposes(all bool) error {
	iris := purpose.ShortIRIs()
	if all {
		iris = purpose.All()
	}
	out := []purposeRow{}
	rows := [][]string{{"NAME", "MEANS", "GRANTING IT ALSO PERMITS"}}
	for _, iri := range iris {
		r := purposeRow{purpose.Short(iri), iri, purpose.Label(iri), []string{}}
		for _, also := range purpose.AlsoPermits([]string{iri}, nil) {
			r.Permits = append(r.Permits, purpose.Short(also))
		}
		out = append(out, r)
		rows = append(rows, []string{r.Name, r.Label, join(r.Permits)})
	}
	if a.json {
		return a.document(out)
	}
	a.table(rows...)
	if !all {
		a.say(a.hereFormat("\nEvery term of %s works as well: dsai purposes --all\n"), strings.TrimSpace(purpose.Vocabulary))
	}
	return nil
}
