// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package pipeline may import only the root.
package pipeline

import (
	_ "net/http"
	_ "planted.example"
	_ "planted.example/internal/verifiable/a" // want: pipeline may not import planted.example/internal/verifiable/a
)
