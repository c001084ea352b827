// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

// Sink takes the documents of a run. Run calls it from one goroutine, in the
// order of the files.
type Sink interface {
	// Known reports whether these bytes (SHA-256) are already committed under
	// this path. It is asked before extraction, so an interrupted run resumes
	// at the cost of reading what is there.
	Known(ctx context.Context, path string, source [32]byte) (bool, error)

	// Add takes one document. A *SkipError leaves it out and the run goes on; any
	// other error ends the run. A sink may gather a few, so that each does not
	// wait for the disk by itself.
	Add(ctx context.Context, path string, source []byte, t *Text) error

	// Flush makes what Add took durable. Run calls it once, at its end, however
	// it ends.
	Flush(ctx context.Context) error
}

// Options are the choices of a Run.
type Options struct {
	Limits   Limits           // zero means DefaultLimits
	Progress func(Progress)   // called after each file; nil for none
	Now      func() time.Time // clock of rate and ETA; nil for time.Now
}

// Progress is the state of a run after a file.
type Progress struct {
	Path              string // of the file just done
	Files, FilesTotal int
	Bytes, BytesTotal int64 // of sources
	Passages          int
	Rate              int64         // source bytes per second
	ETA               time.Duration // until the last file, by Rate; 0 if unknown
}

// Report sums up a run, as far as it went.
type Report struct {
	Added     int         // documents handed to Add
	Unchanged int         // files that the sink knew
	Passages  int         // of the added documents
	Skipped   []SkipError // in file order
}

// workers is how many files are extracted ahead of the one being added. It
// bounds memory as well: each may hold a source and its text.
const workers = 2

// Run ingests files in order. A file that cannot be read or extracted is named
// in the report and the rest goes on. An error is that of the sink or of ctx;
// the report then covers the files before it, and running again resumes.
func Run(ctx context.Context, sink Sink, files []File, o Options) (Report, error) {
	report, err := add(ctx, sink, files, o)
	// An interrupted run keeps what it did.
	return report, errors.Join(err, sink.Flush(context.WithoutCancel(ctx)))
}

func add(ctx context.Context, sink Sink, files []File, o Options) (Report, error) {
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	x := New(o.Limits)
	defer x.Close()
	ctx, cancel := context.WithCancel(ctx)
	r := run{sink: sink, o: o, x: x, start: o.Now()}
	r.done.FilesTotal = len(files)
	for _, f := range files {
		r.done.BytesTotal += f.Size
	}
	// Workers stop before the extractor that they use is closed.
	defer r.drain()
	defer cancel()
	for len(files) > 0 || len(r.queue) > 0 {
		if len(files) > 0 && len(r.queue) <= workers {
			if err := r.begin(ctx, files[0]); err != nil {
				return r.report, err
			}
			files = files[1:]
			continue
		}
		if err := r.finish(ctx); err != nil {
			return r.report, err
		}
	}
	return r.report, nil
}

type run struct {
	sink   Sink
	o      Options
	x      *Extractor
	start  time.Time
	done   Progress
	report Report
	queue  []*job // in file order; the head is added next
}

// job is a file on its way. The goroutine that extracts it owns text and err
// until ready is closed.
type job struct {
	file  File
	src   []byte
	known bool
	text  *Text
	err   error
	ready chan struct{}
}

// begin reads one file and, unless the sink knows it, begins to extract it.
func (r *run) begin(ctx context.Context, f File) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := &job{file: f, ready: make(chan struct{})}
	r.queue = append(r.queue, j)
	j.src, j.err = f.read(r.o.Limits.SourceBytes)
	if j.err == nil {
		var err error
		j.known, err = r.sink.Known(ctx, f.Path, sha256.Sum256(j.src))
		if err != nil {
			close(j.ready)
			return fmt.Errorf("look up %s: %w", f.Path, err)
		}
	}
	if j.err != nil || j.known {
		close(j.ready)
		return nil
	}
	go func() {
		defer close(j.ready)
		j.text, j.err = r.x.Extract(ctx, f.Path, j.src)
	}()
	return nil
}

// finish hands the head of the queue to the sink.
func (r *run) finish(ctx context.Context) error {
	j := r.queue[0]
	<-j.ready
	if err := ctx.Err(); err != nil {
		return err
	}
	r.queue = r.queue[1:]
	err := j.err
	if err == nil && !j.known {
		err = r.sink.Add(ctx, j.file.Path, j.src, j.text)
	}
	skipped, isSkip := errors.AsType[*SkipError](err)
	switch {
	case isSkip:
		r.report.Skipped = append(r.report.Skipped, SkipError{j.file.Path, skipped.Code, skipped.Reason})
	case err != nil:
		return fmt.Errorf("add %s: %w", j.file.Path, err)
	case j.known:
		r.report.Unchanged++
	default:
		r.report.Added++
		r.report.Passages += len(j.text.Passages)
	}
	r.progress(j.file)
	return nil
}

// progress reports that a file is done.
func (r *run) progress(f File) {
	p := &r.done
	p.Path = f.Path
	p.Files++
	p.Bytes += f.Size
	p.Passages = r.report.Passages
	p.Rate, p.ETA = 0, 0
	if spent := r.o.Now().Sub(r.start); spent > 0 {
		p.Rate = int64(float64(p.Bytes) / spent.Seconds())
	}
	if left := p.BytesTotal - p.Bytes; p.Rate > 0 {
		p.ETA = time.Duration(float64(left) / float64(p.Rate) * float64(time.Second))
	}
	if r.o.Progress != nil {
		r.o.Progress(*p)
	}
}

// drain waits for the files still being extracted.
func (r *run) drain() {
	for _, j := range r.queue {
		<-j.ready
	}
}
