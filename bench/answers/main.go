// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

// Command answers measures a whole node under load: real documents from many
// contributors, a tenth of the passages not permitted, withdrawals meanwhile,
// and questions that never repeat, asked over HTTP by a load generator on the
// same machine at a fixed rate, whether or not the node keeps up.
//
//	go run ./bench/answers [-dir /usr/share/doc] [-n 50000] [-rate 100] [-for 10m]
//
// It is a measuring program: nothing imports it and it decides nothing.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/view"
)

type options struct {
	dir, home, bin string
	n              int // passages
	consents       int
	keys           int
	rate           int // questions a second
	span           time.Duration
	revokeEvery    time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.dir, "dir", "/usr/share/doc", "folder of documents")
	flag.StringVar(&o.home, "home", "", "home to use and keep; \"\" makes one and removes it")
	flag.StringVar(&o.bin, "bin", "bin/dsai", "the program under test")
	flag.IntVar(&o.n, "n", 50000, "passages")
	flag.IntVar(&o.consents, "consents", 200, "consents")
	flag.IntVar(&o.keys, "keys", 200, "API keys, because each has a budget")
	flag.IntVar(&o.rate, "rate", 100, "questions a second")
	flag.DurationVar(&o.span, "for", 10*time.Minute, "how long")
	flag.DurationVar(&o.revokeEvery, "revoke", 10*time.Second, "time between withdrawals")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "answers: error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.home == "" {
		dir, err := os.MkdirTemp("", "dsai-answers-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.home = filepath.Join(dir, "home")
	}
	s, err := prepare(ctx, o)
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	fmt.Printf("%d passages, %d consents, %d keys, %d questions prepared\n", s.passages, s.consents, len(s.keys), len(s.questions))
	if err := printSizes(ctx, o.home); err != nil {
		return fmt.Errorf("weigh home: %w", err)
	}
	srv, err := start(ctx, o)
	if err != nil {
		return fmt.Errorf("start node: %w", err)
	}
	defer srv.stop()
	fmt.Printf("start to ready: %v\n", srv.took.Round(time.Millisecond))
	if err := srv.idle(5 * time.Second); err != nil {
		return err
	}
	return load(ctx, o, s, srv)
}

// setup is what a run asks with.
type setup struct {
	passages, consents int
	keys               []string
	questions          []string
	revocable          []string // documents that may be withdrawn
}

// prepare founds a co-op and fills it, unless the home is there already.
func prepare(ctx context.Context, o options) (*setup, error) {
	cfg := node.Config{Home: node.Home(o.home)}
	_, err := os.Stat(o.home)
	fresh := errors.Is(err, fs.ErrNotExist)
	if fresh {
		if err := node.Found(ctx, cfg.Home, node.FoundOptions{Coop: "bench", Member: "founder", Now: time.Now}); err != nil {
			return nil, err
		}
	}
	n, err := node.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	m := n.Methods()
	if fresh {
		err = fill(ctx, o, m)
	}
	var s *setup
	if err == nil {
		s, err = describe(ctx, o, m)
	}
	return s, errors.Join(err, n.Close())
}

// fill contributes the folder's files in equal parts, one consent each. Every
// tenth consent is for research alone, so a tenth of the passages may not be used
// for answers.
func fill(ctx context.Context, o options, m control.Local) error {
	files, err := regularFiles(o.dir)
	if err != nil {
		return err
	}
	const members = 20
	for i := range members {
		if err := m.Call(ctx, "member.add", node.MemberArgs{Name: fmt.Sprintf("member %02d", i)}, nil, nil); err != nil {
			return err
		}
	}
	begun, bytes := time.Now(), int64(0)
	got, perPassage := 0, int64(750) // bytes of source, corrected as passages come
	for c := 0; c < o.consents && len(files) > 0; c++ {
		purposes := []string{"answers"}
		if c%10 == 9 {
			purposes = []string{"research"}
		}
		var paths []string
		want := int64((o.n-got)/(o.consents-c)) * perPassage
		for size := int64(0); len(files) > 0 && size < want; files = files[1:] {
			st, err := os.Stat(files[0])
			if err != nil || st.Size() > 200<<10 {
				continue
			}
			paths, size, bytes = append(paths, files[0]), size+st.Size(), bytes+st.Size()
		}
		var out node.Contributed
		err := m.Call(ctx, "add", node.Contribution{Member: fmt.Sprintf("member %02d", c%members), Paths: paths, For: purposes}, nil, &out)
		if err != nil {
			return err
		}
		got += out.Passages
		perPassage = max(100, bytes/int64(max(1, got)))
		if c%20 == 19 {
			fmt.Printf("  %d consents, %d passages, %v\n", c+1, got, time.Since(begun).Round(time.Second))
		}
	}
	fmt.Printf("ingest: %d passages of %.1f MB in %v\n", got, float64(bytes)/1e6, time.Since(begun).Round(time.Second))
	return nil
}

// printSizes prints what a home holds beside the text of its passages.
func printSizes(ctx context.Context, home string) error {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(home, "dsai.db")+"?mode=ro") // the driver of package store
	if err != nil {
		return err
	}
	defer db.Close()
	var text int64
	if err := db.QueryRowContext(ctx, "SELECT sum(length(CAST(json_extract(CAST(body AS TEXT),'$.text') AS BLOB))) FROM passage").Scan(&text); err != nil {
		return err
	}
	index, err := sizeBelow(filepath.Join(home, "index"))
	if err != nil {
		return err
	}
	all, err := sizeBelow(home)
	if err != nil {
		return err
	}
	part := func(n int64) float64 { return float64(n) / float64(text) }
	fmt.Printf("text %.1f MB; index %.2f of it, all of the home (text, commitments, proofs, log) %.2f\n", float64(text)/1e6, part(index), part(all))
	return nil
}

func sizeBelow(dir string) (sum int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		st, err := d.Info()
		if err == nil {
			sum += st.Size()
		}
		return err
	})
	return sum, err
}

func regularFiles(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			out = append(out, p)
		}
		return nil
	})
	return out, err
}

// describe makes keys and questions. A question is a run of words of some
// passage, so that it has an answer; no two are equal.
func describe(ctx context.Context, o options, m control.Local) (*setup, error) {
	s := &setup{}
	var st view.Status
	if err := m.Call(ctx, "status", node.Nothing{}, nil, &st); err != nil {
		return nil, err
	}
	s.passages, s.consents = st.Passages, st.Consents
	stamp := time.Now().UnixNano()
	for i := range o.keys {
		var k node.NewKeyResult
		if err := m.Call(ctx, "key.new", node.NewKeyArgs{Name: fmt.Sprintf("bench %d %d", stamp, i), For: []string{"answers"}}, nil, &k); err != nil {
			return nil, err
		}
		s.keys = append(s.keys, k.Secret)
	}
	var docs []view.Document
	if err := m.Call(ctx, "docs.list", node.Nothing{}, nil, &docs); err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(1, 2))
	// Single documents, so that the share of passages that are not permitted stays
	// about what it was.
	for _, i := range r.Perm(len(docs)) {
		if docs[i].State == "in use" && docs[i].Consent != nil {
			s.revocable = append(s.revocable, docs[i].ID.String())
		}
	}
	return s, questions(ctx, m, s, docs, r, o.rate*int(o.span/time.Second)+1000)
}

func questions(ctx context.Context, m control.Local, s *setup, docs []view.Document, r *rand.Rand, want int) error {
	var pool [][]string
	for _, d := range docs {
		if len(pool) > 8000 {
			break
		}
		var t node.DocumentText
		if err := m.Call(ctx, "docs.show", node.Ref{Ref: d.ID.String()}, nil, &t); err != nil {
			return err
		}
		for _, p := range t.Text {
			if w := strings.Fields(p.Text); len(w) >= 20 {
				pool = append(pool, w)
			}
		}
	}
	if len(pool) == 0 {
		return errors.New("no passage is long enough to make a question of")
	}
	seen := map[string]bool{}
	for tries := 0; len(s.questions) < want && tries < 20*want; tries++ {
		w := pool[r.IntN(len(pool))]
		k := 4 + r.IntN(5)
		i := r.IntN(len(w) - k)
		if q := strings.Join(w[i:i+k], " ") + "?"; !seen[q] && len(q) < 200 {
			seen[q] = true
			s.questions = append(s.questions, q)
		}
	}
	return nil
}

// server is the program under test.
type server struct {
	cmd     *exec.Cmd
	address string
	took    time.Duration
	verbs   *control.Remote
}

func start(ctx context.Context, o options) (*server, error) {
	begun := time.Now()
	cmd := exec.CommandContext(ctx, o.bin, "up", "--home", o.home, "--listen", "127.0.0.1:0")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for deadline := begun.Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		verbs, err := control.Dial(node.Home(o.home).Socket())
		if err != nil {
			continue
		}
		var st view.Status
		if err := verbs.Call(ctx, "status", node.Nothing{}, nil, &st); err == nil && st.Listen != "" {
			return &server{cmd, st.Listen, time.Since(begun), verbs}, nil
		}
	}
	cmd.Process.Kill()
	return nil, errors.New("it did not become ready within 30 s")
}

func (s *server) stop() {
	s.verbs.Close()
	s.cmd.Process.Signal(os.Interrupt)
	s.cmd.Wait()
}

// idle reports what a node costs that nobody asks.
func (s *server) idle(span time.Duration) error {
	time.Sleep(span) // once after additions it pins statistics, which takes a second
	a, err := cpuOf(s.cmd.Process.Pid)
	if err != nil {
		return err
	}
	time.Sleep(span)
	b, err := cpuOf(s.cmd.Process.Pid)
	if err != nil {
		return err
	}
	fmt.Printf("idle: %.2f %% of a core, RssAnon %.1f MB\n", 100*float64(b-a)/float64(span), rssAnon(s.cmd.Process.Pid))
	return nil
}

// withdraw takes one document back and returns how long that took.
func (s *server) withdraw(ctx context.Context, ref string) (time.Duration, error) {
	begun := time.Now()
	var w json.RawMessage
	err := s.verbs.Call(ctx, "consent.revoke", node.RevokeArgs{Ref: ref}, nil, &w)
	return time.Since(begun), err
}
