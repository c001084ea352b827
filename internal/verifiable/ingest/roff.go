// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"strings"

	"dsai.example/dsai/internal/verifiable/ingest/segment"
)

// parseRoff rewrites the manual page in d as readable lines: section headings,
// paragraphs and literal blocks stay, fonts and layout go. It knows the common
// requests of man(7) and mdoc(7) and runs no macro of the page.
func parseRoff(d *draft) error {
	src := string(d.text)
	d.text = nil
	r := roffText{draft: d}
	for line := range strings.Lines(src) {
		line = strings.TrimRight(line, "\r\n")
		if len(line) > 0 && (line[0] == '.' || line[0] == '\'') {
			r.request(strings.TrimLeft(line[1:], " \t"))
		} else {
			r.text(line)
		}
	}
	return d.check()
}

// roffText writes a manual page to a draft.
type roffText struct {
	*draft
	literal bool // lines stay as they are
	tag     bool // the next text is the tag of a list item and ends its line
	skip    bool // inside a definition, up to ".."
}

func (r *roffText) request(line string) {
	name, rest, _ := strings.Cut(line, " ")
	if r.skip {
		r.skip = name != "."
		return
	}
	args := arguments(rest)
	switch name {
	case "SH", "Sh", "SS", "Ss":
		r.heading(name, fold(strings.Join(args, " ")))
	case "PP", "P", "LP", "Pp", "HP", "sp", "RS", "RE", "TP", "TQ", "IP", "It":
		r.block(segment.Mark{Kind: r.kind()})
		r.tag = name == "TP" || name == "TQ"
		if len(args) > 0 && name == "IP" {
			r.tag = true
			r.put(args[0])
		} else if len(args) > 0 && name == "It" {
			r.tag = true
			r.put(strings.Join(macros("", args), " "))
		}
	case "nf", "EX", "Bd":
		r.literal = true
		r.block(segment.Mark{Kind: segment.Lines})
	case "fi", "EE", "Ed":
		r.literal = false
		r.block(segment.Mark{})
	case "de", "de1", "ig", "am":
		r.skip = true
	case "B", "I", "R", "SB", "SM":
		r.put(strings.Join(args, " "))
	case "BI", "BR", "IB", "IR", "RB", "RI", "MR":
		r.put(strings.Join(args, ""))
	default:
		// mdoc names its macros with a capital and a small letter.
		if len(name) == 2 && 'A' <= name[0] && name[0] <= 'Z' && 'a' <= name[1] && name[1] <= 'z' &&
			!strings.Contains(" Dd Dt Os Bl El Bk Ek ", " "+name+" ") {
			r.put(strings.Join(macros(name, args), " "))
		}
	}
}

func (r *roffText) heading(name, title string) {
	if title == "" {
		return
	}
	level := 1
	if name == "SS" || name == "Ss" {
		level = 2
	}
	r.literal, r.tag = false, false
	r.block(segment.Mark{Kind: segment.Heading, Level: level, Title: title})
	r.draft.text = append(r.draft.text, title...)
	r.line(segment.Mark{})
}

// text adds one line of text.
func (r *roffText) text(line string) {
	if !r.skip {
		r.put(unescape(line))
	}
}

// put adds words, which continue the line at hand unless the block is literal.
func (r *roffText) put(line string) {
	line = strings.ToValidUTF8(line, "\ufffd")
	if !r.literal {
		line = fold(line)
	}
	if line == "" && !r.literal {
		return
	}
	out := &r.draft.text
	if n := len(*out); n > 0 && (*out)[n-1] != '\n' {
		*out = append(*out, ' ')
	}
	*out = append(*out, line...)
	if r.literal || r.tag {
		*out = append(*out, '\n')
		r.tag = false
	}
}

func (r *roffText) kind() segment.Kind {
	if r.literal {
		return segment.Lines
	}
	return segment.Prose
}

// macros turns the arguments of an mdoc line into words: nested macro names
// go, a flag gets its hyphen back and a cross reference its section.
func macros(name string, args []string) []string {
	var out []string
	hyphen := name == "Fl"
	for _, a := range args {
		switch a {
		case "Fl":
			hyphen = true
			continue
		case "Ar", "Op", "Oo", "Oc", "Cm", "Nm", "Pa", "Xr", "Ns", "No", "Li", "Em", "Sy", "Va", "Ev", "Dq", "Sq",
			"Ql", "Ic", "Fa", "Fn", "Ft", "Vt", "Dv", "Er", "Aq", "Pq", "Brq", "Xo", "Xc", "Tn", "Ux":
			continue
		}
		if hyphen {
			a, hyphen = "-"+a, false
		}
		out = append(out, a)
	}
	if name == "Nd" {
		out = append([]string{"-"}, out...)
	}
	return out
}

// arguments splits the arguments of a request at blanks outside quotes.
func arguments(s string) []string {
	var args []string
	for s = strings.TrimLeft(s, " \t"); s != ""; s = strings.TrimLeft(s, " \t") {
		if s[0] == '"' {
			a, rest, _ := strings.Cut(s[1:], "\"")
			args, s = append(args, unescape(a)), rest
			continue
		}
		i := 0
		for i < len(s) && s[i] != ' ' && s[i] != '\t' {
			if s[i] == '\\' && i+1 < len(s) {
				i++
				if s[i] == '"' {
					return args
				}
			}
			i++
		}
		args, s = append(args, unescape(s[:i])), s[i:]
	}
	return args
}

// glyphs are the special characters that manual pages commonly name.
var glyphs = map[string]string{
	"aq": "'", "dq": "\"", "lq": "\u201c", "rq": "\u201d", "oq": "\u2018", "cq": "\u2019", "em": "\u2014",
	"en": "\u2013", "hy": "-", "bu": "\u2022", "co": "\u00a9", "rg": "\u00ae", "ha": "^", "ti": "~",
	"rs": "\\", "bv": "|", "mu": "\u00d7", "<=": "\u2264", ">=": "\u2265", "->": "\u2192", "<-": "\u2190",
	"la": "<", "ra": ">", "ss": "\u00df", "ga": "`", "de": "\u00b0", "sc": "\u00a7",
}

// unescape replaces roff escapes by what they print.
func unescape(s string) string {
	if !strings.Contains(s, "\\") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			if s[i] != '\\' {
				b.WriteByte(s[i])
			}
			continue
		}
		i++
		switch s[i] {
		case '"', '#':
			return b.String()
		case '-':
			b.WriteByte('-')
		case 'e', '\\':
			b.WriteByte('\\')
		case ' ', '~', '0':
			b.WriteByte(' ')
		case '(', '[', 'f', 'F', 's', '*', 'm', 'n', 'h', 'v', 'w', 'k', 'o':
			name, size := escapeName(s[i:])
			if s[i] == '(' || s[i] == '[' {
				b.WriteString(glyphs[name])
			}
			i += size - 1
		case '\'', '`', '.':
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// escapeName returns the name that an escape carries, as in (xx, [xxx], fB or
// s+2, and the length of both.
func escapeName(s string) (name string, size int) {
	i := 0
	if s[0] != '(' && s[0] != '[' {
		i++
	}
	if s[0] == 's' && i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	if i >= len(s) {
		return "", len(s)
	}
	switch s[i] {
	case '(':
		end := min(i+3, len(s))
		return s[i+1 : end], end
	case '[', '\'':
		closing := byte(']')
		if s[i] == '\'' {
			closing = '\''
		}
		n := strings.IndexByte(s[i+1:], closing)
		if n < 0 {
			return "", len(s)
		}
		return s[i+1 : i+1+n], i + n + 2
	}
	return s[i : i+1], i + 1
}
