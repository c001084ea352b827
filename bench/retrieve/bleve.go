// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"fmt"
	"strconv"
	"syscall"
	"time"

	"dsai.example/dsai/internal/verifiable/retrieve"
	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/custom"
	"github.com/blevesearch/bleve/v2/analysis/token/lowercase"
	"github.com/blevesearch/bleve/v2/analysis/tokenizer/unicode"
)

// rawBleve adds the passages to a bleve index with a field for each language,
// postings only, each batch synced, as retrieve does.
func rawBleve(dir string, all []retrieve.Passage, batch int) error {
	m := bleve.NewIndexMapping()
	m.DefaultMapping.Dynamic = false
	if err := m.AddCustomAnalyzer("plain", map[string]any{"type": custom.Name, "tokenizer": unicode.Name, "token_filters": []any{lowercase.Name}}); err != nil {
		return err
	}
	for _, f := range (retrieve.Lexicon{}).Fields() {
		field := bleve.NewTextFieldMapping()
		field.Analyzer, field.Store, field.IncludeTermVectors, field.IncludeInAll, field.DocValues = f, false, false, false, false
		if f == "xx" {
			field.Analyzer = "plain"
		}
		m.DefaultMapping.AddFieldMappingsAt(f, field)
	}
	ix, err := bleve.New(dir, m)
	if err != nil {
		return err
	}
	b := ix.NewBatch()
	for i, p := range all {
		if err := b.Index(strconv.Itoa(i), map[string]string{p.Field: p.Text}); err != nil {
			return err
		}
		if b.Size() == batch || i == len(all)-1 {
			if err := ix.Batch(b); err != nil {
				return err
			}
			b.Reset()
		}
	}
	return ix.Close()
}

// cost is what a piece of work took.
type cost struct{ wall, cpu time.Duration }

func (c cost) String() string {
	return fmt.Sprintf("%v, CPU %v", c.wall.Round(time.Millisecond), c.cpu.Round(time.Millisecond))
}

func timed(f func() error) (cost, error) {
	start, used := time.Now(), cpu()
	err := f()
	return cost{time.Since(start), cpu() - used}, err
}

// cpu returns the processor time that this process has used.
func cpu() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
