// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Private says why a folder is never ingested with all below it, "" when it may
// be: it is the home of a node or a member's own keys, told by what lies in it,
// since either may be anywhere and under any name.
func Private(dir string) string {
	switch {
	case isFile(dir, "format") && isDir(dir, "keys"):
		return "a dsai home"
	case isFile(dir, "member.json") && holdsKeys(dir):
		return "a folder of a member's keys"
	}
	return ""
}

func isFile(dir, name string) bool {
	i, err := os.Lstat(filepath.Join(dir, name))
	return err == nil && i.Mode().IsRegular()
}

func isDir(dir, name string) bool {
	i, err := os.Stat(filepath.Join(dir, name))
	return err == nil && i.IsDir()
}

func holdsKeys(dir string) bool {
	entries, _ := os.ReadDir(dir) // what it returns beside an error counts
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".pem") || strings.HasSuffix(e.Name(), ".secret") {
			return true
		}
	}
	return false
}

// privateKey finds a private key in the text of a document (RFC 7468; PGP's ends
// in BLOCK). Whoever lends one lends all that it opens.
var privateKey = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY( BLOCK)?-----`)
