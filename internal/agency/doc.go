// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package agency is the layer in which members decide, and are paid: votes
// over policy, membership, and the sharing of what the commons earns.
//
// The directory groups packages and holds no code yet. Until it does, policy
// comes from a document that the founder signed, see internal/policy; votes
// will replace that source and nothing else. Its packages will never import
// the other two layers, and nothing imports them but internal/node.
package agency
