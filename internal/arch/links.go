// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// link is a Markdown link or image: [text](target).
var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// CheckLinks finds Markdown links to files that do not exist. Links to other
// sites are not followed.
func CheckLinks(root string) ([]Finding, error) {
	var out []Finding
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() && name != root && (base[0] == '.' || base == "node_modules" || base == "testdata") {
			return fs.SkipDir
		}
		if d.IsDir() || path.Ext(base) != ".md" {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(text), "\n") {
			for _, m := range link.FindAllStringSubmatch(line, -1) {
				if broken(filepath.Dir(name), m[1]) {
					f := whole(filepath.ToSlash(rel), "link to %s, which does not exist", m[1])
					f.Pos.Line = i + 1
					out = append(out, f)
				}
			}
		}
		return nil
	})
	return out, err
}

func broken(dir, target string) bool {
	u, err := url.Parse(target)
	if err != nil {
		return true
	}
	if u.Scheme != "" || u.Host != "" || u.Path == "" {
		return false
	}
	_, err = os.Stat(filepath.Join(dir, filepath.FromSlash(u.Path)))
	return err != nil
}
