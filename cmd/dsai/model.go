// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/view"
)

func newModelCommand(a *app) *cobra.Command {
	var m node.ModelArgs
	add := &cobra.Command{
		Use: "add FILE.gguf | URL --name NAME", Short: "answer with a model file, or with an OpenAI-compatible server", Args: args(cobra.ExactArgs(1)),
		Long: `Adds an engine. A GGUF file (llama, qwen2 and qwen3 models) is run by dsai itself:
it is copied into the home, read whole and loaded once before it is accepted, and
its answers can be made again by anybody who has the file. A server is asked over
the network; its answers are recorded only. One on another machine is given only
passages whose owners agreed to share them: dsai add --share, or consent request
--share.`,
		Example: "  dsai model add qwen3-4b-q4_k_m.gguf\n  dsai model add http://127.0.0.1:11434/v1 --name small --model qwen3:4b",
		RunE:    func(c *cobra.Command, in []string) error { return a.modelAdd(c.Context(), in[0], m) },
	}
	add.Flags().StringVar(&m.Name, "name", "", "what to call it here (of a file: default, what it calls itself)")
	add.Flags().StringVar(&m.Remote, "model", "", "of a server: the model's name there (default: the only one)")
	add.Flags().BoolVar(&m.Link, "link", false, "of a file: leave it where it is and do not copy it")
	one := func(use, short string, f func(context.Context, string) error) *cobra.Command {
		return &cobra.Command{
			Use: use + " NAME", Short: short, Args: args(cobra.ExactArgs(1)),
			RunE: func(c *cobra.Command, in []string) error { return f(c.Context(), in[0]) },
		}
	}
	rm := one("rm", "forget a model, and remove its copy in the home", a.modelRemove)
	rm.SuggestFor = removing
	return a.group(&cobra.Command{Use: "model", Short: "engines that can be asked"},
		&cobra.Command{
			Use: "list", Short: "engines, the default first", Args: args(cobra.NoArgs),
			RunE: func(c *cobra.Command, _ []string) error { return a.modelList(c.Context()) },
		},
		add, one("show", "what receipts say of an engine", a.modelShow), rm,
		&cobra.Command{
			Use: "bench NAME [QUESTION…]", Short: "time a model file, or questions of your own on any engine", Args: args(cobra.MinimumNArgs(1)),
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
	case m.File != nil && m.File.Problem != "":
		return m.File.Path + " (cannot be used)"
	case m.File != nil && m.File.Linked:
		return m.File.Path
	case m.URL == "":
		return "in dsai"
	case m.Loopback:
		return m.URL + " (this machine)"
	}
	return m.URL + " (elsewhere: only passages whose owners agreed to share)"
}

func (a *app) modelAdd(ctx context.Context, what string, m node.ModelArgs) error {
	if !strings.Contains(what, "://") {
		return a.modelAddFile(ctx, what, m)
	}
	if m.Name == "" {
		return usage("add model: no name", "dsai model add "+quoteFile(what)+" --name NAME")
	}
	if m.Link {
		return usage("add model: --link is for files", "")
	}
	var out view.Model
	m.URL = what
	if err := a.call(ctx, "model.add", m, nil, &out); err != nil {
		return err
	}
	if a.json {
		return a.document(out)
	}
	a.say("%s answers from %s. Its answers are %s: they can be checked, not made again.\n", out.ID, whereModel(out), out.Assurance)
	a.next("dsai ask --model %s \"…\"", quote(out.ID))
	return nil
}

func (a *app) modelAddFile(ctx context.Context, path string, m node.ModelArgs) error {
	if m.Remote != "" {
		return usage("add model: --model is for servers", "dsai model add "+quoteFile(path))
	}
	if _, err := os.Stat(path); err != nil {
		return usage(fmt.Sprintf("add model %s: it is neither a file nor a URL", path), "dsai model add FILE.gguf, or dsai model add URL --name NAME")
	}
	var err error
	if m.Path, err = filepath.Abs(path); err != nil { // the node may run in another folder
		return err
	}
	var out view.Model
	if err := a.call(ctx, "model.add", m, a.modelProgress(), &out); err != nil {
		return err
	}
	if a.json {
		return a.document(out)
	}
	f := out.File
	a.say("%s answers in dsai: %s, %s parameters, %s, context of %d tokens, licence %s.\n", out.ID, f.Architecture, thousands(f.Parameters), size(f.Size), f.Context, license(f))
	a.say("Its fingerprint is %s.\n", out.Fingerprint)
	a.say("Its answers are %s: their receipts name that fingerprint, the sampling and the seed, and whoever has\nthe file can make an answer again with dsai verify --replay. Backups leave the file out.\n", out.Assurance)
	if f.Template == "plain" {
		a.say("The file has no chat template, as base models have none: they are given plain text and seldom follow it.\n")
	}
	a.next("dsai ask --model %s \"…\"", quote(out.ID))
	return nil
}

func license(f *view.ModelFile) string { return cmp.Or(inert.Line(f.License), "not stated") }

func thousands(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f billion", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f million", float64(n)/1e6)
	}
	return fmt.Sprint(n)
}

// modelProgress tells a person at a terminal how far an addition is.
func (a *app) modelProgress() func(json.RawMessage) {
	return func(raw json.RawMessage) {
		var p node.ModelProgress
		if a.json || !terminal(a.err) || json.Unmarshal(raw, &p) != nil || p.Total == 0 {
			return
		}
		a.note("\r%s %d %%", p.Step, 100*p.Done/p.Total)
		if p.Done == p.Total {
			a.note("\n")
		}
	}
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
		rows := [][]string{{"model", m.ID}, {"engine", string(m.Class) + ", " + m.Engine}, {"answers are", string(m.Assurance)},
			{"where", whereModel(m)}, {"fingerprint", m.Fingerprint.String()}}
		if f := m.File; f != nil && f.Problem == "" {
			rows = append(rows, []string{"calls itself", f.Name}, []string{"architecture", f.Architecture + ", " + thousands(f.Parameters) + " parameters, " + size(f.Size)},
				[]string{"numbers", m.Profile + ", by " + f.Kernel}, []string{"context", fmt.Sprintf("%d tokens", f.Context)}, []string{"chat template", f.Template}, []string{"licence", license(f)})
		} else if f != nil {
			rows = append(rows, []string{"problem", f.Problem})
		}
		a.table(rows...)
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

// modelSpeed measures a model file without documents.
func (a *app) modelSpeed(ctx context.Context, name string) error {
	var out node.Benched
	if err := a.call(ctx, "model.bench", node.BenchArgs{Name: name}, nil, &out); err != nil {
		return err
	}
	if a.json {
		return a.document(out)
	}
	a.say("%s: reads %.1f tokens/s (%d), writes %.1f tokens/s (%d), loaded in %d ms, computed by %s.\n",
		out.Model, out.Prefill, out.PromptTokens, out.Decode, out.OutputTokens, out.LoadMillis, out.Kernel)
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
	if len(questions) == 0 {
		return a.modelSpeed(ctx, name)
	}
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
