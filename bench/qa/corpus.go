// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/ingest"
	"dsai.example/dsai/internal/verifiable/rank"
	"dsai.example/dsai/internal/verifiable/retrieve"
)

// passage is one passage of the corpora, with where it came from.
type passage struct {
	retrieve.Passage
	body   dsai.PassageBody
	corpus string
	file   string // relative to the corpus folder
}

// folder returns where a corpus lies on this machine.
func folder(corpus string) (string, error) {
	switch corpus {
	case "library":
		return "internal/demo/library", nil
	case "godoc":
		root, err := exec.Command("go", "env", "GOROOT").Output()
		return filepath.Join(strings.TrimSpace(string(root)), "doc"), err
	case "system":
		return "/usr/share/doc", nil
	}
	return "", fmt.Errorf("read corpus: no corpus %q", corpus)
}

// Limits on the corpus system, which answers nothing and only stands in the way:
// passages taken of one file, so that change logs are not all of it, and in all.
const (
	perFile         = 40
	mostDistractors = 25000
)

// load ingests the corpora. The first folder below a corpus stands for a
// contributor, as it does in the sample library.
func load(ctx context.Context, corpora []string) ([]passage, error) {
	x := ingest.New(ingest.DefaultLimits())
	defer x.Close()
	contributors := map[string]uint32{}
	var out []passage
	var documents uint32
	distractors := 0
	for _, corpus := range corpora {
		root, err := folder(corpus)
		if err != nil {
			return nil, err
		}
		files, _, err := ingest.Walk(ctx, []string{root})
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			rel, err := filepath.Rel(root, f.Path)
			if err != nil {
				return nil, err
			}
			rel = filepath.ToSlash(rel)
			if corpus == "library" && !strings.Contains(rel, "/") {
				continue // library.json describes the folder
			}
			src, err := os.ReadFile(f.Path)
			if err != nil {
				return nil, err
			}
			text, err := x.Extract(ctx, f.Path, src)
			if err != nil {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				continue // named and skipped, as dsai add does
			}
			first, _, _ := strings.Cut(rel, "/")
			who := corpus
			if corpus == "library" {
				who += "/" + first
			}
			if _, ok := contributors[who]; !ok {
				contributors[who] = uint32(len(contributors))
			}
			if corpus == "system" {
				text.Passages = text.Passages[:min(len(text.Passages), perFile)]
				if distractors += len(text.Passages); distractors > mostDistractors {
					break
				}
			}
			for i, p := range text.Passages {
				body := dsai.PassageBody{Title: path.Base(rel), Heading: p.Heading, Page: p.Page, Start: p.Start, End: p.End,
					Language: p.Language, Text: string(text.Bytes[p.Start:p.End])}
				out = append(out, passage{body: body, corpus: corpus, file: rel, Passage: retrieve.Passage{
					ID: uint64(len(out)), Document: documents, Contributor: contributors[who],
					Field: retrieve.Lexicon{}.Field(p.Language), Text: rank.Text(body),
					Commitment: dsai.Hash("bench", []byte(corpus), []byte(rel), []byte(strconv.Itoa(i))),
				}})
			}
			documents++
		}
	}
	return out, nil
}
