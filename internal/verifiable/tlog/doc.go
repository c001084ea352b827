// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package tlog keeps the node's transparency log: an append-only Merkle tree of
// leaves of at most 64 bytes, stored and served as C2SP tlog-tiles under signed
// C2SP tlog-checkpoints. A [Log] owns a log directory and sequences an [Outbox]
// into it; a [Reader] reads the same directory, also while another process owns it.
//
// It never looks inside a leaf, never decides what is logged, and never verifies
// for outsiders: that is package verify, which shares no code with this one. It is
// the only importer of Tessera, whose types appear in no signature. Only
// internal/node, programs and tests that drive a log may import it.
package tlog
