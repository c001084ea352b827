// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package engine

// machineMemory is unknown here: Config.Memory says how much there is.
func machineMemory() int64 { return 0 }
