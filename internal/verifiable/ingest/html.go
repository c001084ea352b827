// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bytes"
	"context"
	"strings"
	"unicode/utf8"

	nethtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"

	"dsai.example/dsai/internal/verifiable/ingest/segment"
)

// parseHTML writes the visible text of a page to d. Nothing remote is touched,
// and what a reader would not see (scripts, styles, hidden elements, comments)
// or would not read (navigation, forms) is left out.
func parseHTML(ctx context.Context, src []byte, d *draft) error {
	if !utf8.Valid(src) {
		enc, _, _ := charset.DetermineEncoding(src, "")
		out, err := enc.NewDecoder().Bytes(src)
		if err != nil {
			return skip(CodeNotUTF8, "cannot decode the page")
		}
		src = bytes.ToValidUTF8(out, []byte("\ufffd"))
	}
	// The parser itself refuses a stack of more than 512 open elements.
	root, err := nethtml.Parse(ctxReader{ctx, bytes.NewReader(src)})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return skip(CodeNesting, "elements nested too deeply")
	}
	p := htmlText{draft: d}
	if find(root, atom.H1) == nil {
		if t := find(root, atom.Title); t != nil && t.FirstChild != nil {
			p.heading(1, fold(t.FirstChild.Data))
		}
	}
	p.node(root)
	if bytes.IndexByte(d.text, 0) >= 0 {
		d.text = bytes.ReplaceAll(d.text, []byte{0}, []byte{' '})
	}
	return d.check()
}

// htmlText writes nodes to a draft.
type htmlText struct {
	*draft
	space bool // white space is due before the next text
	pre   bool // inside preformatted text
	row   bool // inside a table row, whose blocks stay on one line
	full  bool // the text limit is passed; write no more
}

func (p *htmlText) node(n *nethtml.Node) {
	switch n.Type {
	case nethtml.TextNode:
		p.write(n.Data)
		return
	case nethtml.ElementNode:
		if unseen(n) {
			return
		}
		if p.element(n) {
			return
		}
	case nethtml.DocumentNode:
	default:
		return
	}
	p.children(n)
}

func (p *htmlText) children(n *nethtml.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		p.node(c)
	}
}

// element opens the block of an element. It reports whether it has written the
// children as well.
func (p *htmlText) element(n *nethtml.Node) bool {
	switch n.DataAtom {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		if !p.row {
			p.heading(int(n.Data[1]-'0'), inner(n))
			return true
		}
	case atom.Pre:
		if p.row {
			break
		}
		p.start(segment.Lines, true)
		p.pre = true
		p.children(n)
		p.pre = false
		p.start(segment.Prose, true)
		return true
	case atom.Tr:
		// A table in a table cell joins the outer row, so rows never nest.
		if p.row {
			break
		}
		p.start(segment.Row, false)
		p.row = true
		p.children(n)
		p.row = false
		return true
	case atom.Td, atom.Th:
		if n := len(p.text); p.row && n > 0 && p.text[n-1] != '\n' {
			p.text = append(p.text, " | "...)
			p.space = false
		}
	case atom.Li:
		p.start(segment.Prose, false)
		if !p.row {
			p.text = append(p.text, "- "...)
		}
	case atom.Br:
		if p.row {
			p.space = true
		} else {
			p.text = append(p.text, '\n')
			p.space = false
		}
	case atom.P, atom.Div, atom.Section, atom.Article, atom.Main, atom.Aside, atom.Header, atom.Footer,
		atom.Blockquote, atom.Dl, atom.Dt, atom.Ul, atom.Ol, atom.Table, atom.Figure, atom.Figcaption,
		atom.Address, atom.Details, atom.Summary, atom.Hr, atom.Caption, atom.Fieldset, atom.Center, atom.Body:
		p.around(n, true)
		return true
	case atom.Dd:
		p.around(n, false)
		return true
	}
	return false
}

// around writes an element that is a block: text after it is a block again.
func (p *htmlText) around(n *nethtml.Node, apart bool) {
	p.start(segment.Prose, apart)
	p.children(n)
	p.start(segment.Prose, false)
}

// start begins a block. The first block of a list item stays on the line of
// its marker, and a table row holds no blocks at all.
func (p *htmlText) start(kind segment.Kind, apart bool) {
	p.space = p.row
	if p.row {
		return
	}
	if n := len(p.marks); n > 0 && string(bytes.TrimSpace(p.text[p.marks[n-1].At:])) == "-" {
		return
	}
	if apart {
		p.block(segment.Mark{Kind: kind})
	} else {
		p.line(segment.Mark{Kind: kind})
	}
}

// heading writes a heading as a block of its own.
func (p *htmlText) heading(level int, title string) {
	if title == "" {
		return
	}
	p.block(segment.Mark{Kind: segment.Heading, Level: level, Title: title})
	p.text = append(p.text, title...)
	p.block(segment.Mark{})
	p.space = false
}

// write adds text, with runs of white space folded outside preformatted text.
func (p *htmlText) write(s string) {
	if p.full = p.full || int64(len(p.text)) > p.max; p.full {
		return
	}
	if p.pre {
		p.text = append(p.text, s...)
		return
	}
	for i := 0; i < len(s); i++ {
		switch b := s[i]; b {
		case ' ', '\t', '\n', '\r', '\f':
			p.space = true
		default:
			if n := len(p.text); p.space && n > 0 && p.text[n-1] != '\n' && p.text[n-1] != ' ' {
				p.text = append(p.text, ' ')
			}
			p.space = false
			p.text = append(p.text, b)
		}
	}
}

// unseen reports whether an element holds nothing that a reader reads.
func unseen(n *nethtml.Node) bool {
	switch n.DataAtom {
	case atom.Head, atom.Script, atom.Style, atom.Nav, atom.Template, atom.Noscript, atom.Iframe, atom.Object,
		atom.Svg, atom.Math, atom.Canvas, atom.Audio, atom.Video, atom.Select, atom.Button, atom.Textarea:
		return true
	}
	for _, a := range n.Attr {
		switch a.Key {
		case "hidden":
			return true
		case "style":
			// Text that only machines see is how instructions are smuggled in.
			v := strings.ReplaceAll(strings.ToLower(a.Val), " ", "")
			if strings.Contains(v, "display:none") || strings.Contains(v, "visibility:hidden") {
				return true
			}
		}
	}
	return false
}

// inner returns the visible text of an element on one line.
func inner(n *nethtml.Node) string {
	p := htmlText{draft: &draft{max: 4 << 10}, row: true}
	p.children(n)
	return fold(string(p.text))
}

// find returns the first element of a kind in document order, or nil.
func find(root *nethtml.Node, a atom.Atom) *nethtml.Node {
	for n := range root.Descendants() {
		if n.Type == nethtml.ElementNode && n.DataAtom == a {
			return n
		}
	}
	return nil
}

// fold puts text on one line.
func fold(s string) string {
	return strings.Join(strings.Fields(s), " ")
}
