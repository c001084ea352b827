// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"

	"github.com/klippa-app/go-pdfium"
	pdferrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// pdfMemory caps the memory of the PDF sandbox, in WebAssembly pages of 64 KiB.
const pdfMemory = 512 << 20 >> 16

// pdfSandbox runs PDFium as WebAssembly: no file system, no network, capped
// memory, one document at a time and a new instance for each, so that one file
// can neither see another nor outlive its deadline.
type pdfSandbox struct {
	mu     sync.Mutex         // held while a file is read; guards the rest
	pool   pdfium.Pool        // nil until the first PDF, and after a timeout
	cancel context.CancelFunc // stops whatever runs in pool
	cache  wazero.CompilationCache
}

// openLocked starts the sandbox; compiling takes a second or two, once.
func (s *pdfSandbox) openLocked() error {
	if s.pool != nil {
		return nil
	}
	if s.cache == nil {
		s.cache = wazero.NewCompilationCache()
	}
	// The sandbox outlives the file that starts it, so its context is its own.
	ctx, cancel := context.WithCancel(context.Background())
	pool, err := webassembly.Init(webassembly.Config{
		Context:  ctx,
		MaxIdle:  1,
		MaxTotal: 1,
		// The default would mount the root of the host's file system.
		FSConfig: wazero.NewFSConfig(),
		Stdout:   io.Discard,
		Stderr:   io.Discard,
		RuntimeConfig: wazero.NewRuntimeConfig().
			WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
			WithMemoryLimitPages(pdfMemory).
			WithCloseOnContextDone(true).
			WithCompilationCache(s.cache),
	})
	if err != nil {
		cancel()
		return fmt.Errorf("start pdf sandbox: %w", err)
	}
	s.pool, s.cancel = pool, cancel
	return nil
}

// stopLocked ends the sandbox but keeps the compiled code for the next one.
func (s *pdfSandbox) stopLocked() {
	if s.pool != nil {
		s.cancel()
		// An interrupted instance cannot say goodbye; its memory is released.
		_ = s.pool.Close()
		s.pool = nil
	}
}

func (s *pdfSandbox) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopLocked()
	if s.cache == nil {
		return nil
	}
	err := s.cache.Close(context.Background())
	s.cache = nil
	return err
}

// parsePDFLocked writes the text of each page to d. The sandbox is open.
func (x *Extractor) parsePDFLocked(ctx context.Context, src []byte, d *draft) error {
	s := &x.pdf
	// Cancelling the sandbox is what interrupts code that runs inside it.
	stop := context.AfterFunc(ctx, s.cancel)
	err := x.pagesLocked(ctx, src, d)
	if !stop() {
		s.stopLocked()
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	if !strings.ContainsFunc(string(d.text), func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return skip(CodeNoText, "pages without text, such as a scan")
	}
	return nil
}

func (x *Extractor) pagesLocked(ctx context.Context, src []byte, d *draft) error {
	inst, err := x.pdf.pool.GetInstanceWithContext(ctx)
	if err != nil {
		return err
	}
	defer inst.Close()
	doc, err := inst.OpenDocument(&requests.OpenDocument{File: &src})
	switch {
	case errors.Is(err, pdferrors.ErrPassword), errors.Is(err, pdferrors.ErrSecurity):
		return skip(CodeEncrypted, "needs a password")
	case err != nil:
		return fmt.Errorf("open pdf: %w", err)
	}
	count, err := inst.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: doc.Document})
	if err != nil {
		return fmt.Errorf("count pages: %w", err)
	}
	if count.PageCount > x.limits.Pages {
		return skip(CodeTooLarge, "%d pages, more than %d", count.PageCount, x.limits.Pages)
	}
	for i := range count.PageCount {
		page, err := inst.GetPageText(&requests.GetPageText{Page: requests.Page{
			ByIndex: &requests.PageByIndex{Document: doc.Document, Index: i}}})
		if err != nil {
			return fmt.Errorf("read page %d: %w", i+1, err)
		}
		d.page(i+1, page.Text)
		if err := d.check(); err != nil {
			return err
		}
	}
	return nil
}

// pdfText undoes what PDFium adds: carriage returns, and the marks that it puts
// where a word was hyphenated at a line end.
var pdfText = strings.NewReplacer("\u0002\r\n", "", "\ufffe\r\n", "", "\u0002", "", "\ufffe", "",
	"\r\n", "\n", "\r", "\n", "\x00", " ")

// page appends the text of one page.
func (d *draft) page(number int, text string) {
	if len(d.text) > 0 {
		d.text = append(d.text, "\n\n"...)
	}
	from, marks := len(d.text), len(d.marks)
	d.text = append(d.text, strings.ToValidUTF8(pdfText.Replace(text), "\ufffd")...)
	parsePlain(d, from)
	for i := range d.marks[marks:] {
		d.marks[marks+i].Page = number
	}
}
