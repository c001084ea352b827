// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Command testsum reads what go test -json prints and prints what go test would,
// and after it what was skipped, by reason: go test itself keeps silent about it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

func main() {
	if err := sum(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
}

// event is one line of go test -json: see go doc test2json.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// sum prints the output of packages and of tests that failed. The outcome is
// go test's to tell.
func sum(r io.Reader, w io.Writer) error {
	type test struct{ pkg, name string }
	said := map[test][]string{}
	skipped := map[string][]string{} // names by reason
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil { // go test says some things plainly
			fmt.Fprintln(w, lines.Text())
			continue
		}
		t := test{e.Package, e.Test}
		switch {
		case e.Action == "output" || e.Action == "build-output":
			if e.Test == "" {
				if e.Output != "PASS\n" {
					fmt.Fprint(w, e.Output)
				}
				continue
			}
			said[t] = append(said[t], e.Output)
		case e.Test == "":
		case e.Action == "fail":
			fmt.Fprint(w, strings.Join(said[t], ""))
			delete(said, t)
		case e.Action == "skip":
			why := reason(said[t])
			skipped[why] = append(skipped[why], e.Test)
			delete(said, t)
		case e.Action == "pass":
			delete(said, t)
		}
	}
	for t, out := range said { // of a program that died in the middle of them
		fmt.Fprintf(w, "%s %s did not end:\n%s", t.pkg, t.name, strings.Join(out, ""))
	}
	for _, why := range slices.Sorted(maps.Keys(skipped)) {
		fmt.Fprintf(w, "SKIPPED %d (%s): %s\n", len(skipped[why]), some(skipped[why]), why)
	}
	return lines.Err()
}

// place is where a test said something.
var place = regexp.MustCompile(`^\s*\S+\.go:\d+: `)

// reason is what a test said when it was skipped.
func reason(out []string) string {
	for i := len(out) - 1; i >= 0; i-- {
		if at := place.FindString(out[i]); at != "" {
			return strings.TrimSpace(out[i][len(at):])
		}
	}
	return "no reason given"
}

// some names the first few.
func some(names []string) string {
	const most = 3
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
