// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/ingest"
)

// meter shows how far an ingest is, in one line that rewrites itself on a
// terminal, else now and then.
type meter struct {
	a     *app
	live  bool
	drawn bool
	last  time.Time
}

func (a *app) meter() *meter { return &meter{a: a, live: terminal(os.Stderr), last: time.Now()} }

func (m *meter) show(raw json.RawMessage) {
	var w node.Waiting
	if json.Unmarshal(raw, &w) == nil && w.For != "" {
		m.a.note("waiting for %s to finish\n", w.For)
		return
	}
	var p ingest.Progress
	if json.Unmarshal(raw, &p) != nil || m.a.json {
		return
	}
	every := 10 * time.Second
	if m.live {
		every = 100 * time.Millisecond
	}
	if time.Since(m.last) < every {
		return
	}
	m.last, m.drawn = time.Now(), true
	line := fmt.Sprintf("%d/%d files, %s, %s/s", p.Files, p.FilesTotal, plural(p.Passages, "passage"), size(p.Rate))
	if p.ETA > 0 {
		line += ", " + p.ETA.Round(time.Second).String() + " left"
	}
	if !m.live {
		m.a.note("%s\n", line)
		return
	}
	m.a.note("\r\x1b[K%s  %s", line, clip(filepath.Base(p.Path), 40))
}

func (m *meter) clear() {
	if m.live && m.drawn {
		m.a.note("\r\x1b[K")
	}
}
