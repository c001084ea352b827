// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"dsai.example/dsai/internal/node"
)

// maxFile bounds what is read from files that others made.
const maxFile = 64 << 20

// readFile reads a file that somebody else may have made.
func readFile(path string) ([]byte, error) {
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, usage(err.Error(), "")
	case !st.Mode().IsRegular():
		return nil, usage(fmt.Sprintf("read %s: not a file", path), "")
	case st.Size() > maxFile:
		return nil, usage(fmt.Sprintf("read %s: %s, at most %s", path, size(st.Size()), size(maxFile)), "")
	}
	return os.ReadFile(path)
}

// readJSON reads a file of ours with the given value of its member "format".
func readJSON[T any](path, format string, v *T) error {
	b, err := readFile(path)
	if err != nil {
		return err
	}
	return decodeJSON(path, b, format, v)
}

func decodeJSON[T any](path string, b []byte, format string, v *T) error {
	if formatOf(b) != format {
		return usage(fmt.Sprintf("read %s: not a file of format %s", path, format), formatHint(format))
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return usage(fmt.Sprintf("read %s: %v", path, err), "")
	}
	return nil
}

// formatOf returns what a file of ours says it is, "" when it says nothing.
func formatOf(b []byte) string {
	var head struct {
		Format string `json:"format"`
	}
	if json.Unmarshal(b, &head) != nil {
		return ""
	}
	return head.Format
}

// formatHint says which verb makes a file.
func formatHint(format string) string {
	switch format {
	case node.RequestFormat:
		return "the operator makes it with: dsai consent request PATH… --to NAME"
	case node.SignedFormat, node.SignedAdditionsFormat:
		return "the member makes it with: dsai consent sign FILE"
	case node.KeysFormat:
		return "the member makes it with: dsai member rotate"
	case memberFormat:
		return "the member makes it with: dsai member init NAME"
	}
	return ""
}
