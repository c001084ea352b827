// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// question is one entry of questions.json.
type question struct {
	ID         string `json:"id"`
	Lang       string `json:"lang"`
	Split      string `json:"split"`
	Question   string `json:"question"`
	Corpus     string `json:"corpus"`
	Gold       []gold `json:"gold"`
	Answerable bool   `json:"answerable"`
}

// early reports whether a question is one of the first 125 (see README.md).
func (q question) early() bool {
	kind, number, _ := strings.Cut(q.ID, "-")
	n, err := strconv.Atoi(number)
	return err == nil && n <= map[string]int{"lib": 60, "go": 40, "none": 25}[kind]
}

type gold struct {
	Document string `json:"document"`
	Quote    string `json:"quote"`
}

// readQuestions returns the questions of a split that the corpora can answer.
func readQuestions(o options) ([]question, error) {
	data, err := os.ReadFile(o.questions)
	if err != nil {
		return nil, err
	}
	var all, out []question
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("read %s: %w", o.questions, err)
	}
	for _, q := range all {
		in := false
		for _, c := range o.corpora {
			in = in || c == q.Corpus
		}
		if in && (o.split == "all" || q.Split == o.split) {
			out = append(out, q)
		}
	}
	return out, nil
}

// words returns the letters and digits of s as lower-case words.
func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(norm.NFC.String(s)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// contains reports whether part stands in whole, as a sequence of words.
func contains(whole, part []string) bool {
	return strings.Contains(" "+strings.Join(whole, " ")+" ", " "+strings.Join(part, " ")+" ")
}

// scattered reports whether part stands in whole in order, with other words
// between: in a row of a table, column names may.
func scattered(whole, part []string) bool {
	for _, w := range whole {
		if len(part) > 0 && w == part[0] {
			part = part[1:]
		}
	}
	return len(part) == 0
}

// hit reports whether a passage holds a gold quote.
func (q question) hit(p passage) bool {
	for _, g := range q.Gold {
		if p.corpus == q.Corpus && p.file == g.Document && contains(words(p.body.Text), words(g.Quote)) {
			return true
		}
	}
	return false
}

// sources returns the documents that hold a gold quote, in the order of the
// corpora. A quote that no passage holds is an error: it would always be missed.
func (q question) sources(all []passage) ([]uint32, error) {
	var out []uint32
	for _, p := range all {
		if q.hit(p) && !slices.Contains(out, p.Document) {
			out = append(out, p.Document)
		}
	}
	if q.Answerable && len(out) == 0 {
		return nil, errors.New("no passage holds a gold quote")
	}
	return out, nil
}

// right reports whether a quoted sentence of a passage is a gold quote.
func (q question) right(p passage, sentence string) bool {
	s := words(sentence)
	for _, g := range q.Gold {
		quote := words(g.Quote)
		if p.corpus != q.Corpus || p.file != g.Document {
			continue
		}
		table := strings.ContainsAny(sentence, "|,;\t") && !strings.Contains(sentence, ". ")
		if contains(s, quote) || contains(quote, s) && 2*len(s) >= len(quote) || table && scattered(s, quote) {
			return true
		}
	}
	return false
}
