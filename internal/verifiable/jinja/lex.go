// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package jinja

import (
	"fmt"
	"strings"
)

// What a token is.
const (
	text     = 't' // between tags
	name     = 'n'
	quoted   = 's'
	number   = 'i'
	operator = 'o' // also the ends of tags
)

type token struct {
	kind byte
	s    string
	line int
}

// MaxSource bounds a template, in bytes. The longest in use has about 20 KiB.
const MaxSource = 128 << 10

// lexer cuts a template into tokens.
type lexer struct {
	src       string
	pos, line int
	fresh     bool // what comes next begins a line
	out       []token
}

// lex returns the tokens of a template. White space beside tags goes as trim_blocks and lstrip_blocks
// say: the first line break after a statement, and the blanks before one that begins its line.
func lex(src string) ([]token, error) {
	if len(src) > MaxSource {
		return nil, fmt.Errorf("it has %d bytes, at most %d are read", len(src), MaxSource)
	}
	src = strings.ReplaceAll(src, "\r\n", "\n")
	l := &lexer{src: strings.TrimSuffix(src, "\n"), line: 1, fresh: true}
	for l.pos < len(l.src) {
		if err := l.next(); err != nil {
			return nil, err
		}
	}
	return l.out, nil
}

func (l *lexer) add(kind byte, s string) { l.out = append(l.out, token{kind, s, l.line}) }

func (l *lexer) fail(what string) error { return fmt.Errorf("line %d: %s", l.line, what) }

// advance moves on by n bytes.
func (l *lexer) advance(n int) {
	l.line += strings.Count(l.src[l.pos:l.pos+n], "\n")
	l.pos += n
}

// tagAt returns where the next tag starts, or the end.
func (l *lexer) tagAt() int {
	for i := l.pos; i+1 < len(l.src); i++ {
		if l.src[i] == '{' && strings.IndexByte("{%#", l.src[i+1]) >= 0 {
			return i
		}
	}
	return len(l.src)
}

// next reads text and the tag after it.
func (l *lexer) next() error {
	at := l.tagAt()
	before := l.src[l.pos:at]
	if at == len(l.src) {
		l.add(text, before)
		l.pos = at
		return nil
	}
	kind, sign := l.src[at+1], byte(0)
	if at+2 < len(l.src) {
		sign = l.src[at+2]
	}
	switch {
	case sign == '-':
		before = strings.TrimRight(before, " \t\n\r\f\v")
	case kind != '{' && sign != '+':
		before = l.unindent(before)
	}
	if before != "" {
		l.add(text, before)
	}
	l.advance(at + 2 - l.pos)
	if sign == '-' || sign == '+' {
		l.advance(1)
	}
	if kind == '#' {
		return l.comment()
	}
	return l.tag(kind)
}

// unindent drops the blanks before a statement that begins its line.
func (l *lexer) unindent(before string) string {
	line := strings.LastIndexByte(before, '\n') + 1
	if (line > 0 || l.fresh) && strings.Trim(before[line:], " \t") == "" {
		return before[:line]
	}
	return before
}

func (l *lexer) comment() error {
	end := strings.Index(l.src[l.pos:], "#}")
	if end < 0 {
		return l.fail("a comment has no end")
	}
	sign := byte(0)
	if end > 0 {
		sign = l.src[l.pos+end-1]
	}
	l.advance(end + 2)
	l.after(sign, true)
	return nil
}

// after takes the white space after a tag that it takes with it.
func (l *lexer) after(sign byte, statement bool) {
	l.fresh = false
	rest := l.src[l.pos:]
	switch {
	case sign == '-':
		l.advance(len(rest) - len(strings.TrimLeft(rest, " \t\n\r\f\v")))
	case statement && sign != '+' && strings.HasPrefix(rest, "\n"):
		l.advance(1)
		l.fresh = true
	}
}

// tag reads the tokens of a tag up to its end.
func (l *lexer) tag(kind byte) error {
	l.add(operator, "{"+string(kind))
	end, depth := "}}", 0
	if kind == '%' {
		end = "%}"
	}
	for {
		rest := strings.TrimLeft(l.src[l.pos:], " \t\n\r\f\v")
		l.advance(len(l.src) - l.pos - len(rest))
		if rest == "" {
			return l.fail("a tag has no end")
		}
		sign, bare := byte(0), rest
		if rest[0] == '-' || rest[0] == '+' {
			sign, bare = rest[0], rest[1:]
		}
		if depth == 0 && strings.HasPrefix(bare, end) {
			l.add(operator, end)
			l.advance(len(rest) - len(bare) + 2)
			l.after(sign, kind == '%')
			return nil
		}
		switch rest[0] {
		case '{', '[', '(':
			depth++
		case '}', ']', ')':
			depth--
		}
		if err := l.one(rest); err != nil {
			return err
		}
	}
}

// operators, longer ones first.
var operators = []string{"==", "!=", "<=", ">=", "//", "**", "+", "-", "*", "/", "%", "~", "<", ">", "=", ".", ",", ":", "|", "(", ")", "[", "]", "{", "}"}

// one reads one token inside of a tag.
func (l *lexer) one(rest string) error {
	switch c := rest[0]; {
	case c == '"' || c == '\'':
		return l.quoted(rest)
	case isLetter(c) || isDigit(c):
		n := 1
		for n < len(rest) && (isDigit(rest[n]) || isLetter(c) && isLetter(rest[n])) {
			n++
		}
		kind := byte(name)
		if isDigit(c) {
			kind = number
		}
		l.add(kind, rest[:n])
		l.advance(n)
		return nil
	}
	for _, o := range operators {
		if strings.HasPrefix(rest, o) {
			l.add(operator, o)
			l.advance(len(o))
			return nil
		}
	}
	return l.fail(fmt.Sprintf("%q means nothing here", rest[:1]))
}

func isLetter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

var escapes = map[byte]string{'n': "\n", 't': "\t", 'r': "\r", '\\': "\\", '\'': "'", '"': "\"", '\n': ""}

// quoted reads a string. An escape that Python has and this package does not is an error.
func (l *lexer) quoted(rest string) error {
	var b strings.Builder
	for i := 1; i < len(rest); i++ {
		switch c := rest[i]; c {
		case rest[0]:
			l.add(quoted, b.String())
			l.advance(i + 1)
			return nil
		case '\\':
			i++
			if i == len(rest) {
				break
			}
			s, ok := escapes[rest[i]]
			switch {
			case ok:
				b.WriteString(s)
			case strings.IndexByte("abfvxuUN01234567", rest[i]) >= 0:
				return l.fail("a string has the escape \\" + string(rune(rest[i])) + ", which is not read")
			default: // as Python: no escape
				b.WriteByte('\\')
				b.WriteByte(rest[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return l.fail("a string has no end")
}
