// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package gguf reads model files in the GGUF format, versions 2 and 3, little endian: metadata,
// the table of tensors, and the bytes of one tensor at a time.
//
// A model file comes from a stranger. Open reads the header only, allocates nothing that the file is
// too short to hold, and refuses what later code would otherwise trust: lying sizes, tensors that
// overlap or stand twice, unknown types. It never reads weights; ReadTensor does, on demand.
//
// The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
package gguf
