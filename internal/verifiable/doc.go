// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package verifiable is the layer in which every answer can be checked: what
// was contributed, under which consent, what was used, and what was recorded.
//
// The directory groups packages and holds no code. Its packages never import
// the other two layers: they meet as values of the root package and as the
// interfaces of internal/pipeline, and internal/node joins them.
//
// Read them in the order of a passage's life: ingest cuts documents into
// passages, consent and purpose decide who may use them, retrieve and rank find
// them, extract and answer quote them, receipt, vc and tlog record that it
// happened.
package verifiable
