// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package compose

import "dsai.example/dsai"

// CompareQuotes compares the citations of a claim with those that were made again.
func (c Claim) CompareQuotes(made []dsai.Quote) error { return c.compareQuotes(made) }
