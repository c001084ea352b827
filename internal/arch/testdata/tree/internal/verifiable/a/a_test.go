// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package a_test

import (
	_ "anything.example/test"
	_ "planted.example/internal/resilience/b" // want: layers meet only in internal/node
	_ "planted.example/pipeline"
)
