// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package retrieve

import "dsai.example/dsai"

var ParseEpoch = parseEpoch

// File is where statistics are kept.
func (d Epochs) File(root dsai.Digest) string { return d.file(root) }

// RecordRoundTrip parses a record and writes it again.
func RecordRoundTrip(b []byte) ([]byte, error) {
	var r record
	if err := r.parse(b); err != nil {
		return nil, err
	}
	return r.append(nil), nil
}
