// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package token turns text into a model's tokens and back, by the vocabulary in the model's file:
// SentencePiece's unigram scores ("llama") and byte-level pairs ("gpt2").
//
// Text never becomes a control token, whatever it spells, unless the caller says that it may: passages
// and questions come from strangers, and a control token ends their turn.
package token
