// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"dsai.example/dsai/internal/verifiable/ingest/lang"
	"dsai.example/dsai/internal/verifiable/ingest/segment"
)

// Extractor turns the bytes of files into Text. It is safe for concurrent use;
// PDF files queue for its one sandbox, which starts with the first of them and
// holds tens of megabytes until Close.
type Extractor struct {
	limits Limits
	pdf    pdfSandbox
}

// New returns an Extractor with the given limits.
func New(limits Limits) *Extractor {
	return &Extractor{limits: limits}
}

// Close releases the PDF sandbox. The Extractor stays usable.
func (x *Extractor) Close() error {
	return x.pdf.close()
}

// Extract returns the text and the passages of a file. The type is told by
// content; name only decides among kinds of plain text. The source is not
// changed, and Text.Bytes may share its memory.
//
// Every refusal is a *SkipError that carries name as its path. The only other
// error is that of ctx when the caller ends it.
func (x *Extractor) Extract(ctx context.Context, name string, src []byte) (t *Text, err error) {
	// The parsers below are other people's and the bytes are anybody's: a panic
	// costs one file and not the run.
	defer func() {
		if p := recover(); p != nil {
			t, err = nil, skip(CodeDamaged, "the parser stopped: %.200v", p)
		}
		if err != nil {
			t, err = nil, outcome(ctx, name, err)
		}
	}()
	return x.extract(ctx, name, src)
}

// outcome turns the error of an extraction into a *SkipError for name, unless
// it is the caller who ended it.
func outcome(ctx context.Context, name string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s, ok := errors.AsType[*SkipError](err)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		s = &SkipError{Code: CodeTimeout, Reason: "takes too long to read"}
	case !ok:
		s = &SkipError{Code: CodeDamaged, Reason: oneLine(err.Error())}
	}
	return &SkipError{Path: name, Code: s.Code, Reason: s.Reason}
}

func (x *Extractor) extract(ctx context.Context, name string, src []byte) (*Text, error) {
	if int64(len(src)) > x.limits.SourceBytes {
		return nil, skip(CodeTooLarge, "more than %d bytes", x.limits.SourceBytes)
	}
	if len(src) == 0 {
		return nil, skip(CodeEmpty, "no bytes")
	}
	kind := sniff(name, src)
	prefix := ""
	if kind.format == gzipped {
		plain, err := x.gunzip(ctx, src)
		if err != nil {
			return nil, err
		}
		src, name, prefix = plain, strings.TrimSuffix(name, path.Ext(name)), "gzip+"
		if kind = sniff(name, src); kind.format == gzipped {
			return nil, skip(CodeNesting, "gzip inside gzip")
		}
	}
	if kind.format == pdf {
		// Neither the wait for the sandbox nor its start is the file's fault,
		// so its time begins below.
		x.pdf.mu.Lock()
		defer x.pdf.mu.Unlock()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err := x.pdf.openLocked(); err != nil {
			return nil, skip(CodeUnsupported, "%s", oneLine(err.Error()))
		}
	}
	ctx, cancel := context.WithTimeout(ctx, x.limits.Timeout)
	defer cancel()
	d := &draft{max: x.limits.TextBytes}
	id, err := x.parse(ctx, kind, src, d)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(d.text)) == 0 {
		return nil, skip(CodeEmpty, "no text")
	}
	if privateKey.Match(d.text) {
		return nil, skip(CodePrivate, "holds a private key")
	}
	t := &Text{MediaType: kind.media, Extractor: prefix + id, Bytes: d.text}
	t.Language = lang.Detect(d.text[:min(len(d.text), languageSample)])
	t.Passages = segment.Cut(t.Bytes, d.marks, t.Language)
	if len(t.Passages) == 0 {
		return nil, skip(CodeEmpty, "no text")
	}
	return t, nil
}

// languageSample is how much of a document decides its language, in bytes.
const languageSample = 64 << 10

// parse runs the extractor of a format and returns its id and version. A
// version changes whenever any text that it derives could change.
func (x *Extractor) parse(ctx context.Context, kind kind, src []byte, d *draft) (string, error) {
	switch kind.format {
	case pdf:
		return "pdf/1", x.parsePDFLocked(ctx, src, d)
	case docx:
		return "docx/1", x.parseDOCX(ctx, src, d)
	case html:
		return "html/1", parseHTML(ctx, src, d)
	case unknown:
		return "", skip(CodeUnsupported, "no extractor reads %s", kind.media)
	}
	text, err := decode(src)
	if err != nil {
		return "", err
	}
	d.text = text
	if err := d.check(); err != nil {
		return "", err
	}
	switch {
	case kind.format == markdown && len(text) <= maxMarkdown:
		return "markdown/1", parseMarkdown(x.limits.Depth, d)
	case kind.format == csvTable:
		return "csv/1", parseCSV(ctx, d)
	case kind.format == roff:
		return "roff/1", parseRoff(d)
	default:
		parsePlain(d, 0)
		return "text/1", nil
	}
}

// gunzip unpacks one layer of gzip.
func (x *Extractor) gunzip(ctx context.Context, src []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, x.limits.Timeout)
	defer cancel()
	z, err := gzip.NewReader(bytes.NewReader(src))
	if err != nil {
		return nil, err
	}
	return x.unpack(ctx, z, int64(len(src)))
}

// ratioFloor is the size in bytes up to which no ratio is suspicious: a short
// run of spaces compresses a thousandfold and harms nobody.
const ratioFloor = 1 << 20

// unpack reads what packed bytes expand to, and trusts no declared size.
func (x *Extractor) unpack(ctx context.Context, r io.Reader, packed int64) ([]byte, error) {
	ratio := max(ratioFloor, packed*int64(x.limits.Ratio))
	limit := min(ratio, x.limits.TextBytes)
	b, err := io.ReadAll(io.LimitReader(ctxReader{ctx, r}, limit+1))
	if int64(len(b)) > limit {
		if limit == ratio {
			return nil, skip(CodeRatio, "expands more than %d times", x.limits.Ratio)
		}
		return nil, skip(CodeTooLarge, "expands to more than %d bytes", x.limits.TextBytes)
	}
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	return b, nil
}

// ctxReader lets a deadline reach into a parser that only knows io.Reader.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (r ctxReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	// Small reads: a parser must come back for the next deadline check.
	return r.r.Read(p[:min(len(p), 64<<10)])
}

// oneLine keeps foreign control characters out of messages.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s[:min(len(s), 200)])
}
