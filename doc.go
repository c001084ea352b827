// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package dsai is the vocabulary of Distributed Sovereign AI: the identifiers,
// credentials, receipts and refusals that travel between members, nodes and
// auditors, and the one domain-separated hash that names them.
//
// It holds values only. It performs no I/O, reads no clock and no randomness,
// signs nothing, and imports the standard library alone, so that every other
// package may import it. Canonical encoding and proofs live in
// internal/verifiable/vc; deciding whether a bundle holds lives in verify.
//
// Wire formats are specified in spec/; each type names its section.
package dsai
