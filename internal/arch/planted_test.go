// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package arch_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dsai.example/dsai/internal/arch"
)

// The trees in testdata carry planted violations. A line that must be found
// ends in a comment "want:" with a part of the finding's text; every finding
// must be wanted.

var want = regexp.MustCompile(`// want: (.+)$`)

// wanted maps file:line to the expected text.
func wanted(t *testing.T, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		src, err := os.ReadFile(filepath.Join(root, name))
		for i, line := range strings.Split(string(src), "\n") {
			if m := want.FindStringSubmatch(line); m != nil {
				out[fmt.Sprintf("%s:%d", name, i+1)] = m[1]
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func compare(t *testing.T, findings []arch.Finding, want map[string]string) {
	t.Helper()
	seen := map[string]bool{}
	for _, f := range findings {
		at := fmt.Sprintf("%s:%d", f.Pos.Filename, f.Pos.Line)
		if text, ok := want[at]; !ok || !strings.Contains(f.Text, text) {
			t.Errorf("found %v, want %q", f, text)
		}
		seen[at] = true
	}
	for at, text := range want {
		if !seen[at] {
			t.Errorf("%s: found nothing, want %q", at, text)
		}
	}
}

func TestPlantedDeterminism(t *testing.T) {
	const dir = "testdata/determinism"
	findings, err := arch.CheckDeterminism(load(t, dir), []arch.Row{{Path: ".", D: true}, {Path: "dep"}})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, findings, wanted(t, dir))
}

func TestPlantedImports(t *testing.T) {
	const dir = "testdata/tree"
	table := []arch.Row{
		{Path: "."}, {Path: "bare"}, {Path: "pipeline"},
		{Path: "internal/verifiable/...", May: []string{"allowed.example/module"}},
		{Path: "internal/resilience/..."},
	}
	want := wanted(t, dir)
	want["internal/stray:0"] = "add a row"
	compare(t, arch.CheckImports(load(t, dir), table), want)
}

func TestPlantedHeaders(t *testing.T) {
	compare(t, arch.CheckHeaders(load(t, "testdata/tree")), map[string]string{
		"bare/bare.go:0": "SPDX header",
		"bare:0":         `does not start with "Package bare "`,
	})
}

func TestPlantedTable(t *testing.T) {
	homes := []arch.Home{{Module: "heavy.example", Path: "internal/store", Why: "one home"}}
	for _, c := range []struct {
		name string
		row  arch.Row
		want string
	}{
		{"layer", arch.Row{Path: "internal/agency/x", May: []string{"internal/verifiable/y"}, Why: "-"}, "one layer import another"},
		{"deterministic", arch.Row{Path: "x", D: true, May: []string{"internal/obs"}, Why: "-"}, "only deterministic packages"},
		{"heavy", arch.Row{Path: "x", May: []string{"heavy.example/sub"}, Why: "-"}, "whose home is internal/store"},
		{"reason", arch.Row{Path: "x"}, "gives no reason"},
		{"covered", arch.Row{Path: "bench/x", Why: "-"}, "never reached"},
		{"fine", arch.Row{Path: "internal/store", May: []string{"heavy.example", "internal/obs"}, Why: "-"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := []arch.Row{{Path: "bench/...", Why: "-"}, {Path: "internal/obs", Why: "-"}, c.row}
			got := arch.CheckTable(table, homes)
			if len(got) == 0 && c.want == "" {
				return
			}
			if len(got) != 1 || c.want == "" || !strings.Contains(got[0].Text, c.want) {
				t.Errorf("CheckTable(%+v) = %v, want one finding with %q", c.row, got, c.want)
			}
		})
	}
}

// files writes a small tree and loads it.
func files(t *testing.T, contents map[string]string) *arch.Tree {
	t.Helper()
	dir := t.TempDir()
	for name, text := range contents {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return load(t, dir)
}

func TestPlantedRace(t *testing.T) {
	got, err := arch.CheckRace(files(t, map[string]string{
		"go.mod":                   "module m.example\n",
		"Makefile":                 "X := y\nexport RACE_PKGS ?= \\\n\t./internal/listed \\\n\t./internal/gone\nall:\n",
		"internal/listed/x.go":     "package listed\nimport _ \"sync\"\n",
		"internal/starts/x.go":     "package starts\nfunc f() { go f() }\n",
		"internal/shares/x.go":     "package shares\nimport _ \"sync/atomic\"\n",
		"internal/tests/x.go":      "package tests\n",
		"internal/tests/x_test.go": "package tests\nfunc f() { go f() }\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	compare(t, got, map[string]string{
		"Makefile:0":        "./internal/gone",
		"internal/starts:0": "not in RACE_PKGS",
		"internal/shares:0": "not in RACE_PKGS",
	})
}

func TestPlantedDependencies(t *testing.T) {
	got, err := arch.CheckDependencies(files(t, map[string]string{
		"go.mod": "module m.example\ngo 1.26\nrequire (\n\ta.example/known v1.0.0\n\tb.example/new v1.0.0\n" +
			"\tc.example/indirect v1.0.0 // indirect\n\tf.example/imported v1.0.0 // indirect\n)\n",
		"p/p.go":       "package p\nimport _ \"f.example/imported/sub\"\n",
		"tools/go.mod": "module t.example\ngo 1.26\ntool d.example/cmd/check\nrequire d.example v1.0.0 // indirect\n",
		"docs/DEPENDENCIES.md": "| module | why |\n|---|---|\n| `a.example/known` | reason |\n" +
			"| `d.example/cmd/check` | |\n| `e.example/gone` | reason |\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range got {
		names = append(names, f.Pos.Filename+" "+strings.Fields(f.Text)[0])
	}
	want := []string{"docs/DEPENDENCIES.md e.example/gone", "go.mod b.example/new", "go.mod f.example/imported", "tools/go.mod d.example/cmd/check"}
	if !slices.Equal(names, want) {
		t.Errorf("CheckDependencies = %v, want findings about %q", got, want)
	}
}

func TestPlantedLinks(t *testing.T) {
	const dir = "testdata/links"
	got, err := arch.CheckLinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, got, map[string]string{"page.md:4": "link to gone.md"})
}

func TestCodemap(t *testing.T) {
	got := string(arch.Codemap(load(t, "testdata/tree"), []arch.Row{{Path: "pipeline", D: true}}))
	for _, want := range []string{
		"| dsai |  | 1 | 0 | is the root. |  |  |\n",
		"| pipeline | D | 6 | 0 | may import only the root. | dsai, verifiable/a |  |\n",
		"| verifiable/a |  | 6 | 6 | has a module that its row allows. | resilience/b | allowed.example/module, allowed.example/modules |\n",
		"Longest chain of imports: 2 (aim: at most 6): pipeline -> verifiable/a -> resilience/b.\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("Codemap misses %q; it says:\n%s", want, got)
		}
	}
	again := arch.Codemap(load(t, "testdata/tree"), []arch.Row{{Path: "pipeline", D: true}})
	if !bytes.Equal([]byte(got), again) {
		t.Error("Codemap differs between two runs over the same tree")
	}
}
