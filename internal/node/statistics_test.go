// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/verify"
)

const bees = "# Tanks\n\nThe water tanks hold one litre of sugar water for the bees, and no salt. Clean water comes first.\n"

// TestStatisticsChangeBeforeTheAnswer pins other statistics between ranking and
// answer, as an add does at that moment: the receipt names those that ranked, and
// the answer can be made again.
func TestStatisticsChangeBeforeTheAnswer(t *testing.T) {
	n, _ := home(t)
	lend(t, n, node.Contribution{}, rehydration)
	n.SetEngine(func(ctx context.Context, e *pipeline.Evidence, emit emitter) (*pipeline.Output, error) {
		lend(t, n, node.Contribution{}, bees)
		if err := n.Pin(ctx); err != nil {
			return nil, err
		}
		return n.Quoting().Answer(ctx, e, emit)
	})
	rec, err := askWith(t, n, howMuch, ignore)
	if err != nil {
		t.Fatal(err)
	}
	wantReplayed(t, n, rec)
	fsck(t, n)
}

func wantReplayed(t testing.TB, n *node.Node, rec *pipeline.Receipt) {
	t.Helper()
	if res := replayOf(t, n, rec); !res.OK || !res.Replayed {
		t.Errorf("verify = %+v, want ok and replayed", res)
	}
}

func replayOf(t testing.TB, n *node.Node, rec *pipeline.Receipt) *verify.Result {
	t.Helper()
	raw := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: rec.Digest.String()})
	res, err := verify.Bundle(raw, verify.Options{Trust: n.Trust(), Replayer: node.Replayer{}})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// pinnedFiles counts the pinned statistics that are kept.
func pinnedFiles(t testing.TB, cfg node.Config) int {
	t.Helper()
	files, err := os.ReadDir(cfg.Home.Statistics())
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

func wantPinned(t testing.TB, cfg node.Config, want int, when string) {
	t.Helper()
	if got := pinnedFiles(t, cfg); got != want {
		t.Errorf("%d statistics are kept %s, want %d", got, when, want)
	}
}

func answered(t testing.TB, n *node.Node) *pipeline.Receipt {
	t.Helper()
	rec, err := askWith(t, n, howMuch, ignore)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func statisticsOf(rec *pipeline.Receipt) dsai.Digest { return rec.Output.Plan.Evidence.Statistics }

// TestStatisticsStayForReceipts changes the library again and again: only what a
// receipt names is kept, and what is in use.
func TestStatisticsStayForReceipts(t *testing.T) {
	n, cfg := home(t)
	change := func() { t.Helper(); lend(t, n, node.Contribution{}, bees) }
	lend(t, n, node.Contribution{}, rehydration)
	first := answered(t, n)
	for range 10 {
		change()
	}
	wantPinned(t, cfg, 1, "after ten changes that nobody asks between")
	second := answered(t, n)
	wantPinned(t, cfg, 2, "after a second answer")
	change()
	if _, err := askWith(t, n, "Who painted the ceiling of the chapel?", ignore); err == nil {
		t.Fatal("the question has an answer, want a refusal")
	}
	wantPinned(t, cfg, 3, "while those of a refusal are in use")
	change()
	third := answered(t, n)
	wantPinned(t, cfg, 3, "after those of a refusal were in use")
	change()
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = reopen(t, cfg)
	wantPinned(t, cfg, 3, "after a restart")
	fourth := answered(t, n)
	if statisticsOf(fourth) == statisticsOf(third) {
		t.Error("a change before the restart is not counted after it")
	}
	for _, rec := range []*pipeline.Receipt{first, second, third, fourth} {
		wantReplayed(t, n, rec)
	}
	fsck(t, n)
}

// TestStatisticsStayForCrash leaves an answer open, as a crash does, and pins
// others: its receipt, which the next start makes, names what is still there.
func TestStatisticsStayForCrash(t *testing.T) {
	n, cfg := home(t)
	lend(t, n, node.Contribution{}, rehydration)
	if err := n.Begin(t.Context(), howMuch); err != nil {
		t.Fatal(err)
	}
	lend(t, n, node.Contribution{}, bees)
	answered(t, n)
	wantPinned(t, cfg, 2, "while an answer is open")
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = reopen(t, cfg)
	wantPinned(t, cfg, 2, "after a restart")
	fsck(t, n)
}

// TestForgetStatistics forgets a document: no statistics that counted it are left,
// others are, and what can no longer be made again says so.
func TestForgetStatistics(t *testing.T) {
	n, cfg := home(t)
	lend(t, n, node.Contribution{}, rehydration)
	before := answered(t, n)
	doc, _ := lend(t, n, node.Contribution{}, "# Harbour\n\nQuagmires of zanzibarite litter the harbour.\n")
	between := answered(t, n)
	wantPinned(t, cfg, 2, "before")
	n.SetEngine(func(ctx context.Context, e *pipeline.Evidence, emit emitter) (*pipeline.Output, error) {
		call[json.RawMessage](t, n, "docs.forget", node.Ref{Ref: doc.ID.String()})
		return n.Quoting().Answer(ctx, e, emit)
	})
	during := answered(t, n)
	wantPinned(t, cfg, 2, "after docs.forget") // and those for the next question
	n.SetEngine(n.Quoting().Answer)
	after := answered(t, n)
	wantPinned(t, cfg, 2, "after another answer")
	fsck(t, n)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = reopen(t, cfg)
	wantPinned(t, cfg, 2, "after a restart")
	wantReplayed(t, n, before)
	wantReplayed(t, n, after)
	for _, rec := range []*pipeline.Receipt{between, during} {
		if res := replayOf(t, n, rec); !res.OK || res.Replayed {
			t.Errorf("verify = %+v, want ok, and not replayed", res)
		}
	}
	// Forgetting again finds nothing more.
	call[json.RawMessage](t, n, "docs.forget", node.Ref{Ref: doc.ID.String()})
	wantPinned(t, cfg, 2, "after a second docs.forget")
	archive := filepath.Join(t.TempDir(), "backup")
	call[node.BackupReport](t, n, "backup", node.PathArgs{Path: archive})
	to := node.Config{Home: node.Home(filepath.Join(t.TempDir(), "restored"))}
	if err := node.Restore(t.Context(), archive, to); err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = reopen(t, to)
	fsck(t, n)
	wantReplayed(t, n, before)
	err := filepath.WalkDir(string(cfg.Home), func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		if bytes.Contains(b, []byte("zanzibar")) {
			t.Errorf("%s still holds a word of what was forgotten", p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
