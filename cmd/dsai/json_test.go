// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestJSONErrors: whatever goes wrong, a program that asked for --json finds one
// document with the error on standard output. Each verb is called with a flag that
// it does not have, with one argument more than any takes, and in a home that is none.
func TestJSONErrors(t *testing.T) {
	var verbs [][]string
	var walk func(c *cobra.Command, path []string)
	walk = func(c *cobra.Command, path []string) {
		verbs = append(verbs, path)
		for _, sub := range c.Commands() {
			walk(sub, append(path[:len(path):len(path)], sub.Name()))
		}
	}
	root := newRoot(&app{out: io.Discard, err: io.Discard})
	walk(root, nil)
	if len(verbs) < 50 {
		t.Fatalf("%d verbs, want all", len(verbs))
	}

	// Arguments with which verbs go wrong that need no home; nil where all is well.
	homeless := map[string][]string{
		"demo":                  nil, // needs nothing
		"init":                  nil,
		"purposes":              nil,
		"config explain":        {"nosuch"},
		"completion":            {"nosuch"},
		"help":                  {"nosuch"},
		"member init":           nil, // makes keys
		"trust list":            nil, // nobody is believed
		"service uninstall":     nil,
		"service install":       nil,
		"policy test":           {"missing.toml"},
		"restore":               {"missing.tgz", "restored"},
		"verify":                {"missing.dsai"},
		"trust add":             {"missing.json"},
		"trust rm":              {"nobody"},
		"consent sign":          {"missing.json"},
		"consent revoke":        {"--file", "missing.json"},
		"consent object":        {"--file", "missing.json"},
		"member rotate":         {"--file", "missing.json"},
		"member add":            {"--inception", "missing.json"},
		"consent request":       {"missing.txt", "--to", "nobody"},
		"watch":                 {"missing"},
		"export":                {"--mine"},
		"model add":             {"missing.gguf"},
		"receipt save":          {"last", "out.dsai"},
		"receipt redact":        {"last", "out.dsai"},
		"policy adopt":          {"missing.toml"},
		"completion bash":       nil,
		"completion zsh":        nil,
		"completion fish":       nil,
		"completion powershell": nil,
		"policy show":           nil,
	}
	for _, path := range verbs {
		name := strings.Join(path, " ")
		t.Run("flag/"+name, func(t *testing.T) { jsonError(t, append(path[:len(path):len(path)], "--frob", "--json"), 2) })
		t.Run("many/"+name, func(t *testing.T) {
			jsonError(t, append(path[:len(path):len(path)], "--json", "a", "b", "c", "d"), 0)
		})
		in, ok := homeless[name]
		if ok && in == nil {
			continue
		}
		if !ok {
			in = []string{"x"}
		}
		t.Run("home/"+name, func(t *testing.T) { jsonError(t, append(append(path[:len(path):len(path)], in...), "--json"), 0) })
		if name != "config explain" && name != "help" { // which explain everything
			t.Run("bare/"+name, func(t *testing.T) { jsonError(t, append(path[:len(path):len(path)], "--json"), 0) })
		}
	}
}

// jsonError calls dsai, which must fail, with rc unless that is 0.
func jsonError(t *testing.T, in []string, rc int) {
	t.Helper()
	t.Chdir(t.TempDir())
	none, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer none.Close()
	t.Setenv("HOME", t.TempDir())
	var out, notes bytes.Buffer
	a := &app{in: none, out: &out, err: &notes, typed: append([]string{"--home", filepath.Join(t.TempDir(), "none")}, in...)}
	got := a.do(t.Context())
	if got == 0 || rc != 0 && got != rc {
		t.Fatalf("dsai %v ended with %d: %s", in, got, &out)
	}
	var d struct {
		Error struct{ Kind, Message string }
	}
	r := json.NewDecoder(&out)
	if err := r.Decode(&d); err != nil || d.Error.Kind == "" || d.Error.Message == "" {
		t.Errorf("dsai %v printed no error: %v %+v\n%s", in, err, d, &notes)
	}
	if err := r.Decode(&d); err != io.EOF {
		t.Errorf("dsai %v printed more than one document: %v", in, err)
	}
}
