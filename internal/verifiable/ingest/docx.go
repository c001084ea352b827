// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"dsai.example/dsai/internal/verifiable/ingest/segment"
)

// maxParts is the most files in a DOCX archive; real ones have tens.
const maxParts = 10000

// parseDOCX writes the paragraphs and tables of a WordprocessingML document
// (ECMA-376 part 1) to d. Deleted and hidden text, field codes, comments and
// notes are left out; macros and links are never looked at.
func (x *Extractor) parseDOCX(ctx context.Context, src []byte, d *draft) error {
	z, err := zip.NewReader(bytes.NewReader(src), int64(len(src)))
	if err != nil {
		return fmt.Errorf("open docx: %w", err)
	}
	if len(z.File) > maxParts {
		return skip(CodeTooLarge, "more than %d parts", maxParts)
	}
	p := docxText{draft: d, depth: x.limits.Depth, levels: map[string]int{}}
	styles, err := x.part(ctx, z, "word/styles.xml")
	if err == nil {
		err = p.walk(styles, p.style)
	}
	if err != nil && !errors.Is(err, errNoPart) {
		return err
	}
	body, err := x.part(ctx, z, "word/document.xml")
	if err != nil {
		return err
	}
	if err := p.walk(body, p.body); err != nil {
		return err
	}
	return d.check()
}

var errNoPart = errors.New("part is missing")

// part unpacks one file of the archive.
func (x *Extractor) part(ctx context.Context, z *zip.Reader, name string) ([]byte, error) {
	for _, f := range z.File {
		if f.Name != name {
			continue
		}
		if f.Flags&1 != 0 {
			return nil, skip(CodeEncrypted, "needs a password")
		}
		r, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", name, err)
		}
		defer r.Close()
		// The packed size is the archive's claim; it can not exceed the archive.
		return x.unpack(ctx, r, int64(min(f.CompressedSize64, uint64(x.limits.SourceBytes))))
	}
	return nil, fmt.Errorf("open %s: %w", name, errNoPart)
}

// docxText writes paragraphs to a draft.
type docxText struct {
	*draft
	depth  int
	levels map[string]int // heading level by style id

	id     string // of the style at hand
	para   []byte // text of the paragraph at hand
	level  int    // its heading level, 0 if none
	list   bool   // it is a list item
	hidden bool   // the run at hand is not shown
	text   bool   // inside the text of a run
	cells  int    // cells begun in the row at hand
	tables int    // open tables
	rows   int    // open rows
	skip   int    // open elements whose content is left out
}

// walk hands each start, end and text of an XML part to visit, in order.
func (p *docxText) walk(part []byte, visit func(xml.Token)) error {
	dec := xml.NewDecoder(bytes.NewReader(part))
	for depth := 0; ; {
		t, err := dec.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch t.(type) {
		case xml.StartElement:
			if depth++; depth > p.depth {
				return skip(CodeNesting, "elements nested more than %d deep", p.depth)
			}
		case xml.EndElement:
			depth--
		}
		visit(t)
		if err := p.check(); err != nil {
			return err
		}
	}
}

// style learns which styles are headings, by outline level or by the built-in
// name, which stays English in every localised document.
func (p *docxText) style(t xml.Token) {
	e, ok := t.(xml.StartElement)
	if !ok {
		return
	}
	switch e.Name.Local {
	case "style":
		p.id = attr(e, "styleId")
	case "name":
		name := strings.ToLower(attr(e, "val"))
		if name == "title" {
			p.levels[p.id] = 1
		} else if n, err := strconv.Atoi(strings.TrimPrefix(name, "heading ")); err == nil && n > 0 && n < 10 {
			p.levels[p.id] = n
		}
	case "outlineLvl":
		if n, err := strconv.Atoi(attr(e, "val")); err == nil && n >= 0 && n < 9 && p.levels[p.id] == 0 {
			p.levels[p.id] = n + 1
		}
	}
}

// body writes the document.
func (p *docxText) body(t xml.Token) {
	switch t := t.(type) {
	case xml.StartElement:
		if p.skip > 0 || left(t.Name.Local) {
			p.skip++
			return
		}
		p.begin(t)
	case xml.EndElement:
		if p.skip > 0 {
			p.skip--
			return
		}
		p.end(t.Name.Local)
	case xml.CharData:
		if p.text && !p.hidden && p.skip == 0 {
			p.para = append(p.para, t...)
		}
	}
}

// left reports whether an element's content is left out. A fallback repeats
// what its alternative already said.
func left(name string) bool {
	switch name {
	case "Fallback", "del", "moveFrom", "instrText", "delText", "pPrChange", "rPrChange", "sectPr":
		return true
	}
	return false
}

func (p *docxText) begin(e xml.StartElement) {
	switch e.Name.Local {
	case "p":
		// A paragraph inside a paragraph is a text box; what came before it is
		// written first.
		p.flush()
	case "pStyle":
		p.level = p.levels[attr(e, "val")]
	case "outlineLvl":
		if n, err := strconv.Atoi(attr(e, "val")); err == nil && n >= 0 && n < 9 {
			p.level = n + 1
		}
	case "numPr":
		p.list = true
	case "r":
		p.hidden = false
	case "vanish":
		if v := attr(e, "val"); v != "0" && v != "false" {
			p.hidden = true
		}
	case "t":
		p.text = true
	case "tab":
		p.para = append(p.para, '\t')
	case "br", "cr":
		p.para = append(p.para, '\n')
	case "noBreakHyphen":
		p.para = append(p.para, '-')
	case "tbl":
		p.flush()
		p.tables++
	case "tr":
		p.flush()
		if p.rows++; p.rows == 1 {
			p.line(segment.Mark{Kind: segment.Row})
			p.cells = 0
		}
	case "tc":
		if p.cells++; p.cells > 1 {
			p.draft.text = append(p.draft.text, " | "...)
		}
	}
}

func (p *docxText) end(name string) {
	switch name {
	case "t":
		p.text = false
	case "p":
		p.flush()
	case "tr":
		p.flush()
		p.rows--
	case "tbl":
		if p.tables--; p.tables == 0 {
			p.block(segment.Mark{})
		}
	}
}

// flush writes the paragraph at hand, as part of its row inside a table.
func (p *docxText) flush() {
	text := strings.TrimSpace(strings.ToValidUTF8(string(p.para), "\ufffd"))
	level, list := p.level, p.list
	p.para, p.level, p.list = p.para[:0], 0, false
	if text == "" {
		return
	}
	out := &p.draft.text
	switch {
	case p.rows > 0:
		if n := len(*out); n > 0 && (*out)[n-1] != '\n' && (*out)[n-1] != ' ' {
			*out = append(*out, ' ')
		}
		text = fold(text)
	case level > 0:
		p.block(segment.Mark{Kind: segment.Heading, Level: level, Title: fold(text)})
	case list:
		p.line(segment.Mark{})
		*out = append(*out, "- "...)
	default:
		p.block(segment.Mark{})
	}
	*out = append(*out, text...)
}

// attr returns an attribute by its local name.
func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
