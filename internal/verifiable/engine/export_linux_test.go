// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

// GroupMemory returns what the control groups permit.
var GroupMemory = groupMemory
