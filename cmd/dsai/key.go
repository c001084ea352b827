// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/view"
)

func newKeyCommand(a *app) *cobra.Command {
	var in node.NewKeyArgs
	create := &cobra.Command{
		Use: "new NAME", Short: "make an API key for a program; it is shown once", Args: args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, name []string) error { in.Name = name[0]; return a.keyNew(c.Context(), in) },
	}
	create.Flags().BoolVar(&in.Operator, "operator", false, "it also reads the library, consents, uses and receipts, as you do; it signs nothing")
	create.Flags().IntVar(&in.RequestsPerMinute, "per-minute", 0, "most requests in a minute (default: as all keys, 120)")
	create.Flags().IntVar(&in.TokensPerMinute, "tokens-per-minute", 0, "most tokens of answers in a minute (default: as all keys, 120000)")
	create.Flags().StringSliceVar(&in.For, "for", nil, "purposes that its holder undertakes, the first is the default (default answers)")
	return a.group(&cobra.Command{Use: "key", Short: "API keys, each bound to what its holder undertakes"}, create,
		&cobra.Command{
			Use: "list", Short: "keys and when they were used", Args: args(cobra.NoArgs),
			RunE: func(c *cobra.Command, _ []string) error { return a.keyList(c.Context()) },
		},
		&cobra.Command{
			Use: "revoke NAME|ID", SuggestFor: removing, Short: "end a key at once", Args: args(cobra.ExactArgs(1)),
			RunE: func(c *cobra.Command, in []string) error { return a.keyRevoke(c.Context(), in[0]) },
		})
}

func (a *app) keyNew(ctx context.Context, in node.NewKeyArgs) error {
	var out node.NewKeyResult
	if err := a.call(ctx, "key.new", in, nil, &out); err != nil {
		return err
	}
	if a.json {
		return a.document(out)
	}
	listen := out.Listen
	if listen == "" {
		listen = node.Reach(cmp.Or(a.cfg.Listen, defaultListen), a.cfg.hosts())
		a.note(a.hereFormat("No node is running: start it with dsai up before you use the key.\n"))
	}
	base := "http://" + listen + "/v1"
	a.say("# Key %s, shown only now:\n", out.Name)
	a.say("export OPENAI_BASE_URL=%s\nexport OPENAI_API_KEY=%s\n", base, out.Secret)
	a.say("curl -s $OPENAI_BASE_URL/chat/completions -H \"Authorization: Bearer $OPENAI_API_KEY\" -H 'Content-Type: application/json' -d '{\"model\":\"dsai-extract-1\",\"messages\":[{\"role\":\"user\",\"content\":\"a question\"}]}'\n")
	return nil
}

func (a *app) keyList(ctx context.Context) error {
	out := []view.Key{}
	if err := a.call(ctx, "key.list", node.Nothing{}, nil, &out); err != nil {
		return err
	}
	if a.json {
		return a.document(out)
	}
	if len(out) == 0 {
		a.say("No keys yet.\n")
		a.next("dsai key new NAME")
		return nil
	}
	rows := [][]string{{"NAME", "HOLDER", "FOR", "MADE", "LAST USED", "STATE"}}
	for _, k := range out {
		state := "in force"
		if k.Revoked != 0 {
			state = "revoked " + when(k.Revoked)
		} else if k.Operator {
			state = "in force, reads all"
		}
		if k.RequestsPerMinute > 0 {
			state += fmt.Sprintf(", %s a minute", plural(k.RequestsPerMinute, "request"))
		}
		if k.TokensPerMinute > 0 {
			state += fmt.Sprintf(", %s a minute", plural(k.TokensPerMinute, "token"))
		}
		rows = append(rows, []string{k.Name, k.Short, strings.Join(k.Purposes, ","), when(k.Created), when(k.LastUsed), state})
	}
	a.table(rows...)
	return nil
}

func (a *app) keyRevoke(ctx context.Context, ref string) error {
	var out node.RevokedKey
	if err := a.call(ctx, "key.revoke", node.Ref{Ref: ref}, nil, &out); err != nil {
		return err
	}
	if a.json {
		return a.document(out)
	}
	if out.Before {
		a.say("Key %s was revoked already, at %s.\n", out.Name, when(out.At))
		return nil
	}
	a.say("Key %s opens nothing any more. Another may take its name.\n", out.Name)
	return nil
}
