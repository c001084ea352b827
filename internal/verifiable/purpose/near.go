// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package purpose

import (
	"cmp"
	"slices"
	"strings"
)

// unknown returns the error for a name that is not in the vocabulary, with up
// to three names that somebody who typed it may have meant.
func unknown(name string) *UnknownError {
	type guess struct {
		name     string
		distance int
	}
	typed := strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(name, Namespace), "dpv:"))
	if typed == "" || len(typed) > 60 {
		return &UnknownError{Name: name}
	}
	var guesses []guess
	consider := func(name string) {
		have := strings.ToLower(name)
		d := distance(typed, have)
		if len(typed) >= 4 && strings.Contains(have, typed) {
			d = min(d, 1)
		}
		if d <= 1+len(typed)/4 {
			guesses = append(guesses, guess{name, d})
		}
	}
	for _, e := range shorts {
		consider(e.short)
	}
	for _, e := range table[1:] {
		consider(e.name)
	}
	slices.SortStableFunc(guesses, func(a, b guess) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), strings.Compare(a.name, b.name))
	})
	err := &UnknownError{Name: name}
	for _, g := range guesses[:min(3, len(guesses))] {
		err.Near = append(err.Near, g.name)
	}
	return err
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
