// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vc

import "reflect"

// Inside access for the vectors of others, whose documents are not ours.
var (
	HashData    = hashData
	Verify      = verify
	Unmultibase = unmultibase
)

// Scan reports whether b is canonical.
func Scan(b []byte) (bool, error) {
	_, canonical, err := scan(b)
	return canonical, err
}

// Without removes members from a canonical object.
func Without(canon []byte, names ...string) []byte {
	members, err := Members(canon)
	if err != nil {
		panic(err)
	}
	return without(members, names...)
}

// ReadCanonical reads canonical text without encoding/json, where that can be done.
func ReadCanonical[T any](canon []byte) (v T, ok bool) {
	ok = readCanonical(canon, &v)
	return v, ok
}

// HasShape reports whether values of type t are read without encoding/json.
func HasShape(t reflect.Type) bool { return shapeOf(t) != nil }

// ReadShape is ReadCanonical for a pointer to a value of any type.
func ReadShape(canon []byte, p reflect.Value) bool {
	t := text{canon: canon, s: string(canon)}
	return shapeOf(p.Type().Elem()).read(&t, p.Elem()) && t.i == len(canon)
}
