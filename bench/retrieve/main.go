// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

// Command retrieve measures the index beside raw bleve, over the passages of a
// folder of real documents: adding them durably, opening, memory, disk, and
// searching with a tenth of the documents withheld.
//
//	go run ./bench/retrieve [-dir /usr/share/doc] [-n 50000] [-queries 5000] [-bin bin/dsai]
//
// With -bin, all of "dsai add" too, as a process.
//
// It is a measuring program: nothing imports it and it decides nothing.
package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/ingest"
	"dsai.example/dsai/internal/verifiable/rank"
	"dsai.example/dsai/internal/verifiable/retrieve"
)

func main() {
	var o options
	flag.StringVar(&o.dir, "dir", "/usr/share/doc", "folder of documents")
	flag.IntVar(&o.n, "n", 50000, "passages")
	flag.IntVar(&o.queries, "queries", 5000, "searches")
	flag.StringVar(&o.bin, "bin", "", "also time all of \"dsai add\" with this program")
	flag.StringVar(&o.profile, "cpuprofile", "", "write a CPU profile of the searches to this file")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "retrieve: error:", err)
		os.Exit(1)
	}
}

type options struct {
	dir, profile, bin string
	plain             string // load writes the documents here and takes plain text only
	n, queries        int
}

const batch = 1000

func run(ctx context.Context, o options) error {
	all, err := load(ctx, o)
	if err != nil {
		return err
	}
	text := 0
	for _, p := range all {
		text += len(p.Text)
	}
	fmt.Printf("passages            %d, %.1f MB of text, GOMAXPROCS %d\n", len(all), mb(text), runtime.GOMAXPROCS(0))
	tmp, err := os.MkdirTemp("", "bench-retrieve")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)

	raw, err := timed(func() error { return rawBleve(filepath.Join(tmp, "bleve"), all, batch) })
	if err != nil {
		return err
	}
	if o.bin != "" {
		if err := whole(ctx, o, tmp); err != nil {
			return err
		}
	}
	dir := filepath.Join(tmp, "index")
	var ix *retrieve.Index
	ours, err := timed(func() error {
		if ix, err = retrieve.Create(dir); err != nil {
			return err
		}
		for c := range slices.Chunk(all, batch) {
			if err := ix.Apply(ctx, retrieve.Change{Add: c}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Printf("add, raw bleve      %v\nadd, dsai           %v\nspeed of raw bleve  %.2f by CPU, %.2f by clock\n", raw, ours,
		raw.cpu.Seconds()/ours.cpu.Seconds(), raw.wall.Seconds()/ours.wall.Seconds())
	var epoch *retrieve.Epoch
	pinned, err := retrieve.CreateEpochs(filepath.Join(tmp, "epochs"))
	if err != nil {
		return err
	}
	pin, err := timed(func() error { epoch, err = ix.Pin(ctx, pinned, dsai.Salt{1}); return err })
	if err != nil {
		return err
	}
	fmt.Printf("pin statistics      %v, %d terms\n", pin, epoch.Statistics().Terms)
	if err := ix.Close(); err != nil {
		return err
	}
	for _, d := range []string{filepath.Join(dir, "postings"), string(pinned)} {
		n, err := size(d)
		if err != nil {
			return err
		}
		fmt.Printf("disk, %-13s %.1f MB, %.2f of the text\n", filepath.Base(d), mb(n), float64(n)/float64(text))
	}
	queries := makeQueries(all, o.queries)
	root := epoch.Statistics().Root
	all, epoch, ix = nil, nil, nil
	debug.FreeOSMemory()
	before := rssAnon()
	opened, err := timed(func() error {
		if ix, err = retrieve.Open(dir); err == nil {
			epoch, err = pinned.Open(root)
		}
		return err
	})
	if err != nil {
		return err
	}
	defer ix.Close()
	debug.FreeOSMemory()
	fmt.Printf("open                %v\n", opened)
	fmt.Printf("RssAnon             %.1f MB more when opened\n", mb(rssAnon()-before))
	if o.profile != "" {
		f, err := os.Create(o.profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	for _, w := range []struct {
		name   string
		permit func(uint32) string
	}{
		{"search, all", func(uint32) string { return "" }},
		{"search, 90 %", func(d uint32) string {
			if d%10 == 3 {
				return "no_grant"
			}
			return ""
		}},
	} {
		if err := searches(ctx, ix, epoch, queries, w.name, w.permit); err != nil {
			return err
		}
	}
	fmt.Printf("RssAnon             %.1f MB more after the searches\n", mb(rssAnon()-before))
	debug.FreeOSMemory()
	fmt.Printf("RssAnon             %.1f MB more after a collection\n", mb(rssAnon()-before))
	return ix.Close()
}

func searches(ctx context.Context, ix *retrieve.Index, e *retrieve.Epoch, queries []string, name string, permit func(uint32) string) error {
	var each []time.Duration
	candidates := 0
	total, err := timed(func() error {
		for _, q := range queries {
			start := time.Now()
			r, err := ix.Search(ctx, e, retrieve.Request{Question: q, K: 10, Permit: permit})
			if err != nil {
				return err
			}
			candidates += r.Candidates
			each = append(each, time.Since(start))
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.Sort(each)
	at := func(p int) time.Duration { return each[len(each)*p/1000].Round(10 * time.Microsecond) }
	fmt.Printf("%-19s p50 %v p99 %v p99.9 %v, %v CPU each, %d candidates each\n", name, at(500), at(990), at(999),
		(total.cpu / time.Duration(len(each))).Round(10*time.Microsecond), candidates/len(each))
	return nil
}

// load ingests the folder until there are n passages.
func load(ctx context.Context, o options) ([]retrieve.Passage, error) {
	x := ingest.New(ingest.DefaultLimits())
	defer x.Close()
	files, _, err := ingest.Walk(ctx, []string{o.dir})
	if err != nil {
		return nil, err
	}
	// Shuffled, so that a part of the folder stands for all of it.
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
	var out []retrieve.Passage
	for doc, f := range files {
		src, err := os.ReadFile(f.Path)
		if err != nil {
			return nil, err
		}
		text, err := x.Extract(ctx, f.Path, src)
		if err != nil {
			continue // named and skipped, as dsai add does
		}
		passages := text.Passages[:min(len(text.Passages), 200)] // no one document is the corpus
		if o.plain != "" {
			if text.MediaType != "text/plain" {
				continue
			}
			if err := keep(o.plain, doc, text, passages); err != nil {
				return nil, err
			}
		}
		for i, p := range passages {
			body := dsai.PassageBody{Title: filepath.Base(f.Path), Heading: p.Heading, Text: string(text.Bytes[p.Start:p.End])}
			out = append(out, retrieve.Passage{ID: uint64(len(out)), Document: uint32(doc), Contributor: uint32(doc % 20),
				Field: retrieve.Lexicon{}.Field(p.Language), Text: rank.Text(body), Commitment: dsai.Hash("bench", []byte(f.Path), []byte(strconv.Itoa(i)))})
			if len(out) == o.n {
				return out, nil
			}
		}
	}
	return out, nil
}

// makeQueries asks for three to twelve words that stand near each other in a
// passage, stop words included, as a question would.
func makeQueries(all []retrieve.Passage, n int) []string {
	r := rand.New(rand.NewPCG(2, 2))
	var out []string
	for len(out) < n {
		words := strings.Fields(all[r.IntN(len(all))].Text)
		k := 3 + r.IntN(10)
		if len(words) < 2*k {
			continue
		}
		at := r.IntN(len(words) - k)
		out = append(out, strings.Join(words[at:at+k], " "))
	}
	return out
}

func size(dir string) (int, error) {
	n := 0
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			info, err := d.Info()
			if err != nil {
				return err
			}
			n += int(info.Size())
		}
		return err
	})
	return n, err
}

func mb(n int) float64 { return float64(n) / 1e6 }

// rssAnon returns the process's private memory in bytes, as Linux counts it.
func rssAnon() int {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(data), "RssAnon:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, err := strconv.Atoi(fields[0])
	if err != nil {
		return 0
	}
	return kib << 10
}
