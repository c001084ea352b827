// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package openai

import (
	"regexp"
	"strings"
)

// Task is a chat client's own housekeeping, such as naming a conversation. Open
// WebUI and its kin send it as a user message that starts with "### Task:". It
// is no question to the library: it is answered from the request alone, without
// evidence, citations or receipt, and no member's data is consulted for it.
type Task string

// Tasks.
const (
	TaskTitle     Task = "title"
	TaskTags      Task = "tags"
	TaskFollowUps Task = "follow_ups"
	TaskQueries   Task = "queries"
	TaskOther     Task = "other"
)

// taskOf recognises a housekeeping prompt, or returns "".
func taskOf(question string) Task {
	rest, ok := strings.CutPrefix(strings.TrimSpace(question), "### Task:")
	if !ok {
		return ""
	}
	// The conversation quoted below the instruction must not decide.
	head := strings.ToLower(rest[:min(len(rest), 400)])
	if i := strings.Index(head, "### chat history"); i >= 0 {
		head = head[:i]
	}
	switch {
	case strings.Contains(head, "title"):
		return TaskTitle
	case strings.Contains(head, "tags"):
		return TaskTags
	case strings.Contains(head, "follow-up"), strings.Contains(head, "follow_up"):
		return TaskFollowUps
	case strings.Contains(head, "queries"), strings.Contains(head, "search query"):
		return TaskQueries
	}
	return TaskOther
}

var firstUserLine = regexp.MustCompile(`(?im)^\s*(?:user|"content")\s*:\s*(.+)$`)

// Answer returns what the client gets for a task: a title made of the
// conversation's own first words, otherwise an empty result in the JSON shape
// that these clients ask for.
func (t Task) Answer(question string) string {
	switch t {
	case TaskTitle:
		title := "New chat"
		if m := firstUserLine.FindStringSubmatch(question); m != nil {
			words := strings.Fields(Inert(strings.Trim(m[1], `",`)))
			title = strings.Join(words[:min(len(words), 6)], " ")
		}
		return string(mustJSON(map[string]string{"title": title}))
	case TaskTags:
		return `{"tags":[]}`
	case TaskFollowUps:
		return `{"follow_ups":[]}`
	case TaskQueries:
		return `{"queries":[]}`
	}
	return "{}"
}
