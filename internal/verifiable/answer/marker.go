// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"

	"dsai.example/dsai"
)

// maxSentence bounds what is held back while a sentence has no end, in bytes.
// Longer sentences are cut at a space; their end is sought within window bytes.
const (
	maxSentence = 2048
	window      = 2 * maxSentence
)

// Marker reads a model's text as it arrives and hands out whole sentences: marks
// that cite nothing, or a passage that does not support the sentence, are taken
// out; a supported sentence without a mark gets one; any other sentence that
// states something is followed by Unsupported. What is handed out does not
// depend on how the text was cut into chunks. A Marker is used by one goroutine.
type Marker struct {
	sources []source
	known   *vocabulary
	held    string
	midLine bool // what was handed out last did not end its line
}

// NewMarker returns a Marker for an answer from these passages; passage i has
// mark i+1.
func NewMarker(passages []dsai.PassageBody) *Marker {
	m := &Marker{known: vocabularyOf(passages)}
	for _, p := range passages {
		m.sources = append(m.sources, newSource(p, m.known))
	}
	return m
}

// Write takes the next chunk and calls emit for each sentence that it completes,
// with the spans that the sentence cites. It returns emit's first error.
func (m *Marker) Write(chunk string, emit func(text string, quotes []dsai.Quote) error) error {
	m.held += plain(chunk) // a model may repeat what a document wants a terminal to obey
	// Without a new letter no boundary can have become certain; see next.
	if len(m.held) < window && strings.IndexFunc(chunk, unicode.IsLetter) < 0 {
		return nil
	}
	return m.drain(emit, false)
}

// Close hands out what is held back. The Marker is not used afterwards.
func (m *Marker) Close(emit func(text string, quotes []dsai.Quote) error) error {
	return m.drain(emit, true)
}

func (m *Marker) drain(emit func(string, []dsai.Quote) error, final bool) error {
	for m.held != "" {
		n := next(m.held, final)
		if n == 0 {
			return nil
		}
		text, quotes := m.read(m.held[:n])
		m.held = m.held[n:]
		if err := emit(text, quotes); err != nil {
			return err
		}
	}
	return nil
}

// next returns the length of the first sentence in buf with the marks that
// follow it, or 0 when more text could still move its end. It looks at a window
// of fixed size only, so that the outcome is the same for every chunking.
func next(buf string, final bool) int {
	whole := final
	if len(buf) >= window {
		buf, whole = buf[:runeFloor(buf, window)], true
	}
	it := sentences.FromString(buf)
	it.Next()
	n := it.End()
	if !endsLine(buf[:n]) {
		n += leadingMarks(buf[n:])
	}
	// UAX #29 rule SB8 lets a boundary vanish until a letter stands after it.
	decided := strings.IndexFunc(buf[n:], unicode.IsLetter) >= 0
	switch {
	case n > maxSentence && (whole || decided):
		return cut(buf)
	case whole || decided:
		return n
	}
	return 0
}

// cut ends an overlong sentence at its last space, else at a rune.
func cut(buf string) int {
	buf = buf[:runeFloor(buf, maxSentence)]
	if i := strings.LastIndexByte(buf, ' '); i > 0 {
		return i + 1
	}
	return len(buf)
}

func runeFloor(s string, n int) int {
	for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) {
		n--
	}
	return n
}

func endsLine(s string) bool { return strings.HasSuffix(s, "\n") }

// leadingMarks returns the length of the marks at the start of s, with the
// spaces around them: models write "Wash your hands. [1] Then dry them."
func leadingMarks(s string) int {
	end := 0
	for i := 0; ; {
		for i < len(s) && s[i] == ' ' {
			i++
		}
		if _, n := parseMark(s[i:]); n > 0 {
			i += n
			end = i
			continue
		}
		if end > 0 {
			end = i
			if end < len(s) && s[end] == '\n' {
				end++
			}
		}
		return end
	}
}

// parseMark reads "[1]" or "[1, 2]" at the start of s and returns its numbers
// and its length, 0 when there is none.
func parseMark(s string) (numbers []int, length int) {
	if !strings.HasPrefix(s, "[") {
		return nil, 0
	}
	end := strings.IndexByte(s[:min(len(s), 40)], ']')
	if end < 0 {
		return nil, 0
	}
	for f := range strings.SplitSeq(s[1:end], ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(f), 10, 16)
		if err != nil {
			return nil, 0
		}
		numbers = append(numbers, int(n))
	}
	return numbers, end + 1
}

// read checks one sentence and returns it as it may be shown.
func (m *Marker) read(sentence string) (string, []dsai.Quote) {
	bare, cited := stripMarks(sentence)
	claim := bare
	if !m.midLine && len(cited) == 0 {
		claim = bare[listPrefix(bare):]
	}
	m.midLine = !endsLine(sentence)
	said := terms(claim, m.known)
	body := strings.TrimRightFunc(bare, unicode.IsSpace)
	tail := bare[len(body):]
	if len(said.list) == 0 {
		return bare, nil
	}
	keep := m.supporting(said, cited)
	if len(keep) == 0 {
		return body + " " + Unsupported + tail, nil
	}
	var marks string
	var quotes []dsai.Quote
	for _, n := range keep {
		marks += " " + Mark(n)
		quotes = append(quotes, m.sources[n-1].quote(n, said))
	}
	at := len(strings.TrimRight(body, ".!?…。！？\"'”’»*_"))
	if at == 0 {
		at = len(body)
	}
	return body[:at] + marks + body[at:] + tail, quotes
}

// supporting returns the cited passages that support a sentence or, when none
// does, the one passage that supports it best.
func (m *Marker) supporting(said bag, cited []int) []int {
	var keep []int
	for _, n := range cited {
		if n < 1 || n > len(m.sources) || slices.Contains(keep, n) {
			continue
		}
		if _, ok := m.sources[n-1].supports(said); ok {
			keep = append(keep, n)
		}
	}
	if len(keep) > 0 {
		return keep
	}
	best, most := 0, 0
	for i := range m.sources {
		if hits, ok := m.sources[i].supports(said); ok && hits > most {
			best, most = i+1, hits
		}
	}
	if best == 0 {
		return nil
	}
	return []int{best}
}

// stripMarks takes the marks out of a sentence, each with the spaces before it,
// and returns their numbers in order. It also takes out the model's own
// "(unsupported)", which would otherwise read as our verdict. It goes on until
// nothing is left, because taking one out can make another ("[[1]7]").
func stripMarks(s string) (bare string, cited []int) {
	for {
		before := s
		s = strings.ReplaceAll(s, " "+Unsupported, "")
		s = strings.ReplaceAll(s, Unsupported, "")
		for i := 0; i < len(s); i++ {
			if numbers, n := parseMark(s[i:]); n > 0 {
				cited = append(cited, numbers...)
				kept := strings.TrimRight(s[:i], " ")
				s = kept + s[i+n:]
				i = len(kept) - 1
			}
		}
		if s == before {
			return s, cited
		}
	}
}

// listPrefix returns the length of a bullet or number that opens a line. Its
// number states nothing.
func listPrefix(s string) int {
	rest := strings.TrimLeft(s, " \t")
	digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	if digits < 1 || digits > 3 || len(rest) < digits+2 || !strings.ContainsRune(".)", rune(rest[digits])) || rest[digits+1] != ' ' {
		return 0
	}
	return len(s) - len(rest) + digits + 2
}
