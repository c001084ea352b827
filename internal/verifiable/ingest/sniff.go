// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bytes"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// format names an extractor.
type format uint8

const (
	unknown format = iota
	plain
	markdown
	html
	pdf
	docx
	csvTable
	roff
	gzipped
)

// kind is what sniff tells about a file.
type kind struct {
	format format
	media  string
}

// sniff tells the type of a file by content. The name decides only among types
// whose content looks alike: plain text, Markdown, CSV and manual pages.
func sniff(name string, src []byte) kind {
	m := mimetype.Detect(src)
	media, _, _ := strings.Cut(m.String(), ";")
	switch {
	case m.Is("application/pdf"):
		return kind{pdf, media}
	case m.Is("application/vnd.openxmlformats-officedocument.wordprocessingml.document"):
		return kind{docx, media}
	case m.Is("application/gzip"):
		return kind{gzipped, media}
	}
	return sniffText(strings.ToLower(path.Ext(name)), media, m, src)
}

// sniffText tells the kinds of text apart.
func sniffText(ext, media string, m *mimetype.MIME, src []byte) kind {
	if !isText(m) {
		return kind{unknown, media}
	}
	switch media {
	case "text/rtf", "image/svg+xml", "text/xml":
		return kind{unknown, media}
	case "text/html", "application/xhtml+xml":
		// Markdown may begin with a comment or a centred image in HTML.
		if !isMarkdown(ext) || page(src) {
			return kind{html, media}
		}
	}
	for p := m; p != nil; p = p.Parent() {
		if p.Is("text/xml") {
			return kind{unknown, media}
		}
	}
	switch {
	case isMarkdown(ext):
		return kind{markdown, "text/markdown"}
	case ext == ".csv" || ext == "" && media == "text/csv":
		return kind{csvTable, "text/csv"}
	case ext == ".tsv" || ext == "" && media == "text/tab-separated-values":
		return kind{csvTable, "text/tab-separated-values"}
	case isRoff(ext, src):
		return kind{roff, "text/troff"}
	case ext == ".html" || ext == ".htm":
		return kind{html, "text/html"}
	}
	if media == "text/csv" || media == "text/tab-separated-values" {
		media = "text/plain"
	}
	return kind{plain, media}
}

func isText(m *mimetype.MIME) bool {
	for ; m != nil; m = m.Parent() {
		if m.Is("text/plain") {
			return true
		}
	}
	return false
}

func isMarkdown(ext string) bool {
	return ext == ".md" || ext == ".markdown"
}

// page reports whether text declares itself an HTML page.
func page(src []byte) bool {
	head := bytes.ToLower(bytes.TrimSpace(src[:min(len(src), 512)]))
	return bytes.HasPrefix(head, []byte("<!doctype html")) || bytes.HasPrefix(head, []byte("<html"))
}

// isRoff reports whether a file with the extension of a manual section holds
// the requests that every manual page begins with.
func isRoff(ext string, src []byte) bool {
	if len(ext) < 2 || ext[1] < '0' || ext[1] > '9' {
		return false
	}
	head := append([]byte("\n"), src[:min(len(src), 8<<10)]...)
	return bytes.Contains(head, []byte("\n.TH ")) || bytes.Contains(head, []byte("\n.Dd "))
}

// decode returns text as UTF-8: the source itself when it is valid, else what
// a byte order mark says, else Windows-1252 (of which Latin-1 text is a part)
// when the bytes are clearly text of a Western language.
func decode(src []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(src, []byte("\xff\xfe")), bytes.HasPrefix(src, []byte("\xfe\xff")):
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(src)
		if err != nil || len(src)%2 != 0 || bytes.ContainsRune(out, utf8.RuneError) {
			return nil, skip(CodeNotUTF8, "not valid UTF-16")
		}
		return out, nil
	case bytes.IndexByte(src, 0) >= 0:
		return nil, skip(CodeUnsupported, "binary data")
	case utf8.Valid(src):
		return src, nil
	case !western(src):
		return nil, skip(CodeNotUTF8, "neither UTF-8 nor an encoding that can be told")
	}
	return charmap.Windows1252.NewDecoder().Bytes(src)
}

// western reports whether bytes read as Windows-1252 text: mostly ASCII, each
// high byte assigned, most of them letters, no control characters.
func western(src []byte) bool {
	var high, letters int
	for _, b := range src {
		switch {
		case b >= 0xc0 && b != 0xd7 && b != 0xf7:
			high++
			letters++
		case b == 0x81 || b == 0x8d || b == 0x8f || b == 0x90 || b == 0x9d:
			return false
		case b >= 0x80:
			high++
		case b < ' ' && !(b >= '\b' && b <= '\r') && b != 0x1b:
			return false
		}
	}
	return high*5 <= len(src) && letters*2 >= high
}
