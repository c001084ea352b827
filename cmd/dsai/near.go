// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// nearest returns the verb of c that somebody who typed name most likely meant, ""
// when none is near. It may be a verb of a group in c, with the group before it.
func nearest(c *cobra.Command, name string) string {
	name = strings.ToLower(name)
	if len(name) > 40 {
		return "" // no slip of the fingers
	}
	best, least := nearestOf(c, name, 2+len(name)/4)
	for d := range min(least, 2) {
		var in []string
		for _, group := range c.Commands() {
			if sub, _ := nearestOf(group, name, d+1); sub != "" && !group.Hidden {
				in = append(in, group.Name()+" "+sub)
			}
		}
		if len(in) > 2 {
			break // a word of most groups, such as list, says nothing
		}
		if len(in) > 0 {
			return in[0]
		}
	}
	return best
}

// nearestOf returns the verb of c that is nearest to name, and how many slips away
// it is; "" and far when none is nearer than far. Of equally near ones it is the
// first in the help, which lists them in the order in which people need them.
func nearestOf(c *cobra.Command, name string, far int) (best string, least int) {
	least = far
	for _, sub := range c.Commands() {
		if sub.Hidden {
			continue
		}
		d := slips(name, sub.Name())
		switch {
		case slices.Contains(sub.SuggestFor, name):
			d = 0
		case len(name) > 1 && d > 0 && strings.HasPrefix(sub.Name(), name):
			d = 1
		}
		if d < least {
			best, least = sub.Name(), d
		}
	}
	return best, least
}

// removing are other words for a verb that takes something away, and listing for
// one that lists.
var (
	removing = []string{"rm", "remove", "delete", "del"}
	listing  = []string{"ls", "dir"}
)

// slips counts the slips that make one word of another: a letter too many, too
// few or wrong, or two neighbours that changed places (the distance of Damerau and
// Levenshtein, in the form that touches no letter twice).
func slips(a, b string) int {
	var last []int // the row before row
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			wrong := row[j-1]
			if a[i-1] != b[j-1] {
				wrong++
			}
			next[j] = min(wrong, row[j]+1, next[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], last[j-2]+1)
			}
		}
		last, row = row, next
	}
	return row[len(b)]
}
