// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/node"
)

// app is what all verbs share: where they read and write, and the global flags.
type app struct {
	in       *os.File
	out, err io.Writer
	typed    []string // the arguments of dsai

	cfg       Config
	typedHome string          // the home, as a flag or the environment named it
	verbs     map[string]bool // the names after dsai

	json bool // one JSON document instead of text
	yes  bool // ask nothing
	long bool // full digests
}

// part is a group of verbs in the help.
type part struct {
	title string
	verbs []*cobra.Command
}

// parts are the verbs in the order in which a newcomer needs them. A verb that
// is not built yet is not here.
func parts(a *app) []part {
	return []part{
		{"Begin", []*cobra.Command{newInitCommand(a), newAddCommand(a), newAskCommand(a), newVerifyCommand(a), newUpCommand(a), newDemoCommand(a)}},
		{"Documents, and who agreed to what", []*cobra.Command{
			newUsesCommand(a), newConsentCommand(a), newDocsCommand(a), newMemberCommand(a), newWatchCommand(a), newExportCommand(a)}},
		{"Answers and receipts", []*cobra.Command{
			newOpenCommand(a), newSearchCommand(a), newReceiptsCommand(a), newReceiptCommand(a), newExplainCommand(a), newTrustCommand(a)}},
		{"Programs, engines and rules", []*cobra.Command{newKeyCommand(a), newModelCommand(a), newPurposesCommand(a), newPolicyCommand(a)}},
		{"Keep the node", []*cobra.Command{
			newStatusCommand(a), newBackupCommand(a), newRestoreCommand(a), newFsckCommand(a), newLogCommand(a),
			newServiceCommand(a), newNodeCommand(a), newConfigCommand(a)}},
	}
}

func newRoot(a *app) *cobra.Command {
	root := a.group(&cobra.Command{
		Use:   "dsai",
		Short: "answers from documents that their owners lend, with receipts that anybody can check",
		Long: `dsai answers questions from documents whose owners consented, and gives a
receipt that anybody can check offline. Start with:

  dsai init                  found a co-op of one
  dsai add PATH              lend it your files
  dsai ask "a question"      ask them
  dsai verify                check the answer

It ends with 0 when all is well, 1 when something failed, 2 when the command
makes no sense, 3 when consent, policy or evidence said no, 4 when a proof does
not hold, 5 when it is worth another try.`,
		Version:           displayVersion(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error { return errors.Join(flags(c), a.configure(c)) },
	})
	cobra.EnableCommandSorting = false
	for _, p := range parts(a) {
		root.AddGroup(&cobra.Group{ID: p.title, Title: p.title + ":"})
		for _, c := range p.verbs {
			c.GroupID = p.title
		}
		root.AddCommand(p.verbs...)
		root.SetHelpCommandGroupID(p.title) // the last
		root.SetCompletionCommandGroupID(p.title)
	}
	mendHelp(root)
	a.mendCompletion(root)
	a.verbs = verbsOf(root)
	f := root.PersistentFlags()
	f.String("home", "", "folder that holds the node (default $DSAI_HOME, else dsai in the XDG data folder)")
	f.String("as", "", "member to act for, by name (default: the founder)")
	f.BoolVar(&a.json, "json", false, "print one JSON document")
	f.BoolVar(&a.yes, "yes", false, "ask no questions: yes to all")
	f.BoolVar(&a.long, "long", false, "full digests instead of short ids")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		// The flags after the wrong one were not read, and --json may be among them.
		a.json = a.json || slices.Contains(a.typed, "--json")
		return usage(err.Error(), "see "+c.CommandPath()+" --help")
	})
	root.SetOut(a.out)
	root.SetErr(a.err)
	return root
}

// flags refuses what would mean the same as the flag left out, which is not what it
// says: a number below one where it says how many at most, and no purpose at all.
func flags(c *cobra.Command) error {
	if f := c.Flags().Lookup("for"); f != nil && f.Changed && strings.Trim(f.Value.String(), "[]") == "" {
		return usage("--for names no purpose", "leave it out, or name some: see dsai purposes")
	}
	for _, name := range []string{"limit", "passages", "per-minute", "quote-max", "tokens-per-minute"} {
		f := c.Flags().Lookup(name)
		if f == nil || !f.Changed {
			continue
		}
		if n, err := c.Flags().GetInt(name); err == nil && n < 1 {
			return usage(fmt.Sprintf("--%s %d: want 1 or more", name, n), "leave it out, or give a number: "+f.Usage)
		}
	}
	return nil
}

func displayVersion() string {
	if version == "" {
		return "dev"
	}
	return version
}

// group makes a command that only holds others.
func (a *app) group(c *cobra.Command, subs ...*cobra.Command) *cobra.Command {
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, args []string) error {
		path := strings.TrimSpace(strings.TrimPrefix(c.CommandPath(), c.Root().Name()))
		switch {
		case len(args) > 0 && args[0] != "help":
			return noVerb(c, args[0], path)
		case a.json: // help is for people
			return usage(c.CommandPath()+": no verb named", "see "+c.CommandPath()+" --help")
		}
		return c.Help()
	}
	c.AddCommand(subs...)
	if list := verb(c, "list"); list != nil {
		list.SuggestFor = listing
	}
	return c
}

// args turns cobra's complaint about arguments into a usage error. An empty one names
// nothing: mostly a variable of a script that was not set.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, in []string) error {
		if err := check(c, in); err != nil {
			return usage(err.Error(), "usage: "+c.UseLine())
		}
		if slices.Contains(in, "") {
			return usage(c.CommandPath()+": an argument is empty", "usage: "+c.UseLine())
		}
		return nil
	}
}

// usage is an error of whoever typed the command.
func usage(message, hint string) error {
	return &control.Error{Kind: control.Usage, Message: message, Hint: hint}
}

// refused is a reasoned no.
func refused(message, hint string) error {
	return &control.Error{Kind: control.Refused, Message: message, Hint: hint}
}

// shown ends a verb with an exit code when everything has been said already.
type shown control.Kind

func (shown) Error() string { return "shown" }

// codes are the exit codes.
var codes = map[control.Kind]int{
	control.Failed: 1, control.Usage: 2, control.Refused: 3, control.Unverified: 4, control.Unavailable: 5,
}

// finish shows an error and returns the exit code.
func (a *app) finish(err error) int {
	if err == nil {
		return 0
	}
	if s, ok := errors.AsType[shown](err); ok {
		return codes[control.Kind(s)]
	}
	e := a.described(err)
	if a.json {
		a.document(struct {
			Error *control.Error `json:"error"`
		}{e})
		return codes[e.Kind]
	}
	a.note("dsai: error: %s\n", e.Message)
	if e.Hint != "" {
		a.note("dsai: hint: %s\n", e.Hint)
	}
	return codes[e.Kind]
}

// described is an error as people are told of it, with a hint that works in the
// home that they named.
func (a *app) described(err error) *control.Error {
	if errors.Is(err, context.Canceled) {
		return &control.Error{Kind: control.Failed, Message: "interrupted", Hint: "nothing that was acknowledged is lost; run the command again"}
	}
	e := *node.Describe(err)
	e.Hint = a.here(e.Hint)
	return &e
}

func (a *app) home() node.Home { return node.Home(a.cfg.Home) }

// nodeConfig is how this program opens a home.
func (a *app) nodeConfig() node.Config {
	v := slog.LevelWarn
	if a.cfg.Log != "" {
		_ = v.UnmarshalText([]byte(a.cfg.Log)) // checked by configure
	}
	return node.Config{
		Home: a.home(), Region: a.cfg.Region, Version: displayVersion(),
		Logger: slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: v})),
		Say:    func(line string) { a.note("dsai: %s\n", a.here(line)) },
	}
}

// call asks the node that owns the home: the running one, else one opened here
// for this call. Closing that one waits until the log holds what was done.
func (a *app) call(ctx context.Context, method string, params any, progress func(json.RawMessage), result any) error {
	c, done, err := a.connect(ctx)
	if err != nil {
		return err
	}
	return errors.Join(c.Call(ctx, method, params, progress, result), done())
}

// connect returns a node to ask and how to let go of it. It never waits for a
// lock without end: a home in use by another verb is given up after a few seconds.
func (a *app) connect(ctx context.Context) (control.Caller, func() error, error) {
	if r, err := control.Dial(a.home().Socket()); err == nil {
		return r, r.Close, nil
	}
	n, err := node.Open(ctx, a.nodeConfig())
	if errors.Is(err, node.ErrInUse) {
		// Perhaps a node started between the two.
		if r, err := control.Dial(a.home().Socket()); err == nil {
			return r, r.Close, nil
		}
	}
	if err != nil {
		return nil, nil, err
	}
	return n.Methods(), n.Close, nil
}
