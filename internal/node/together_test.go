// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/pipeline"
	"dsai.example/dsai/internal/verifiable/vc"
	"dsai.example/dsai/internal/view"
	"dsai.example/dsai/verify"
)

type emitter = func(pipeline.Piece) error

// askWith asks as the console.
func askWith(t testing.TB, n *node.Node, question string, emit emitter) (*pipeline.Receipt, error) {
	t.Helper()
	return n.Ask(t.Context(), &pipeline.Request{Question: pipeline.Text(question), Requester: n.Console()}, emit)
}

func ignore(pipeline.Piece) error { return nil }

// lend adds a document and returns its id, path and consent.
func lend(t testing.TB, n *node.Node, c node.Contribution, text string) (node.ContributedDoc, dsai.Digest) {
	t.Helper()
	c.Paths = []string{write(t, fmt.Sprintf("doc-%d.md", time.Now().UnixNano()), text)}
	added := call[node.Contributed](t, n, "add", c)
	if len(added.Documents) != 1 {
		t.Fatalf("add = %+v, want one document", added)
	}
	return added.Documents[0], added.Consent
}

// TestQuoteLimitForQuestionsAtOnce asks again while an answer is under way.
func TestQuoteLimitForQuestionsAtOnce(t *testing.T) {
	n, _ := home(t)
	const limit = 150 // one answer quotes some hundred
	doc, _ := lend(t, n, node.Contribution{QuoteMax: limit}, rehydration)
	nested := 0
	var again emitter = func(pipeline.Piece) error {
		if nested++; nested > 1 {
			return nil
		}
		_, err := askWith(t, n, howMuch, ignore)
		if no, ok := errors.AsType[*dsai.Refusal](err); !ok || no.Code != dsai.CodeNoGrant {
			t.Errorf("ask while all is held back = %v, want %s", err, dsai.CodeNoGrant)
		}
		return nil
	}
	if _, err := askWith(t, n, howMuch, again); err != nil {
		t.Fatal(err)
	}
	used, err := n.Quoted(t.Context(), doc.ID)
	if err != nil || used == 0 || used > limit {
		t.Errorf("quoted %d, %v, want 1 to %d", used, err, limit)
	}
	if n.Held() != 0 {
		t.Errorf("%d requests hold quotes back after their end, want none", n.Held())
	}
}

// TestCrashChargesWhatWasHeldBack leaves an answer open, as a crash does.
func TestCrashChargesWhatWasHeldBack(t *testing.T) {
	n, cfg := home(t)
	const limit = 150
	doc, _ := lend(t, n, node.Contribution{QuoteMax: limit}, rehydration)
	if err := n.Begin(t.Context(), howMuch); err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = reopen(t, cfg)
	if used, err := n.Quoted(t.Context(), doc.ID); err != nil || used != limit {
		t.Errorf("quoted after a crash = %d, %v, want %d", used, err, limit)
	}
}

// TestFailedEngineEndsItsPlan lets an engine break after a piece.
func TestFailedEngineEndsItsPlan(t *testing.T) {
	n, _ := home(t)
	lend(t, n, node.Contribution{}, rehydration)
	broken := errors.New("engine broke")
	n.SetEngine(func(_ context.Context, _ *pipeline.Evidence, emit emitter) (*pipeline.Output, error) {
		return nil, errors.Join(emit(pipeline.Piece{Text: "half an answer"}), broken)
	})
	rec, err := askWith(t, n, howMuch, ignore)
	if !errors.Is(err, broken) || rec == nil || rec.Output.Ended != dsai.EndedCrashed || rec.Output.Text != "half an answer" {
		t.Fatalf("ask = %+v, %v, want a receipt that says crashed with what had left", rec, err)
	}
	if open, err := n.OpenedCount(t.Context()); err != nil || open != 0 {
		t.Errorf("%d plans are open, want none", open)
	}
	raw := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: rec.Digest.String()})
	if res, err := verify.Bundle(raw, verify.Options{Trust: n.Trust()}); err != nil || !res.OK {
		t.Errorf("verify = %+v, %v, want ok", res, err)
	}
}

// TestNothingLeavesAfterAcknowledgement withdraws while a piece is being sent.
func TestNothingLeavesAfterAcknowledgement(t *testing.T) {
	n, _ := home(t)
	_, c := lend(t, n, node.Contribution{}, rehydration)
	sending, taken, acknowledged := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	n.SetEngine(func(_ context.Context, _ *pipeline.Evidence, emit emitter) (*pipeline.Output, error) {
		for {
			if err := emit(pipeline.Piece{Text: "a"}); err != nil {
				return &pipeline.Output{}, err
			}
		}
	})
	go func() {
		<-sending
		_, err := n.Withdraw(context.WithoutCancel(t.Context()), c, nil, "")
		acknowledged <- err
	}()
	pieces := 0
	rec, err := askWith(t, n, howMuch, func(pipeline.Piece) error {
		if pieces++; pieces > 1 {
			return nil
		}
		close(sending)
		select { // the client takes its time
		case err := <-acknowledged:
			t.Errorf("acknowledged, %v, while a piece is being sent", err)
			acknowledged <- err
		case <-time.After(200 * time.Millisecond):
		}
		close(taken)
		return nil
	})
	<-taken
	if err != nil || rec.Output.Ended != dsai.EndedRevoked || rec.Output.Text != "a" {
		t.Errorf("ask = %+v, %v, want consent_revoked after one piece", rec, err)
	}
	if err := <-acknowledged; err != nil {
		t.Errorf("Withdraw = %v", err)
	}
}

// TestNarrowerConsentStopsAnswer changes the consent between two pieces.
func TestNarrowerConsentStopsAnswer(t *testing.T) {
	n, _ := home(t)
	doc, _ := lend(t, n, node.Contribution{For: []string{"answers", "care"}}, rehydration)
	n.SetEngine(func(_ context.Context, _ *pipeline.Evidence, emit emitter) (*pipeline.Output, error) {
		if err := emit(pipeline.Piece{Text: "before"}); err != nil {
			return nil, err
		}
		call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{doc.Path}, For: []string{"care"}})
		return &pipeline.Output{}, emit(pipeline.Piece{Text: "after"})
	})
	rec, err := askWith(t, n, howMuch, ignore)
	if err != nil || rec.Output.Ended != dsai.EndedRevoked || rec.Output.Text != "before" {
		t.Errorf("ask = %+v, %v, want consent_revoked after the first piece", rec, err)
	}
}

// TestUnreadableLibraryPermitsNothing damages the store, so that it cannot be
// read again after a withdrawal.
func TestUnreadableLibraryPermitsNothing(t *testing.T) {
	n, cfg := home(t)
	doc, _ := lend(t, n, node.Contribution{}, rehydration)
	lend(t, n, node.Contribution{}, "# Tanks\n\nThe water tanks are cleaned every three months with chlorine.\n")
	const tanks = "How often are the water tanks cleaned with chlorine?"
	db, err := sql.Open("sqlite", cfg.Home.Database()+"?_pragma=busy_timeout(20000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	swap := func(set string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), "UPDATE credential SET raw="+set+" WHERE type='MemberInception'"); err != nil {
			t.Fatal(err)
		}
	}
	swap("CAST('x'||raw AS BLOB)")
	if err := n.Methods().Call(t.Context(), "consent.revoke", node.RevokeArgs{Ref: doc.Path}, nil, nil); err == nil {
		t.Fatal("revoke = nil, want an error: it is on disk, and not known to be in force")
	}
	for _, q := range []string{howMuch, tanks} {
		if rec, err := askWith(t, n, q, ignore); err == nil {
			t.Errorf("ask %q = %q while the store cannot be read, want an error", q, rec.Output.Text)
		}
	}
	swap("CAST(substr(CAST(raw AS TEXT),2) AS BLOB)")
	if _, err := askWith(t, n, tanks, ignore); err != nil {
		t.Errorf("ask after mending = %v, want an answer", err)
	}
	_, err = askWith(t, n, howMuch, ignore)
	if no, ok := errors.AsType[*dsai.Refusal](err); !ok {
		t.Errorf("ask for what was withdrawn = %v, %v, want a refusal", no, err)
	}
}

// TestForgetWhileAsking forgets documents one after another while others ask.
func TestForgetWhileAsking(t *testing.T) {
	n, _ := home(t)
	var docs []string
	for i := range 6 {
		d, _ := lend(t, n, node.Contribution{}, fmt.Sprintf("# Note %d\n\nNote %d: mix six level teaspoons of sugar and half a level teaspoon of salt into one litre of clean water.\n", i, i))
		docs = append(docs, d.ID.String())
	}
	kept, _ := lend(t, n, node.Contribution{}, rehydration)
	done := make(chan struct{})
	var asking sync.WaitGroup
	for range 3 {
		asking.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				_, err := askWith(t, n, howMuch, ignore)
				// Forgotten between finding and answering: the engine saw nothing.
				if no, ok := errors.AsType[*dsai.Refusal](err); err != nil && (!ok || no.Code != dsai.CodeConsentRevoked) {
					t.Errorf("ask while forgetting = %v, want an answer", err)
				}
			}
		})
	}
	for _, d := range docs {
		// The log of the write-ahead file is not emptied while others read; what
		// was forgotten is forgotten.
		_ = n.Methods().Call(t.Context(), "docs.forget", node.Ref{Ref: d}, nil, nil)
	}
	close(done)
	asking.Wait()
	rec, err := askWith(t, n, howMuch, ignore)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range rec.Output.Plan.Evidence.Passages {
		if p.Use.Document != kept.ID {
			t.Errorf("answer rests on %v, want %v alone", p.Use.Document, kept.ID)
		}
	}
}

// TestForgottenBetweenIndexAndText forgets a document that the library and the
// index still hold, as they do for a moment.
func TestForgottenBetweenIndexAndText(t *testing.T) {
	n, cfg := home(t)
	gone, _ := lend(t, n, node.Contribution{}, "# Note\n\nMix six level teaspoons of sugar and half a level teaspoon of salt into one litre of clean water now.\n")
	kept, _ := lend(t, n, node.Contribution{}, rehydration)
	db, err := sql.Open("sqlite", cfg.Home.Database()+"?_pragma=busy_timeout(20000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "UPDATE passage SET body=NULL WHERE document=(SELECT num FROM document WHERE id=?)", gone.ID.Digest[:]); err != nil {
		t.Fatal(err)
	}
	rec, err := askWith(t, n, howMuch, ignore)
	if err != nil {
		t.Fatalf("ask = %v, want an answer without what was forgotten", err)
	}
	if ps := rec.Output.Plan.Evidence.Passages; len(ps) != 1 || ps[0].Use.Document != kept.ID {
		t.Errorf("passages = %+v, want one of %v", ps, kept.ID)
	}
}

// TestPartialWithdrawalIsListed withdraws one of two documents of a consent.
func TestPartialWithdrawalIsListed(t *testing.T) {
	n, _ := home(t)
	one, two := write(t, "one.md", rehydration), write(t, "two.md", strings.ReplaceAll(rehydration, "Mix", "Stir"))
	added := call[node.Contributed](t, n, "add", node.Contribution{Paths: []string{one, two}})
	call[json.RawMessage](t, n, "consent.revoke", node.RevokeArgs{Ref: one})
	if _, err := askWith(t, n, howMuch, ignore); err != nil {
		t.Fatal(err)
	}
	raw := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: "last"})
	if res, err := verify.Bundle(raw, verify.Options{Trust: n.Trust()}); err != nil || !res.OK {
		t.Errorf("verify = %+v, %v, want ok", res, err)
	}
	var b dsai.Bundle
	if err := json.Unmarshal(raw, &b); err != nil {
		t.Fatal(err)
	}
	l, err := vc.Open[dsai.StatusList](b.StatusLists[0], dsai.TypeStatusList)
	if err != nil {
		t.Fatal(err)
	}
	want := []dsai.Digest{dsai.WithdrawnDocument(added.Consent, added.Documents[0].ID)}
	if len(l.Subject.Withdrawn) != 1 || l.Subject.Withdrawn[0] != want[0] {
		t.Errorf("withdrawn on the list = %v, want %v", l.Subject.Withdrawn, want)
	}
}

// TestBackdatedRevocation dates a revocation before an answer that the node
// gave without knowing of it.
func TestBackdatedRevocation(t *testing.T) {
	n, _ := home(t)
	_, c := lend(t, n, node.Contribution{}, rehydration)
	rec, err := askWith(t, n, howMuch, ignore)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := n.SignRevocation(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := n.AcceptRevocation(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	again, err := n.AcceptRevocation(t.Context(), raw)
	if err != nil || string(again) != string(receipt) {
		t.Errorf("the same revocation again = %s, %v, want the same receipt", again, err)
	}
	bundle := call[json.RawMessage](t, n, "bundle", node.BundleArgs{Ref: rec.Digest.String()})
	for _, presented := range [][]json.RawMessage{nil, {receipt}, {raw, receipt}} {
		if res, err := verify.Bundle(bundle, verify.Options{Trust: n.Trust(), Revocations: presented}); err != nil || !res.OK {
			t.Errorf("verify an honest answer with %d presented = %+v, %v, want ok", len(presented), res, err)
		}
	}
}

// TestAddSaysThatItWaits holds up an add, looks for the notice and interrupts it,
// through the socket as a verb does.
func TestAddSaysThatItWaits(t *testing.T) {
	n, _ := home(t)
	release := n.HoldChanges()
	defer release()
	socket := filepath.Join(t.TempDir(), "s")
	serving, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- control.Serve(serving, socket, n.Methods()) }()
	defer func() { stop(); <-served }()
	var r *control.Remote
	for range 100 {
		var err error
		if r, err = control.Dial(socket); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if r == nil {
		t.Fatal("no socket")
	}
	defer r.Close()
	ctx, interrupt := context.WithTimeout(t.Context(), 20*time.Second)
	defer interrupt()
	told := false
	err := r.Call(ctx, "add", node.Contribution{Paths: []string{write(t, "a.md", rehydration)}}, func(raw json.RawMessage) {
		var w node.Waiting
		if json.Unmarshal(raw, &w) == nil && w.For != "" {
			told = true
			interrupt()
		}
	}, nil)
	if !told || !errors.Is(err, context.Canceled) {
		t.Errorf("add while another runs: told %v, then %v, want told and %v", told, err, context.Canceled)
	}
	if ds := call[[]view.Document](t, n, "docs.list", nil); len(ds) != 0 {
		t.Errorf("documents = %d, want none", len(ds))
	}
}
