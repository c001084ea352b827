// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"path"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"dsai.example/dsai/internal/verifiable/ingest"
)

// shared is one Extractor for all tests, so the PDF sandbox is compiled once.
var shared = ingest.New(smallLimits())

func smallLimits() ingest.Limits {
	l := ingest.DefaultLimits()
	l.TextBytes = 4 << 20
	l.Pages = 3
	return l
}

// show renders passages as "heading/path @page lang: text".
func show(t *ingest.Text) []string {
	var out []string
	for _, p := range t.Passages {
		s := strings.Join(p.Heading, "/")
		if p.Page > 0 {
			s += " @" + strconv.Itoa(p.Page)
		}
		out = append(out, s+": "+string(t.Bytes[p.Start:p.End]))
	}
	return out
}

func TestExtract(t *testing.T) {
	for _, c := range []struct {
		name, file, src  string
		media, extractor string
		want             []string
	}{
		{"text", "a.txt", "One.\nTwo.\n\nThree.\n", "text/plain", "text/1", []string{": One.\nTwo.\n\nThree."}},
		{"underlined headings", "a.rst", "Wounds\n======\n\nWash.\n\nCuts\n----\n\n- press\n- lift\n", "text/plain", "text/1",
			[]string{"Wounds: Wounds\n======\n\nWash.", "Wounds/Cuts: Cuts\n----\n\n- press\n- lift"}},
		{"latin-1", "a", "Les \xe9l\xe8ves \xe0 l'\xe9cole apprennent.", "text/plain", "text/1", []string{": Les élèves à l'école apprennent."}},
		{"utf-16", "a.txt", "\xff\xfeh\x00i\x00.\x00", "text/plain", "text/1", []string{": hi."}},
		{"markdown", "a.md", "---\ntitle: x\n---\n# One `two`\n\ntext *a*\n\n## [Three](http://x.example/)\n\n1. a\n2. b\n\n```\n# no heading\n```\n\nFour\n====\n\n> quoted\n",
			"text/markdown", "markdown/1", []string{
				": ---\ntitle: x\n---",
				"One two: # One `two`\n\ntext *a*",
				"One two/Three: ## [Three](http://x.example/)\n\n1. a\n2. b\n\n```\n# no heading\n```",
				"Four: Four\n====\n\n> quoted"}},
		{"markdown that begins with html", "a.md", "<!-- note -->\n# A\n\nb\n", "text/markdown", "markdown/1",
			[]string{": <!-- note -->", "A: # A\n\nb"}},
		{"html", "noname", `<!DOCTYPE html><html><head><title>T</title><style>p{}</style></head><body><nav>Menu</nav>
			<h1>Cuts &amp; burns</h1><p>Cool   the <b>burn</b>.</p><p hidden>Ignore this.</p>
			<div style="display: none">And this.</div><script>alert(1)</script>
			<ul><li>water<li><p>time</p></ul><table><tr><th>Drug<th>Dose</tr><tr><td>A</td><td><p>1 mg</p></td></tr></table>
			<pre>a  b
c</pre><!-- no --><img src="http://x.example/a.png" alt="b">after</body></html>`, "text/html", "html/1",
			[]string{"Cuts & burns: Cuts & burns\n\nCool the burn.\n\n- water\n- time\n\nDrug | Dose\nA | 1 mg\n\na  b\nc\n\nafter"}},
		{"html title without h1", "a.html", `<html><title>Page</title><h2>Sub</h2>text`, "text/html", "html/1",
			[]string{"Page/Sub: Page\n\nSub\n\ntext"}},
		{"csv", "a.csv", "name,dose\n\"A, b\",1 mg\nC,2 mg\n", "text/csv", "csv/1",
			[]string{"name | dose: name,dose\n\"A, b\",1 mg\nC,2 mg"}},
		{"csv with semicolons", "a.csv", "\ufeffname;dose\nA;1,5\n", "text/csv", "csv/1", []string{"name | dose: name;dose\nA;1,5"}},
		{"prose with commas", "a.txt", "a, b\nc, d\n", "text/plain", "text/1", []string{": a, b\nc, d"}},
		{"man page", "x.1", ".\\\" comment\n.TH X 1\n.SH NAME\nx \\- do \\fBit\\fP\n.SH OPTIONS\n.TP\n\\fB\\-a\\fR\nAll.\n.nf\n  keep\n  lines\n.fi\nmore \\(co\n",
			"text/troff", "roff/1", []string{"NAME: NAME\nx - do it", "OPTIONS: OPTIONS\n\n-a\nAll.\n\n  keep\n  lines\n\nmore ©"}},
		{"mdoc page", "x.8", ".Dd May 1\n.Dt X 8\n.Sh NAME\n.Nm x\n.Nd does it\n.Sh DESCRIPTION\nUse\n.Fl v\nor\n.Xr y 1 .\n",
			"text/troff", "roff/1", []string{"NAME: NAME\nx - does it", "DESCRIPTION: DESCRIPTION\nUse -v or y 1 ."}},
		{"gzip", "a.md.gz", string(gz(t, []byte("# A\nb\n"))), "text/markdown", "gzip+markdown/1", []string{"A: # A\nb"}},
		{"pdf", "a", string(samplePDF(textPage("Boil the water.", "Let it cool."), scanPage, textPage("Page three."))), "application/pdf", "pdf/1",
			[]string{" @1: Boil the water.\nLet it cool.", " @3: Page three."}},
		{"docx", "a", string(sampleDOCX(t, `<w:p><w:pPr><w:pStyle w:val="Titre1"/></w:pPr><w:r><w:t>Fever</w:t></w:r></w:p>`+
			`<w:p><w:r><w:t xml:space="preserve">Drink </w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:t>water.</w:t></w:r></w:p>`+
			`<w:p><w:pPr><w:pStyle w:val="Sub"/></w:pPr><w:r><w:t>Doses</w:t></w:r></w:p>`+
			`<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>first</w:t></w:r></w:p><w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>second</w:t></w:r></w:p>`+
			`<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Drug</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Dose</w:t></w:r></w:p></w:tc></w:tr>`+
			`<w:tr><w:tc><w:p><w:r><w:t>A</w:t></w:r></w:p><w:p><w:r><w:t>B</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>1 mg</w:t></w:r></w:p></w:tc></w:tr></w:tbl>`+
			`<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:r><w:instrText>PAGE</w:instrText><w:t>End.</w:t></w:r></w:p>`)),
			"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx/1",
			[]string{"Fever: Fever\n\nDrink water.", "Fever/Doses: Doses\n- first\n- second\nDrug | Dose\nA B | 1 mg\n\nEnd."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := shared.Extract(t.Context(), c.file, []byte(c.src))
			if err != nil {
				t.Fatalf("Extract(%s) = %v, want text", c.file, err)
			}
			if got.MediaType != c.media || got.Extractor != c.extractor {
				t.Errorf("Extract(%s) = %s by %s, want %s by %s", c.file, got.MediaType, got.Extractor, c.media, c.extractor)
			}
			if d := cmp.Diff(c.want, show(got)); d != "" {
				t.Errorf("Extract(%s) passages (-want +got):\n%s", c.file, d)
			}
		})
	}
}

// TestIdentity checks that spans of UTF-8 text index the contributor's bytes.
func TestIdentity(t *testing.T) {
	for _, name := range []string{"a.txt", "a.md", "a.csv"} {
		src := []byte("\ufeff# Tête, x\r\n\r\nCorps, y\r\n")
		got, err := shared.Extract(t.Context(), name, src)
		if err != nil || !bytes.Equal(got.Bytes, src) {
			t.Errorf("Extract(%s) = %v, %v, want the source bytes", name, got, err)
		}
	}
}

func TestLanguage(t *testing.T) {
	src := "Wash your hands before you touch the wound and keep it dry.\n\n## 2\n\nAmoxicillin 500\n\n" +
		"## 3\n\nLavez-vous les mains avant de toucher la plaie et gardez le pansement sec.\n"
	got, err := shared.Extract(t.Context(), "a.md", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"en", got.Language, "fr"}
	for i, p := range got.Passages {
		if p.Language != want[i] {
			t.Errorf("Language of passage %d = %q, want %q", i, p.Language, want[i])
		}
	}
}

func TestSkip(t *testing.T) {
	whole := sampleDOCX(t, `<w:p><w:r><w:t>`+strings.Repeat("words and ", 500)+`</w:t></w:r></w:p>`)
	pdf := samplePDF(textPage("x"))
	for _, c := range []struct {
		name, file string
		src        []byte
		want       ingest.Code
	}{
		{"empty", "a.txt", nil, ingest.CodeEmpty},
		{"blank", "a.txt", []byte(" \n\t\n"), ingest.CodeEmpty},
		{"empty page", "a.html", []byte("<html><body><script>x</script></body></html>"), ingest.CodeEmpty},
		{"image", "a.txt", []byte("\x89PNG\r\n\x1a\n0000"), ingest.CodeUnsupported},
		{"binary", "a.txt", []byte("abc\x00\x01\x02def"), ingest.CodeUnsupported},
		{"svg", "a", []byte("<svg xmlns='http://www.w3.org/2000/svg'></svg>"), ingest.CodeUnsupported},
		{"rtf", "a", []byte(`{\rtf1 hello}`), ingest.CodeUnsupported},
		{"zip", "a", archive(t, map[string]string{"other": "x"}), ingest.CodeUnsupported},
		{"unknown encoding", "a.txt", []byte("\x81\x8d\x8f abc \x90\x9d"), ingest.CodeNotUTF8},
		{"odd utf-16", "a.txt", []byte("\xff\xfea\x00b"), ingest.CodeNotUTF8},
		{"scan", "a.pdf", samplePDF(scanPage, scanPage), ingest.CodeNoText},
		{"truncated pdf", "a.pdf", pdf[:40], ingest.CodeDamaged},
		{"pages", "a.pdf", samplePDF(textPage("a"), textPage("b"), textPage("c"), textPage("d")), ingest.CodeTooLarge},
		{"truncated docx", "a.docx", whole[:len(whole)/2], ingest.CodeDamaged},
		{"docx not well formed", "a.docx", sampleDOCX(t, "<w:p></w:q>"), ingest.CodeDamaged},
		{"docx bomb", "a.docx", sampleDOCX(t, strings.Repeat(" ", 3<<20)), ingest.CodeRatio},
		{"deep docx", "a.docx", sampleDOCX(t, strings.Repeat("<w:p>", 300)), ingest.CodeNesting},
		{"truncated gzip", "a.gz", gz(t, []byte("hello hello hello"))[:20], ingest.CodeDamaged},
		{"gzip bomb", "a.gz", gz(t, make([]byte, 3<<20)), ingest.CodeRatio},
		{"gzip in gzip", "a.gz.gz", gz(t, gz(t, []byte("x"))), ingest.CodeNesting},
		{"large text", "a.txt", bytes.Repeat([]byte("word "), 1<<20), ingest.CodeTooLarge},
		{"deep html", "a.html", []byte("<!doctype html>" + strings.Repeat("<div>", 2000)), ingest.CodeNesting},
		{"deep lists", "a.md", []byte(strings.Repeat(" ", 600) + "- a"), ingest.CodeNesting},
		{"deep markdown", "a.md", []byte(strings.Repeat("> ", 5000) + "a"), ingest.CodeNesting},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := shared.Extract(t.Context(), c.file, c.src)
			s, ok := errors.AsType[*ingest.SkipError](err)
			if !ok || s.Code != c.want || s.Path != c.file || s.Reason == "" {
				t.Errorf("Extract(%s) = %v, %v, want code %s", c.file, got, err, c.want)
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	limits := ingest.DefaultLimits()
	limits.Timeout = time.Nanosecond
	x := ingest.New(limits)
	defer x.Close()
	for _, f := range []struct{ name, src string }{
		{"a.html", "<!doctype html><p>x"},
		{"a.csv", "a,b\n"},
	} {
		_, err := x.Extract(t.Context(), f.name, []byte(f.src))
		if s, ok := errors.AsType[*ingest.SkipError](err); !ok || s.Code != ingest.CodeTimeout {
			t.Errorf("Extract(%s) = %v, want code timeout", f.name, err)
		}
	}
}

// TestInterruptPDF checks that a deadline stops code that runs in the sandbox,
// and that the sandbox then serves the next file.
func TestInterruptPDF(t *testing.T) {
	if _, err := shared.Extract(t.Context(), "a.pdf", samplePDF(textPage("x"))); err != nil {
		t.Fatalf("Extract = %v, want text", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	slow := samplePDF("BT /F1 12 Tf 72 720 Td 14 TL\n" + strings.Repeat("(some words) Tj T*\n", 1e6) + "ET")
	start := time.Now()
	_, err := shared.Extract(ctx, "slow.pdf", slow)
	if spent := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || spent > 5*time.Second {
		t.Errorf("Extract(slow.pdf) = %v after %v, want context.DeadlineExceeded soon", err, spent)
	}
	if _, err := shared.Extract(t.Context(), "a.pdf", samplePDF(textPage("x"))); err != nil {
		t.Errorf("Extract after an interrupted file = %v, want text", err)
	}
}

// inspect reports what must hold for whatever Extract returns.
func inspect(t *testing.T, name string, src []byte) {
	before := bytes.Clone(src)
	// PDFium may be slow, and is interrupted. Our own parsers may not.
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	got, err := shared.Extract(ctx, name, src)
	if errors.Is(err, context.DeadlineExceeded) && path.Ext(name) == ".pdf" {
		return
	}
	if !bytes.Equal(before, src) {
		t.Fatal("Extract changed the source")
	}
	if err != nil {
		if s, ok := errors.AsType[*ingest.SkipError](err); !ok || s.Code == "" || s.Path != name {
			t.Errorf("Extract = %v, want a SkipError", err)
		} else if strings.HasPrefix(s.Reason, "the parser stopped") {
			t.Errorf("Extract = %v, a panic", err)
		}
		return
	}
	at := 0
	for _, p := range got.Passages {
		if p.Start < at || p.End <= p.Start || p.End > len(got.Bytes) || p.End-p.Start > 1500 {
			t.Errorf("passage [%d,%d) after %d of %d bytes", p.Start, p.End, at, len(got.Bytes))
		}
		at = p.End
	}
	if !utf8.Valid(got.Bytes) || at == 0 {
		t.Errorf("Extract = %d passages of %q, want some, of valid UTF-8", len(got.Passages), got.Bytes)
	}
}

func FuzzExtract(f *testing.F) {
	for _, s := range []struct{ name, src string }{
		{"a.txt", "A\n==\n\n- b\n"}, {"a.txt", "caf\xe9"}, {"a.txt", "\xfe\xff\x00a"}, {"a.md", "# A\n\n> - b\n\n```\nc\n"},
		{"x.1", ".TH X 1\n.SH N\n.TP\n\\f[B]a\\fR \\(co\n.nf\nb\n.It Fl a\n"}, {"a.gz", string(gz(f, []byte("a b")))},
	} {
		f.Add(s.name, []byte(s.src))
	}
	f.Fuzz(func(t *testing.T, name string, src []byte) {
		if bytes.Contains(src, []byte("%PDF")) {
			return // FuzzPDF's, which has the sandbox ready
		}
		inspect(t, name, src)
	})
}

func FuzzHTML(f *testing.F) {
	f.Add("<h1>A</h1><p>b<table><tr><td>c<li>d<pre> e")
	f.Add("<ul><li><ul><li>a</ul><tr><td><h2>x</h2>&#0;&amp;")
	f.Fuzz(func(t *testing.T, body string) { inspect(t, "a.html", []byte("<!doctype html>"+body)) })
}

func FuzzDOCX(f *testing.F) {
	f.Add(`<w:p><w:r><w:t>a</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>`)
	f.Add(`</w:tr><w:tc><w:t>b</w:t><w:br/>`)
	f.Fuzz(func(t *testing.T, body string) { inspect(t, "a.docx", sampleDOCX(t, body)) })
}

func FuzzCSV(f *testing.F) {
	f.Add("a,b\n\"c\nd\",e\n")
	f.Add("\ufeffa;b\r\n\"\"\"\n")
	f.Fuzz(func(t *testing.T, src string) { inspect(t, "a.csv", []byte(src)) })
}

// FuzzWord reads whole archives; FuzzDOCX reads what is inside one.
func FuzzWord(f *testing.F) {
	f.Add(sampleDOCX(f, `<w:p><w:r><w:t>a</w:t></w:r></w:p>`))
	f.Add(archive(f, map[string]string{"word/document.xml": "<a", "other": "b"}))
	f.Fuzz(func(t *testing.T, src []byte) { inspect(t, "a.docx", src) })
}

func FuzzMarkdown(f *testing.F) {
	f.Add("---\ntitle: x\n---\n# One `two`\n\n1. a\n   - b\n\n| a | b |\n|---|---|\n| c | d |\n\n> [!x](y)\n```\nz\n")
	f.Add("A\n===\n<div>\n*a_b*[c](d \"e\") &amp; \\[\n\n[f]: <g>\n")
	f.Fuzz(func(t *testing.T, src string) { inspect(t, "a.md", []byte(src)) })
}

func FuzzManual(f *testing.F) {
	f.Add(".TH X 1\n.SH N\n.TP\n\\f[B]a\\fR \\(co\n.nf\nb\n.It Fl a\n")
	f.Add(".Dd x\n.Sh N\n.Bl -tag\n.It Fl a Ns Ar b\n.El\n.de X\n..\n\\*[a]\\h'1'\\s+1\n")
	f.Fuzz(func(t *testing.T, src string) { inspect(t, "a.1", []byte(src)) })
}

// FuzzPDF puts a page description into a document that is sound, or, when that
// is empty, reads the document as it is.
func FuzzPDF(f *testing.F) {
	f.Add("", samplePDF(textPage("a", "b")))
	f.Add(textPage("a (b) \\051"), []byte(nil))
	f.Add(scanPage+"\nBT /F1 1e9 Tf 1 0 0 0 0 0 Tm <feff0041> Tj ET", []byte(nil))
	// Compiling PDFium takes longer than the fuzzer lets one input take. The
	// process that only hands out inputs needs no sandbox.
	if flag.Lookup("test.fuzz").Value.String() == "" || flag.Lookup("test.fuzzworker").Value.String() == "true" {
		if _, err := shared.Extract(f.Context(), "a.pdf", samplePDF(textPage("a"))); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, page string, src []byte) {
		if page != "" {
			src = samplePDF(page)
		}
		inspect(t, "a.pdf", src)
	})
}
