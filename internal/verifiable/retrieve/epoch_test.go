// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package retrieve_test

import (
	"crypto/sha256"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/rank"
	"dsai.example/dsai/internal/verifiable/retrieve"
	"golang.org/x/mod/sumdb/tlog"
)

// check verifies a term proof as a stranger would, from RFC 6962 alone.
func check(s dsai.Statistics, p dsai.TermProof) error {
	var proof tlog.RecordProof
	for _, h := range p.Hashes {
		proof = append(proof, tlog.Hash(h))
	}
	leaf := tlog.RecordHash(dsai.TermLeaf(p.Salt, p.Field, p.Term, p.DF))
	return tlog.CheckRecord(proof, int64(s.Terms), tlog.Hash(s.Root), int64(p.Index), leaf)
}

// TestProofs proves every term of epochs of many sizes, and that no proof holds
// for another frequency, term, field or salt.
func TestProofs(t *testing.T) {
	for _, n := range []int{1, 2, 3, 9, 40} {
		ix := create(t)
		all := corpus(uint64(n), n)
		apply(t, ix, retrieve.Change{Add: all})
		e := pin(t, ix)
		s := e.Statistics()
		proven := map[[2]string]bool{}
		for _, p := range all {
			var proofs []dsai.TermProof
			for c := range slices.Chunk(strings.Fields(p.Text), rank.MaxWords) {
				some, err := e.Proofs(rank.Parse(lex, strings.Join(c, " ")).Weigh(s.Fields, e.DF))
				if err != nil {
					t.Fatal(err)
				}
				proofs = append(proofs, some...)
			}
			for _, p := range proofs {
				if err := check(s, p); err != nil {
					t.Fatalf("%d passages: proof of %q of %s: %v", n, p.Term, p.Field, err)
				}
				proven[[2]string{p.Field, p.Term}] = true
				forged := []dsai.TermProof{p, p, p, p}
				forged[0].DF++
				forged[1].Term += "s"
				forged[2].Field = "de"
				forged[3].Salt[0]++
				for i, f := range forged {
					if check(s, f) == nil {
						t.Errorf("forgery %d of %q verifies", i, p.Term)
					}
				}
			}
		}
		if len(proven) == 0 || n < 10 && len(proven) != s.Terms {
			t.Errorf("%d passages: %d of %d terms proven", n, len(proven), s.Terms)
		}
	}
}

// TestEpochs wants old statistics to stay provable until forgotten.
func TestEpochs(t *testing.T) {
	ix, pinned := create(t), epochs(t)
	apply(t, ix, retrieve.Change{Add: corpus(1, 50)})
	first := pinInto(t, ix, pinned, secret).Statistics()
	apply(t, ix, retrieve.Change{Remove: []uint64{1, 2, 3}})
	second := pinInto(t, ix, pinned, secret).Statistics()
	if first.Root == second.Root {
		t.Fatal("statistics did not change with the passages")
	}
	old, err := pinned.Open(first.Root)
	if err != nil {
		t.Fatal(err)
	}
	if got := old.Statistics(); got.Root != first.Root || got.Terms != first.Terms {
		t.Errorf("Open(first).Statistics() = %+v, want %+v", got, first)
	}
	unfinished := pinned.File(second.Root) + ".tmp1"
	if err := os.WriteFile(unfinished, []byte("cut off"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := pinned.Retain(func(root dsai.Digest) bool { return root == second.Root }); err != nil {
		t.Fatal(err)
	}
	if _, err := pinned.Open(first.Root); !errors.Is(err, retrieve.ErrNoEpoch) {
		t.Errorf("Open(forgotten) = %v, want ErrNoEpoch", err)
	}
	if _, err := pinned.Open(second.Root); err != nil {
		t.Errorf("Open(kept) = %v", err)
	}
	if _, err := os.Stat(unfinished); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("unfinished statistics: %v, want them gone", err)
	}
	if other := pinInto(t, ix, pinned, dsai.Salt{9}); other.Statistics().Root == second.Root {
		t.Error("another secret gives the same root: terms could be guessed")
	}
}

// TestFlippedBits wants every single flipped bit of an epoch's file noticed.
func TestFlippedBits(t *testing.T) {
	data := epochFile(t, 6)
	for i := range data {
		data[i] ^= 1 << (i % 8)
		if _, err := retrieve.ParseEpoch(data); !errors.Is(err, retrieve.ErrEpochDamaged) {
			t.Fatalf("byte %d flipped: %v, want ErrEpochDamaged", i, err)
		}
		data[i] ^= 1 << (i % 8)
	}
	if _, err := retrieve.ParseEpoch(data); err != nil {
		t.Error(err)
	}
}

func epochFile(t testing.TB, n int) []byte {
	ix := create(t)
	apply(t, ix, retrieve.Change{Add: corpus(1, n)})
	pinned := epochs(t)
	data, err := os.ReadFile(pinned.File(pinInto(t, ix, pinned, secret).Statistics().Root))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// FuzzParseEpoch gives the parser bytes with a right checksum: what it accepts
// must be usable.
func FuzzParseEpoch(f *testing.F) {
	for _, n := range []int{1, 20} {
		data := epochFile(f, n)
		f.Add(data[:len(data)-sha256.Size])
	}
	f.Add([]byte(`{"format":"dsai-epoch/1","terms":1,"bytes":3}` + "\n\x00\x01a\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		sum := sha256.Sum256(body)
		e, err := retrieve.ParseEpoch(append(body[:len(body):len(body)], sum[:]...))
		if err != nil {
			return
		}
		e.DF("en", "x")
		if _, err := e.Proofs(rank.Parse(lex, "some words").Weigh(e.Statistics().Fields, e.DF)); err != nil {
			t.Errorf("Proofs of an accepted epoch: %v", err)
		}
	})
}

// FuzzRecord wants the record parser to refuse or to keep what it reads.
func FuzzRecord(f *testing.F) {
	f.Add(make([]byte, 80))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := retrieve.RecordRoundTrip(b); err == nil && string(got) != string(b) {
			t.Errorf("record %x becomes %x", b, got)
		}
	})
}

// FuzzSearch wants any question answered without a panic, as the definition says.
func FuzzSearch(f *testing.F) {
	ix := create(f)
	all := corpus(1, 40)
	apply(f, ix, retrieve.Change{Add: all})
	e := pin(f, ix)
	auditor := readAll(all)
	for _, q := range []string{"", "the and of", "\xff\xfe", all[0].Text, "可以 L'eau ½ ﷽ W0O"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		got := search(t, ix, e, q, 3, anybody).Hits
		want := exhaustive(e, auditor, q, 3, anybody)
		if len(got) != len(want) {
			t.Fatalf("Search(%q) = %v, want %v", q, got, want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("Search(%q)[%d] = %v, want %v", q, i, got[i], want[i])
			}
		}
	})
}
