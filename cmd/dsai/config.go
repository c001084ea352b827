// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	_ "embed"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"

	"dsai.example/dsai/internal/node"
)

// Config is what can be configured: by flag, by the environment variable
// DSAI_KEY, in $XDG_CONFIG_HOME/dsai/config.toml or in /etc/dsai/config.toml,
// the first that says something. Unknown keys are errors. The comments of the
// fields are the manual: see dsai config explain.
type Config struct {
	// Home is the folder that holds the node: keys, documents, receipts and
	// log. One folder is one node. Default: dsai in $XDG_DATA_HOME, or
	// ~/.local/share/dsai.
	Home string `toml:"home"`

	// Listen is the address on which dsai up serves API and pages. Default:
	// 127.0.0.1:7777, which only this machine can reach. Beyond this machine put
	// a proxy with TLS before it; keys and pages would travel in the clear.
	Listen string `toml:"listen"`

	// Hosts are names, separated by commas, by which browsers reach the node
	// beside 127.0.0.1 and localhost. Requests under other names are refused,
	// so that no web site can speak to a node behind its visitor's back.
	Hosts string `toml:"hosts"`

	// Region is the ISO 3166 code of the country in which the node runs, such
	// as KE. Consents may be limited to regions; a node that does not state one
	// cannot use those. Default: not stated.
	Region string `toml:"region"`

	// As is the member for whom verbs act, by name, as the flag --as. Default:
	// the founder.
	As string `toml:"as"`

	// Log says how much the node logs to standard error: debug, info, warn or
	// error. Questions, answers and documents are never logged. Default: warn,
	// and info for dsai up.
	Log string `toml:"log"`
}

// hosts are the names in Hosts.
func (c *Config) hosts() (names []string) {
	for name := range strings.SplitSeq(c.Hosts, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// fields names the fields of a Config by key, in the order of the manual.
func (c *Config) fields() []field {
	return []field{
		{"home", &c.Home}, {"listen", &c.Listen}, {"hosts", &c.Hosts}, {"region", &c.Region}, {"as", &c.As}, {"log", &c.Log},
	}
}

type field struct {
	key   string
	value *string
}

// configFiles are the files that may say something, the stronger one last.
func configFiles() []string {
	out := []string{"/etc/dsai/config.toml"}
	if d, err := os.UserConfigDir(); err == nil {
		out = append(out, filepath.Join(d, "dsai", "config.toml"))
	}
	return out
}

// configure fills a.cfg before a verb runs.
func (a *app) configure(c *cobra.Command) error {
	for _, path := range configFiles() {
		if err := readConfig(path, &a.cfg); err != nil {
			return usage(err.Error(), "see dsai config explain")
		}
	}
	for _, f := range a.cfg.fields() {
		if v, ok := os.LookupEnv("DSAI_" + strings.ToUpper(f.key)); ok && v != "" {
			*f.value = v
		}
		if flag := c.Flags().Lookup(f.key); flag != nil && flag.Changed {
			*f.value = flag.Value.String()
		}
	}
	a.typedHome = os.Getenv("DSAI_HOME")
	if home := c.Flags().Lookup("home"); home != nil && home.Changed {
		a.typedHome = home.Value.String()
	}
	if a.cfg.Log != "" {
		var l slog.Level
		if err := l.UnmarshalText([]byte(a.cfg.Log)); err != nil {
			return usage(fmt.Sprintf("configuration: log %q: want debug, info, warn or error", a.cfg.Log), "see dsai config explain log")
		}
	}
	if a.cfg.Home == "" {
		h, err := node.DefaultHome()
		if err != nil {
			return err
		}
		a.cfg.Home = string(h)
	}
	var err error
	a.cfg.Home, err = filepath.Abs(a.cfg.Home)
	return err
}

func readConfig(path string, c *Config) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	if err := decodeConfig(string(b), c); err != nil {
		return fmt.Errorf("read configuration %s: %w", path, err)
	}
	return nil
}

func decodeConfig(text string, c *Config) error {
	meta, err := toml.Decode(text, c)
	if err != nil {
		return err
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return fmt.Errorf("no key %q", unknown[0].String())
	}
	return nil
}

//go:embed config.go
var manual string

// explainKeys returns the comment of each field of Config, by key.
func explainKeys() (map[string]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", manual, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		t, ok := n.(*ast.TypeSpec)
		if !ok || t.Name.Name != "Config" {
			return true
		}
		for _, f := range t.Type.(*ast.StructType).Fields.List {
			out[strings.ToLower(f.Names[0].Name)] = f.Doc.Text()
		}
		return false
	})
	return out, nil
}

func newConfigCommand(a *app) *cobra.Command {
	return a.group(&cobra.Command{Use: "config", Short: "what can be configured"}, &cobra.Command{
		Use: "explain [KEY]", Short: "the manual of one key, or of all", Args: args(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, in []string) error { return a.explainConfig(in) },
	})
}

// configKey is one row of dsai config explain --json.
type configKey struct {
	Key   string `json:"key"`
	Env   string `json:"env"`
	Value string `json:"value"` // in force
	Text  string `json:"text"`
}

func (a *app) explainConfig(in []string) error {
	texts, err := explainKeys()
	if err != nil {
		return err
	}
	rows := []configKey{}
	var known []string
	for _, f := range a.cfg.fields() {
		known = append(known, f.key)
		if len(in) == 0 || in[0] == f.key {
			rows = append(rows, configKey{f.key, "DSAI_" + strings.ToUpper(f.key), *f.value, texts[f.key]})
		}
	}
	if len(rows) == 0 {
		return usage(fmt.Sprintf("configuration: no key %q", in[0]), "known are: "+strings.Join(known, ", "))
	}
	if a.json {
		return a.document(rows)
	}
	for i, r := range rows {
		if i > 0 {
			a.say("\n")
		}
		value := r.Value
		if value == "" {
			value = "not set"
		}
		a.say("%s (%s), now: %s\n", r.Key, r.Env, value)
		a.indent(r.Text)
	}
	if len(in) == 0 {
		a.say("\nFiles: %s\n", strings.Join(configFiles(), ", "))
	}
	return nil
}
