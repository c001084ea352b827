// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc

// Inside access for the vectors of others, whose documents are not ours.
var (
	HashData    = hashData
	Verify      = verify
	Unmultibase = unmultibase
	Scan        = scan
	Same        = same
)

// Ordered is what Canonical hands to CanonicalRaw.
func Ordered(v any) ([]byte, error) { return encode(ordered(v)) }

// Without removes members from a canonical object.
func Without(canon []byte, names ...string) []byte {
	members, err := Members(canon)
	if err != nil {
		panic(err)
	}
	return without(canon, members, names...)
}
