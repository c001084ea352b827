// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"maps"
	"slices"
)

// PreTokenizers returns the names of the pre-tokenizers.
func PreTokenizers() []string { return slices.Sorted(maps.Keys(splitters)) }

// Split returns the words into which a pre-tokenizer cuts a text.
func Split(name, text string) []string { return splitters[name].split(text) }

// Shown returns how a vocabulary of pairs writes a byte.
func Shown(b byte) string { return string(toRune[b]) }
