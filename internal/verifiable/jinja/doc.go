// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package jinja renders chat templates: the part of the Jinja language that model files use, as the
// tools that write those files set it up (trim_blocks, lstrip_blocks, loop controls).
//
// A template is a stranger's program. It sees the values that it is handed and nothing else: no
// file, no clock, no chance. Its steps, its depth and its output are bounded, and the same template
// and values give the same text on every machine. What this package does not have is an error where
// the template gets to it, never a guess. Package chat is its only user.
package jinja
