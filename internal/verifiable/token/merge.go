// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"cmp"
	"container/heap"
)

// merge joins neighbours of symbols until no two may be joined, the best pair first and of equal ones
// the leftmost. rank says whether two neighbours may be joined, and how well; less is better.
// It takes n log n steps for n symbols.
func merge(symbols []string, rank func(a, b string) (float64, bool)) []string {
	if len(symbols) < 2 {
		return symbols
	}
	m := &merger{symbols: symbols, next: make([]int, len(symbols)), last: make([]int, len(symbols)), rank: rank}
	for i := range symbols {
		m.next[i], m.last[i] = i+1, i-1
	}
	for i := range len(symbols) - 1 {
		m.offer(i)
	}
	for len(m.queue) > 0 {
		p := heap.Pop(&m.queue).(pair)
		if m.current(p) {
			m.join(p.left)
		}
	}
	out := symbols[:0]
	for i := 0; i < len(m.next); i = m.next[i] {
		out = append(out, symbols[i])
	}
	return out
}

// merger is symbols as a linked list, and the pairs that may be joined.
type merger struct {
	symbols    []string
	next, last []int
	rank       func(a, b string) (float64, bool)
	queue      queue
}

type pair struct {
	rank        float64
	left, right int
	bytes       int // of both when the pair was offered
}

func (m *merger) offer(left int) {
	right := m.next[left]
	if right >= len(m.symbols) {
		return
	}
	a, b := m.symbols[left], m.symbols[right]
	if r, ok := m.rank(a, b); ok {
		heap.Push(&m.queue, pair{r, left, right, len(a) + len(b)})
	}
}

// current reports whether neither side of the pair was joined to something else meanwhile.
func (m *merger) current(p pair) bool {
	a, b := m.symbols[p.left], m.symbols[p.right]
	return a != "" && b != "" && m.next[p.left] == p.right && len(a)+len(b) == p.bytes
}

func (m *merger) join(left int) {
	right := m.next[left]
	m.symbols[left] += m.symbols[right]
	m.symbols[right] = ""
	m.next[left] = m.next[right]
	if m.next[left] < len(m.symbols) {
		m.last[m.next[left]] = left
	}
	if m.last[left] >= 0 {
		m.offer(m.last[left])
	}
	m.offer(left)
}

// queue is a heap.
type queue []pair

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[i].rank, q[j].rank), cmp.Compare(q[i].left, q[j].left)) < 0
}
func (q *queue) Push(x any) { *q = append(*q, x.(pair)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
