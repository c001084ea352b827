// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// mendHelp changes the verb help: cobra's own shows the help of all of dsai for a
// verb that does not exist, and says that all is well.
func mendHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	help := verb(root, "help")
	help.Use, help.Short, help.Long = "help [VERB…]", "the help of a verb", ""
	help.RunE = func(_ *cobra.Command, in []string) error {
		at := root
		for _, name := range in {
			sub := verb(at, name)
			if sub == nil {
				return noVerb(at, name, "help"+strings.TrimPrefix(at.CommandPath(), root.Name()))
			}
			at = sub
		}
		return at.Help()
	}
}

// mendCompletion makes cobra's own verb one like all others: it shows its help for a
// shell that it does not know, and says that all is well.
func (a *app) mendCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	c := a.group(verb(root, "completion"))
	for _, shell := range c.Commands() {
		shell.Args = args(cobra.NoArgs)
	}
}

// verb finds a verb of c by its whole name.
func verb(c *cobra.Command, name string) *cobra.Command {
	for _, sub := range c.Commands() {
		if sub.Name() == name || sub.HasAlias(name) {
			return sub
		}
	}
	return nil
}

// noVerb is the error for a verb that c does not have. What was typed before the
// name, beyond dsai, is before.
func noVerb(c *cobra.Command, name, before string) error {
	hint := "see " + c.CommandPath() + " --help"
	if near := nearest(c, name); near != "" {
		hint = "did you mean: " + strings.Join(strings.Fields("dsai "+before+" "+near), " ")
	}
	return usage(c.CommandPath()+": no verb \""+name+"\"", hint)
}
