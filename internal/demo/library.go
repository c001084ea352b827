// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
)

//go:embed library
var sample embed.FS

// library describes the sample library: library/library.json.
type library struct {
	Coop         string        `json:"-"`
	Contributors []contributor `json:"contributors"`
	Demo         struct {
		Question     string `json:"question"`
		MainDocument string `json:"mainDocument"` // folder/file
		WithdrawnBy  string `json:"withdrawnBy"`  // its contributor
	} `json:"demo"`

	dir    string
	files  int // in all
	closed int // of them sensitive
}

// contributor lends one folder.
type contributor struct {
	ID        string   `json:"id"` // folder
	Name      string   `json:"name"`
	Role      string   `json:"role"`
	For       []string `json:"for"`
	Deny      []string `json:"deny"`
	Sensitive []string `json:"sensitive"` // files under a consent of their own

	open, closed []string // paths of the files laid out; closed are the sensitive ones
}

// layOut writes the sample library to dir.
func layOut(dir string) (*library, error) {
	raw, err := sample.ReadFile("library/library.json")
	if err != nil {
		return nil, err
	}
	l := &library{Coop: "Kaya valley", dir: dir}
	if err := json.Unmarshal(raw, l); err != nil {
		return nil, fmt.Errorf("read library.json: %w", err)
	}
	for i := range l.Contributors {
		c := &l.Contributors[i]
		if err := c.layOut(dir); err != nil {
			return nil, fmt.Errorf("lay out %s: %w", c.ID, err)
		}
		l.files += len(c.open) + len(c.closed)
		l.closed += len(c.closed)
	}
	return l, nil
}

func (c *contributor) layOut(dir string) error {
	from := path.Join("library", c.ID)
	names, err := fs.ReadDir(sample, from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, c.ID), 0o700); err != nil {
		return err
	}
	for _, n := range names {
		b, err := sample.ReadFile(path.Join(from, n.Name()))
		if err != nil {
			return err
		}
		to := filepath.Join(dir, c.ID, n.Name())
		if err := os.WriteFile(to, b, 0o600); err != nil {
			return err
		}
		if slices.Contains(c.Sensitive, n.Name()) {
			c.closed = append(c.closed, to)
		} else {
			c.open = append(c.open, to)
		}
	}
	return nil
}

// main is the path of the document that the question is about.
func (l *library) main() string { return filepath.Join(l.dir, filepath.FromSlash(l.Demo.MainDocument)) }

// withdrawing is the contributor who takes that document back.
func (l *library) withdrawing() (*contributor, error) {
	i := slices.IndexFunc(l.Contributors, func(c contributor) bool { return c.ID == l.Demo.WithdrawnBy })
	if i < 0 {
		return nil, fmt.Errorf("library.json names no contributor %q", l.Demo.WithdrawnBy)
	}
	return &l.Contributors[i], nil
}
