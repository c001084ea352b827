// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package a has a module that its row allows.
package a

import (
	_ "allowed.example/module/sub"
	_ "allowed.example/modules"               // want: may not import allowed.example/modules
	_ "planted.example/internal/resilience/b" // want: layers meet only in internal/node
)
