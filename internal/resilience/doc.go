// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package resilience is the layer in which work survives lost nodes: it finds
// an engine for a request and keeps the answer going when the first one dies.
//
// The directory groups packages and holds no code. Its packages never import
// the other two layers: they meet as values of the root package and as the
// interfaces of internal/pipeline, and internal/node joins them.
//
// Built now: upstream, which calls OpenAI-compatible servers that the operator
// named. Mesh, placement and stream resumption follow.
package resilience
