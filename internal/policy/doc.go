// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package policy reads a co-op's policy document and decides requests by it.
//
// A document has typed parameters, ordered rules in CEL and its own tests;
// Parse runs the tests, so a document that does not do what its authors wrote
// down cannot be adopted. It is written as TOML and named by the digest of its
// canonical JSON.
//
// A policy can only take away. What is permitted is consent AND policy: this
// package never sees a consent, has no value that could stand for one, and its
// numbers are combined with a consent's by the stricter of the two. See
// constitution.md, and spec/policy.md for the format.
//
// The package is deterministic: rules run without clock, time zones, regular
// expressions, loops or goroutines (see environment). It opens no file and
// keeps no state. The node, its gates, verify and the command line may import it.
package policy
