// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// commands are the commands of this program in a text for people.
var commands = regexp.MustCompile(`\bdsai ([a-z]+)(?: [a-z]+)?`)

// elsewhere are the words before a command that is for another machine, up to the
// next semicolon.
var elsewhere = regexp.MustCompile(`(there|makes (it |one )?with): [^;]*$`)

// here makes the commands in a hint such that they work as they are printed: with
// the path by which dsai was called, and with the home that a flag or the
// environment named. Commands for other machines, and of those who keep keys of
// their own, stay as they are.
func (a *app) here(hint string) string { return a.called(hint, self()+a.homeFlag()) }

// hereFormat is here for a format of fmt, in which a percent sign is two.
func (a *app) hereFormat(format string) string {
	return a.called(format, strings.ReplaceAll(self()+a.homeFlag(), "%", "%%"))
}

// homeFlag repeats the home that was named, as it was typed.
func (a *app) homeFlag() string {
	if a.typedHome == "" {
		return ""
	}
	return " --home " + quote(a.typedHome)
}

func (a *app) called(hint, self string) string {
	var out strings.Builder
	done := 0
	for _, m := range commands.FindAllStringSubmatchIndex(hint, -1) {
		out.WriteString(hint[done:m[0]])
		done = m[1]
		command := hint[m[0]:m[1]]
		if a.verbs[hint[m[2]:m[3]]] && !homeless(command, hint[m[1]:]) && !elsewhere.MatchString(hint[:m[0]]) {
			command = self + strings.TrimPrefix(command, "dsai")
		}
		out.WriteString(command)
	}
	return out.String() + hint[done:]
}

// homeless reports whether a command uses no home, or names one: it signs with keys
// of one's own, restores, or shows help.
func homeless(command, rest string) bool {
	return command == "dsai consent sign" || command == "dsai member init" || strings.HasPrefix(command, "dsai restore") ||
		strings.HasPrefix(rest, " --sign") || strings.HasPrefix(rest, " --help")
}

// self is how this program was called, so that what it proposes can be pasted.
func self() string {
	if strings.ContainsRune(os.Args[0], filepath.Separator) {
		return quote(os.Args[0])
	}
	return "dsai"
}

// verbsOf names the verbs of a command.
func verbsOf(c *cobra.Command) map[string]bool {
	out := map[string]bool{}
	for _, sub := range c.Commands() {
		out[sub.Name()] = true
	}
	return out
}
