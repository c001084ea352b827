// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package spec_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	citation = regexp.MustCompile(`spec/([a-z]+\.md)(?:#([a-z0-9-]+))?`)
	mention  = regexp.MustCompile(`\b([a-z]+\.md)(?:#([a-z0-9-]+))?`)
	heading  = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notSlug  = regexp.MustCompile(`[^a-z0-9 -]`)
)

// TestReferences finds citations of sections that do not exist: in the comments
// of the whole tree, in the schemas, and in the documents themselves.
func TestReferences(t *testing.T) {
	anchors := map[string][]string{}
	docs, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range docs {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		anchors[name] = []string{""}
		for _, m := range heading.FindAllStringSubmatch(string(b), -1) {
			anchors[name] = append(anchors[name], strings.ReplaceAll(notSlug.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
		}
	}
	checked := 0
	check := func(from, file, anchor string) {
		checked++
		if !slices.Contains(anchors[file], anchor) {
			t.Errorf("%s cites spec/%s#%s, which does not exist", from, file, anchor)
		}
	}
	for _, name := range docs {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mention.FindAllStringSubmatch(string(b), -1) {
			check(name, m[1], m[2])
		}
	}
	for name, b := range sources(t) {
		for _, m := range citation.FindAllStringSubmatch(b, -1) {
			check(name, m[1], m[2])
		}
	}
	if checked < 30 {
		t.Errorf("only %d citations were found", checked)
	}
}

// sources returns the Go files of the tree and the schemas, by path.
func sources(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if base := d.Name(); d.IsDir() && name != ".." && (base[0] == '.' || base == "testdata" || base == "zz") {
			return fs.SkipDir
		}
		inSchema := filepath.Dir(name) == filepath.Join("..", "spec", "schema")
		if d.IsDir() || filepath.Ext(name) != ".go" && !inSchema {
			return nil
		}
		b, err := os.ReadFile(name)
		out[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestFieldsAreDescribed finds fields that the document of their artifact does
// not name.
func TestFieldsAreDescribed(t *testing.T) {
	envelope, err := os.ReadFile("credential.md")
	if err != nil {
		t.Fatal(err)
	}
	// A credential's parts may be described where others share them.
	shared := string(envelope)
	for _, name := range []string{"consent.md", "library.md", "receipt.md"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		shared += string(b)
	}
	for _, name := range present(t, "schema") {
		b, err := os.ReadFile(filepath.Join("schema", name))
		if err != nil {
			t.Fatal(err)
		}
		var s struct {
			Comment string         `json:"$comment"`
			Own     map[string]any `json:"properties"`
			Defs    map[string]struct {
				Properties map[string]any `json:"properties"`
			} `json:"$defs"`
		}
		if err := json.Unmarshal(b, &s); err != nil {
			t.Fatal(err)
		}
		doc := citation.FindStringSubmatch(s.Comment)[1]
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		fields := slices.Collect(maps.Keys(s.Own))
		for _, d := range s.Defs {
			fields = slices.AppendSeq(fields, maps.Keys(d.Properties))
		}
		for _, f := range fields {
			named := regexp.MustCompile("[`.{ ]" + regexp.QuoteMeta(f) + `\b`)
			if !named.Match(text) && !named.MatchString(shared) {
				t.Errorf("%s: field %s is not in %s", name, f, doc)
			}
		}
	}
}

var domain = regexp.MustCompile(`\b(?:Hash|Commit|hashOf)\("([a-z-]+)"`)

// TestDomainsAreListed finds hash domains of the product that the table of
// encoding.md does not have.
func TestDomainsAreListed(t *testing.T) {
	text, err := os.ReadFile("encoding.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "## Hash")
	found := 0
	for name, b := range sources(t) {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, filepath.Join("..", "bench")) {
			continue
		}
		for _, m := range domain.FindAllStringSubmatch(b, -1) {
			found++
			if !strings.Contains(table, "`"+m[1]+"`") {
				t.Errorf("%s hashes in domain %q, which encoding.md does not list", name, m[1])
			}
		}
	}
	if found < 15 {
		t.Errorf("only %d uses of domains were found", found)
	}
}
