// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package gguf

import (
	"fmt"
	"math"
)

// Metadata value types (enum gguf_metadata_value_type).
const (
	kindUint8 uint32 = iota
	kindInt8
	kindUint16
	kindInt16
	kindUint32
	kindInt32
	kindFloat32
	kindBool
	kindString
	kindArray
	kindUint64
	kindInt64
	kindFloat64
)

// leastBytes is the fewest bytes that a value of each type takes in the file.
var leastBytes = [...]int64{1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8}

// A KeyError says that the metadata lacks a key or holds something else under it.
type KeyError struct {
	Key  string
	Want string // "a string", "a whole number", …
	Has  any    // nil: the key is missing
}

func (e *KeyError) Error() string {
	if e.Has == nil {
		return fmt.Sprintf("metadata %s is missing, want %s", e.Key, e.Want)
	}
	return fmt.Sprintf("metadata %s is a %T, want %s", e.Key, e.Has, e.Want)
}

// Has reports whether the metadata holds key.
func (f *File) Has(key string) bool {
	_, ok := f.meta[key]
	return ok
}

// Keys returns the metadata's keys in file order.
func (f *File) Keys() []string { return f.keys }

// Text returns the string under key.
func (f *File) Text(key string) (string, error) { return value[string](f, key, "a string") }

// Texts returns the array of strings under key. The caller must not change it.
func (f *File) Texts(key string) ([]string, error) {
	return value[[]string](f, key, "an array of strings")
}

// Floats returns the array of floats under key. The caller must not change it.
func (f *File) Floats(key string) ([]float64, error) {
	return value[[]float64](f, key, "an array of numbers with a fraction")
}

// Ints returns the array of whole numbers under key. The caller must not change it.
func (f *File) Ints(key string) ([]int64, error) {
	return value[[]int64](f, key, "an array of whole numbers")
}

// Bool returns the truth value under key.
func (f *File) Bool(key string) (bool, error) { return value[bool](f, key, "true or false") }

// Float returns the number under key, which is finite.
func (f *File) Float(key string) (float64, error) {
	switch v := f.meta[key].(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, fmt.Errorf("metadata %s is %v", key, v)
		}
		return v, nil
	case int64:
		return float64(v), nil
	}
	return 0, &KeyError{key, "a number", f.meta[key]}
}

// Int returns the whole number under key, which lies in [least, most].
func (f *File) Int(key string, least, most int) (int, error) {
	v, err := value[int64](f, key, "a whole number")
	if err != nil {
		return 0, err
	}
	if v < int64(least) || v > int64(most) {
		return 0, fmt.Errorf("metadata %s is %d, want %d to %d", key, v, least, most)
	}
	return int(v), nil
}

func value[T any](f *File, key, want string) (T, error) {
	v, ok := f.meta[key].(T)
	if !ok {
		return v, &KeyError{key, want, f.meta[key]}
	}
	return v, nil
}
