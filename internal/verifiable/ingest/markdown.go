// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"dsai.example/dsai/internal/verifiable/ingest/segment"
)

// blocksOnly parses the block structure of CommonMark. Spans index the raw
// source, so nothing inside a paragraph matters, and the inline rules take
// quadratic time on hostile input: 150 kB of "*a_" took nine seconds.
var blocksOnly = parser.NewParser(parser.WithBlockParsers(parser.DefaultBlockParsers()...),
	parser.WithInlineParsers([]util.PrioritizedValue{}...))

// maxMarkdown is the most bytes read as Markdown, because the parser cannot be
// interrupted and hostile nesting costs it over a second per MiB. Beyond it
// Markdown is read as the plain text that it also is.
const maxMarkdown = 4 << 20

// parseMarkdown marks the blocks of the Markdown in d.
func parseMarkdown(depth int, d *draft) error {
	from := frontMatter(d.text)
	if from > 0 {
		d.marks = append(d.marks, segment.Mark{Kind: segment.Lines})
	}
	src := d.text[from:]
	if containers(src) > depth {
		return skip(CodeNesting, "more than %d quotations or lists in each other", depth)
	}
	root := blocksOnly.Parse(text.NewReader(src))
	return ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering || n.Type() != ast.TypeBlock {
			return ast.WalkContinue, nil
		}
		m, at := segment.Mark{}, -1
		switch n := n.(type) {
		case *ast.Heading:
			m = segment.Mark{Kind: segment.Heading, Level: n.Level, Title: headingText(n.Lines().Value(src))}
			at = n.Pos()
		case *ast.FencedCodeBlock, *ast.CodeBlock, *ast.HTMLBlock:
			m.Kind = segment.Lines
			at = n.Pos()
		case *ast.Paragraph, *ast.TextBlock:
			if n.Lines().Len() > 0 {
				at = n.Lines().At(0).Start
				if src[at] == '|' {
					m.Kind = segment.Lines
				}
			}
		}
		if at < 0 || at >= len(src) {
			return ast.WalkContinue, nil
		}
		// The markers before a block, such as "- " or "> ", belong to it.
		m.At = from + bytes.LastIndexByte(src[:at], '\n') + 1
		if k := len(d.marks); k == 0 || d.marks[k-1].At < m.At {
			d.marks = append(d.marks, m)
		}
		return ast.WalkContinue, nil
	})
}

// frontMatter returns the length of a leading block of metadata between lines
// of three hyphens, which CommonMark would read as a heading.
func frontMatter(src []byte) int {
	if !bytes.HasPrefix(src, []byte("---\n")) {
		return 0
	}
	n := bytes.Index(src[3:], []byte("\n---\n"))
	if n < 0 || n > 64<<10 {
		return 0
	}
	return 3 + n + len("\n---\n")
}

// containers returns the most containers that one line may stand in: its
// leading markers, and two columns of indentation for each list around it. The
// parser's cost grows with lines times levels, and faster with new levels.
func containers(src []byte) int {
	most := 0
	for at := 0; at < len(src); {
		end := lineEnd(src, at)
		line := bytes.TrimRight(src[at:end], " \t\r\n")
		markers, columns := 0, 0
	scan:
		for _, b := range line {
			switch {
			case b == '>' || b == '-' || b == '+' || b == '*' || b == '.' || b == ')':
				markers++
			case b == ' ':
				columns++
			case b == '\t':
				columns += 4
			case b < '0' || b > '9':
				break scan
			}
		}
		// A rule of hyphens or a row of dots nests nothing.
		if n := max(markers, columns/2); n > most && !uniformLine(line) {
			most = n
		}
		at = end
	}
	return most
}

func uniformLine(line []byte) bool {
	return len(line) > 0 && line[0] != '>' && uniform(line)
}

// headingText strips the inline markup that headings commonly carry.
func headingText(raw []byte) string {
	s := strings.TrimSpace(string(raw))
	// "[text](target)" keeps the text.
	for {
		i := strings.Index(s, "](")
		if i < 0 {
			break
		}
		j := strings.IndexByte(s[i:], ')')
		k := strings.LastIndexByte(s[:i], '[')
		if j < 0 || k < 0 {
			break
		}
		s = s[:k] + s[k+1:i] + s[i+j+1:]
	}
	return strings.TrimSpace(strings.NewReplacer("`", "", "**", "", "__", "").Replace(s))
}
