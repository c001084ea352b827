// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/inert"
)

// document prints the one JSON document of --json. What a terminal would obey
// is escaped: it means the same to a program, and people look at JSON too.
func (a *app) document(v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	var out strings.Builder
	for _, r := range b.String() { // such characters stand in strings only
		if r != '\n' && inert.Acts(r) {
			fmt.Fprintf(&out, "\\u%04x", r)
			continue
		}
		out.WriteRune(r)
	}
	_, err := io.WriteString(a.out, out.String())
	return err
}

// say prints text, except under --json. What it is given stays on its line, see
// harmless.
func (a *app) say(format string, args ...any) {
	if !a.json {
		fmt.Fprintf(a.out, format, harmless(args)...)
	}
}

// note prints on standard error.
func (a *app) note(format string, args ...any) { fmt.Fprintf(a.err, format, harmless(args)...) }

// lines is text that may have more than one line: our own words, or foreign text
// that the caller sets apart.
type lines string

// harmless makes the texts among args inert, whoever wrote them: names of files
// and reasons of errors hold what others chose, and must not begin a line that
// could be ours. Formats are our own.
func harmless(args []any) []any {
	out := make([]any, len(args))
	for i, x := range args {
		err, failed := x.(error)
		text, more := x.(lines)
		switch {
		case more:
			out[i] = inert.Text(string(text))
		case failed:
			out[i] = inert.Escaped(err.Error())
		case reflect.ValueOf(x).Kind() == reflect.String: // of whatever type
			out[i] = inert.Escaped(fmt.Sprint(x))
		default:
			out[i] = x
		}
	}
	return out
}

// next prints the command that is useful now, under all others. Commands stand in
// the format: what is given to it is foreign, and stays as it is.
func (a *app) next(format string, args ...any) { a.say("\nNext: "+a.hereFormat(format)+"\n", args...) }

// nextThere is next for a command on another machine.
func (a *app) nextThere(format string, args ...any) { a.say("\nNext: "+format+"\n", args...) }

// indent prints text of several lines, set apart from our own.
func (a *app) indent(text string) { a.apart("  ", text) }

// apart begins every line of a text with a lead.
func (a *app) apart(lead, text string) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(text)
	for line := range strings.Lines(text) {
		a.say(lead+"%s\n", lines(strings.TrimRight(line, "\n")))
	}
}

// table prints rows in columns. It is for people: rows may be cut by pipes and
// eyes, and --json has all of it.
func (a *app) table(rows ...[]string) {
	if a.json {
		return
	}
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		cells := make([]string, len(r))
		for i, c := range r {
			cells[i] = inert.Escaped(c)
		}
		fmt.Fprintln(t, strings.Join(cells, "\t")) // also its empty cells: without them a block of columns ends
	}
	t.Flush()
	for line := range strings.Lines(b.String()) {
		fmt.Fprintln(a.out, strings.TrimRight(line, " \n"))
	}
}

// id shows a digest: its short form, or all of it under --long.
func (a *app) id(short string, full fmt.Stringer) string {
	if a.long {
		return full.String()
	}
	return short
}

// when shows a time in the reader's own zone.
func when(t dsai.Time) string {
	if t == 0 {
		return "-"
	}
	return t.Std().Local().Format("2006-01-02 15:04:05")
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if s, ok := strings.CutSuffix(one, "y"); ok {
		return fmt.Sprintf("%d %sies", n, s)
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// size shows bytes in the unit that people would choose.
func size(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}

// clip cuts text for one line of a table.
func clip(s string, runes int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > runes {
		return string(r[:runes-1]) + "…"
	}
	return s
}

// quote makes an argument that can be pasted into a shell. What acts is spelled
// out ($'…' of POSIX), or the line that shows it would be another one.
func quote(s string) string {
	if e := inert.Escaped(s); e != s {
		return "$'" + inert.Escaped(strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s)) + "'"
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r == '/' || r == '.' || r == '-' || r == '_' || r == '#' || r == '~' || r == ':' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// quoteFile is quote for a file that stands where a flag could.
func quoteFile(path string) string {
	if strings.HasPrefix(path, "-") {
		path = "./" + path
	}
	return quote(path)
}

// fileHint says what to do about a file that could not be made.
func fileHint(err error) string {
	switch {
	case errors.Is(err, fs.ErrExist):
		return "remove it, or name another file"
	case errors.Is(err, fs.ErrNotExist):
		return "make its folder first, or name another file"
	}
	return ""
}

// terminal reports whether a person is at the other end of f.
func terminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// patience tells a person at a terminal, from the second second on, for how long
// a wait has gone on, until the function that it returns is called.
func (a *app) patience(what string) (calm func()) {
	if a.json || !terminal(a.err) {
		return func() {}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		begin := time.Now()
		t := time.NewTicker(time.Second)
		defer t.Stop()
		for shown := false; ; shown = true {
			select {
			case <-t.C:
				a.note("\r\x1b[K%s, %s", what, time.Since(begin).Round(time.Second))
			case <-stop:
				if shown {
					a.note("\r\x1b[K")
				}
				return
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(stop)
		<-stopped
	})
}

// confirm asks a person. Without one, only --yes is a yes: nothing is destroyed
// because a script forgot to say so.
func (a *app) confirm(question string) error {
	if a.yes {
		return nil
	}
	if !terminal(a.in) {
		return usage("this needs a yes: "+question, "add --yes to do it without being asked")
	}
	a.note("%s [y/N] ", question)
	line, _ := bufio.NewReader(a.in).ReadString('\n')
	if s := strings.ToLower(strings.TrimSpace(line)); s == "y" || s == "yes" {
		return nil
	}
	return refused("not confirmed; nothing was changed", "")
}

// since parses "7d", "12h" or a day into the time from which to list.
func since(s string) (dsai.Time, error) {
	if s == "" {
		return 0, nil
	}
	if t, err := day(s); err == nil {
		return t, nil
	}
	days, ok := strings.CutSuffix(s, "d")
	if ok {
		s = days + "h"
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, usage(fmt.Sprintf("--since %q: want a day such as 2026-11-22, or 7d or 12h", s), "")
	}
	if ok {
		d *= 24
	}
	return dsai.At(time.Now().Add(-d)), nil
}

// day parses a day, in the reader's own zone, or a time in its canonical form.
func day(s string) (dsai.Time, error) {
	if t, err := time.ParseInLocation(time.DateOnly, s, time.Local); err == nil {
		return dsai.At(t), nil
	}
	var t dsai.Time
	if err := t.UnmarshalText([]byte(s)); err != nil {
		return 0, usage(fmt.Sprintf("%q: want a day such as 2027-12-31", s), "")
	}
	return t, nil
}

// lastMoment parses --until: a day counts to its end.
func lastMoment(s string) (dsai.Time, error) {
	if s == "" {
		return 0, nil
	}
	t, err := day(s)
	if err == nil && len(s) == len(time.DateOnly) {
		t = dsai.At(t.Std().In(time.Local).AddDate(0, 0, 1)) - 1
	}
	return t, err
}

// absolute makes paths mean the same to a node in another folder.
func absolute(paths []string) ([]string, error) {
	out := make([]string, len(paths))
	for i, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, err
		}
		out[i] = abs
	}
	return out, nil
}

// typed shows an absolute path the way the user would type it.
func typed(path string) string {
	wd, err := os.Getwd()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(wd, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// join lists names in a cell of a table.
func join(names []string) string {
	if len(names) == 0 {
		return "-"
	}
	return strings.Join(names, ",")
}
