// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package infer

import "dsai.example/dsai/internal/verifiable/tensor"

// overhead of an item is what it takes beside its numbers: slices, a result, and what memory is rounded up to.
const overhead = 4 << 10

// WorkspaceBytes returns how much memory a workspace takes at most that has made steps of so many items
// on so many threads, the logits of some of them wanted. A stranger's file says how large a model's
// items are: whoever serves it asks first. Config.Vocabulary must be known.
func (c *Config) WorkspaceBytes(items, logits, threads int) int64 {
	n := int64(items)*c.itemBytes() + int64(min(items, logits))*int64(c.Vocabulary)*4
	return n + int64(threads)*c.scratchBytes(items)
}

// ItemsWithin returns how many items, 1 to most, a step may have whose workspace takes no more than so
// many bytes. One is always permitted.
func (c *Config) ItemsWithin(bytes int64, most, logits, threads int) int {
	n := max(1, most)
	for n > 1 && c.WorkspaceBytes(n, logits, threads) > bytes {
		n--
	}
	return n
}

// itemBytes is what resize makes for an item.
func (c *Config) itemBytes() int64 {
	queries, keys := c.Heads*c.Head, c.KeyHeads*c.Head
	numbers := 2*c.Width + queries + 2*keys + c.Inner // hidden and sum, query, key and value, up
	activations := tensor.ActivationBytes(c.Width) + tensor.ActivationBytes(queries) + tensor.ActivationBytes(c.Inner)
	turns := 2 * c.Head // at most: see Rotary.newTurns
	return int64(numbers+turns)*4 + activations + overhead
}

// scratchBytes is what a thread's part of the attention takes: see cut for how many items a span has.
func (c *Config) scratchBytes(items int) int64 {
	group := c.Heads / c.KeyHeads
	scores := min(items*group*c.Context, max(spanNumbers, group*c.Context))
	sums := min(items*group, max(spanNumbers, group))
	return int64(pageTokens*c.Head+scores+sums)*4 + overhead
}
