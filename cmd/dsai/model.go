// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/view"
)

func newModelCommand(a *app) *cobra.Command {
	var name, remote string
	add := &cobra.Command{
		Use: "add URL --name NAME", Short: "use an OpenAI-compatible server as an engine", Args: args(cobra.ExactArgs(1)),
		Example: "  dsai model add http://127.0.0.1:11434/v1 --name small --model qwen3:4b",
		RunE:    func(c *cobra.Command, in []string) error { return a.modelAdd(c.Context(), in[0], name, remote) },
	}
	add.Flags().StringVar(&name, "name", "", "what to call it here")
	add.Flags().StringVar(&remote, "model", "", "its name on the server (default: the only one there)")
	one := func(use, short string, f func(context.Context, string) error) *cobra.Command {
		return &cobra.Command{
			Use: use + " NAME", Short: short, Args: args(cobra.ExactArgs(1)),
			RunE: func(c *cobra.Command, in []string) error { return f(c.Context(), in[0]) },
		}
	}
	return group(&cobra.Command{Use: "model", Short: "engines that can be asked"},
		&cobra.Command{
			Use: "list", Short: "engines, the default first", Args: args(cobra.NoArgs),
			RunE: func(c *cobra.Command, _ []string) error { return a.modelList(c.Context()) },
		},
		add, one("show", "what receipts say of an engine", a.modelShow), one("rm", "forget a server", a.modelRemove),
		&cobra.Command{
			Use: "bench NAME QUESTION…", Short: "time questions of your own on an engine", Args: args(cobra.MinimumNArgs(2)),
			RunE: func(c *cobra.Command, in []string) error { return a.modelBench(c.Context(), in[0], in[1:]) },
		})
}

func (a *app) models(ctx context.Context) (out []view.Model, err error) {
	return out, a.call(ctx, "model.list", node.Nothing{}, nil, &out)
}

func (a *app) modelList(ctx context.Context) error {
	out, err := a.models(ctx)
	if err != nil {
		return err
	}
	if a.json {
		return a.document(out)
	}
	rows := [][]string{{"MODEL", "ENGINE", "ANSWERS ARE", "WHERE", ""}}
	for _, m := range out {
		def := ""
		if m.Default {
			def = "default"
		}
		rows = append(rows, []string{m.ID, string(m.Class), string(m.Assurance), whereModel(m), def})
	}
	a.table(rows...)
	return nil
}

func whereModel(m view.Model) string {
	switch {
	case m.URL == "":
		return "in dsai"
	case m.Loopback:
		return m.URL + " (this machine)"
	}
	return m.URL + " (elsewhere: only passages whose owners agreed to share)"
}

func (a *app) modelAdd(ctx context.Context, url, name, remote string) error {
	if !strings.Contains(url, "://") {
		return usage(fmt.Sprintf("add model %s: not a URL", url), "model files are not run by this version; add a server: dsai model add URL --name NAME")
	}
	if name == "" {
		return usage("add model: no name", "dsai model add "+quote(url)+" --name NAME")
	}
	var out view.Model
	if err := a.call(ctx, "model.add", node.ModelArgs{Name: name, URL: url, Remote: remote}, nil, &out); err != nil {
		return err
	}
	if a.json {
		return a.document(out)
	}
	a.say("%s answers from %s. Its answers are %s: they can be checked, not made again.\n", out.ID, whereModel(out), out.Assurance)
	a.next("dsai ask --model %s \"…\"", quote(out.ID))
	return nil
}

func (a *app) modelShow(ctx context.Context, name string) error {
	all, err := a.models(ctx)
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.ID != name {
			continue
		}
		if a.json {
			return a.document(m)
		}
		a.table([]string{"model", m.ID}, []string{"engine", string(m.Class) + ", " + m.Engine}, []string{"answers are", string(m.Assurance)},
			[]string{"where", whereModel(m)}, []string{"fingerprint", m.Fingerprint.String()})
		return nil
	}
	return usage(fmt.Sprintf("no model %q", name), "see dsai model list")
}

func (a *app) modelRemove(ctx context.Context, name string) error {
	if err := a.call(ctx, "model.rm", node.Ref{Ref: name}, nil, nil); err != nil {
		return err
	}
	if a.json {
		return a.document(map[string]string{"removed": name})
	}
	a.say("%s is no engine of this node any more.\n", name)
	return nil
}

// benched is one question of dsai model bench --json.
type benched struct {
	Question string      `json:"question"`
	Millis   int64       `json:"milliseconds"`
	Words    int         `json:"words"`
	Refusal  dsai.Code   `json:"refusal,omitempty"`
	Receipt  dsai.Digest `json:"receipt"`
}

// modelBench asks real questions, so that what is timed is what people wait
// for; each leaves a receipt like any other.
func (a *app) modelBench(ctx context.Context, name string, questions []string) (err error) {
	c, done, err := a.connect(ctx)
	if err != nil {
		return err
	}
	out, err := bench(ctx, c, name, questions)
	if cerr := done(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	if a.json {
		return a.document(out)
	}
	rows := [][]string{{"TIME", "WORDS", "RESULT", "QUESTION"}}
	var sum int64
	for _, b := range out {
		result := "answered"
		if b.Refusal != "" {
			result = string(b.Refusal)
		}
		sum += b.Millis
		rows = append(rows, []string{fmt.Sprintf("%d ms", b.Millis), fmt.Sprint(b.Words), result, clip(b.Question, 60)})
	}
	a.table(rows...)
	a.say("\n%s on %s, %d ms on average.\n", plural(len(out), "question"), name, sum/int64(len(out)))
	return nil
}

func bench(ctx context.Context, c control.Caller, name string, questions []string) ([]benched, error) {
	out := []benched{}
	for _, q := range questions {
		var r node.Asked
		start := time.Now()
		if err := c.Call(ctx, "ask", node.AskArgs{Question: q, Model: name}, nil, &r); err != nil {
			return nil, err
		}
		b := benched{Question: q, Millis: time.Since(start).Milliseconds(), Words: len(strings.Fields(r.Answer)), Receipt: r.Receipt}
		if r.Refusal != nil {
			b.Refusal = r.Refusal.Code
		}
		out = append(out, b)
	}
	return out, nil
}
