// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package dep is not deterministic itself; the planted package uses its types.
package dep

// Names is a map under a name.
type Names map[string]string

// Weight is a float under a name.
type Weight float32
