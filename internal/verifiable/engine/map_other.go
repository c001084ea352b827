// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package engine

import "os"

// mapping is of systems where files are mapped.
type mapping struct{}

func mapFile(*os.File, int64) *mapping { return nil }

func (*mapping) readAt([]byte, int64) (int, error) { panic("engine: no mapping") }
func (*mapping) close()                            {}
