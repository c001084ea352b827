// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package openai

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/inert"
	"dsai.example/dsai/internal/view"
)

// Head is what is known of an answer before its first word.
type Head struct {
	Request dsai.Digest
	Model   string
	Created dsai.Time
}

// End is what is known once the receipt is durable.
type End struct {
	Finish string // "stop", "length", "content_filter"
	Note   string // why the answer stops short, for people; "" when it does not
	Tokens dsai.Tokens
	// Receipts is the URL under which a citation is found: Receipts + digest + "#" + n.
	Receipts string
	Dsai     Extension
}

// Finish reasons.
const (
	FinishStop     = "stop"
	FinishLength   = "length"
	FinishFiltered = "content_filter" // consent was withdrawn midway
)

// Writer builds the content of one answer and writes it in either form. The
// engine's text is escaped (see Inert) and followed by a note and the list of
// sources, which the receipt's response commitment does not cover.
type Writer struct {
	head    Head
	usage   bool // streamed: end with a usage chunk
	esc     escaper
	content strings.Builder
	began   bool
	pending []Logprob // not yet in an event
	all     []Logprob
}

// NewWriter starts an answer. Usage asks for OpenAI's extra usage chunk.
func NewWriter(h Head, usage bool) *Writer { return &Writer{head: h, usage: usage} }

// Piece takes the next piece of the answer and returns the events to stream. A
// client that does not stream drops them.
func (w *Writer) Piece(text string) []byte {
	text = w.esc.write(text)
	if text == "" {
		return nil
	}
	return w.say(text)
}

// Logprobs takes the likelihoods of tokens, which leave with the next event.
func (w *Writer) Logprobs(l []Logprob) {
	w.pending = append(w.pending, l...)
	w.all = append(w.all, l...)
}

// likelihoods returns what waits for an event.
func (w *Writer) likelihoods() *logprobs {
	if len(w.pending) == 0 {
		return nil
	}
	l := &logprobs{Content: w.pending}
	w.pending = nil
	return l
}

func (w *Writer) say(text string) []byte {
	w.content.WriteString(text)
	var out []byte
	if !w.began {
		w.began = true
		empty := ""
		out = w.event(delta{Role: "assistant", Content: &empty}, nil, nil)
	}
	return append(out, w.event(delta{Content: &text}, nil, nil)...)
}

// Stop returns the events that end a stream: the sources, the chunk with
// finish_reason, annotations and the dsai object, the usage chunk when it was
// asked for, and [DONE].
func (w *Writer) Stop(e End) []byte {
	var out []byte
	if s := trailer(e); s != "" || !w.began {
		out = w.say(s)
	}
	out = append(out, w.event(delta{Annotations: w.annotations(e)}, &e.Finish, extension(e))...)
	if w.usage {
		u := newUsage(e.Tokens)
		c := w.chunk()
		c.Usage, c.Choices = &u, []chunkChoice{}
		out = append(out, sse(mustJSON(c))...)
	}
	return append(out, "data: [DONE]\n\n"...)
}

// Fail returns the event for an error after the stream has begun. There is no
// [DONE] after it, so that no client takes the answer for whole.
func (w *Writer) Fail(e *Error) []byte {
	return sse(ErrorBody(e, w.head.Request, dsai.Digest{}))
}

// Whole returns the body of an answer that is not streamed.
func (w *Writer) Whole(e End) []byte {
	w.content.WriteString(trailer(e))
	content := w.content.String()
	return mustJSON(completion{
		ID: w.id(), Object: "chat.completion", Created: int64(w.head.Created), Model: w.head.Model,
		Choices: []choice{{
			Message:  answer{Role: "assistant", Content: content, Annotations: w.annotations(e)},
			Finish:   e.Finish,
			Logprobs: likelihoods(w.all),
		}},
		Usage: newUsage(e.Tokens),
		Dsai:  extension(e),
	})
}

// extension gives lists their JSON form when they are empty.
func extension(e End) *Extension {
	x := e.Dsai
	if x.NoEffect == nil {
		x.NoEffect = []string{}
	}
	if x.Citations == nil {
		x.Citations = []view.Citation{}
	}
	return &x
}

// trailer is what follows the engine's text: the note and the sources.
func trailer(e End) string {
	var b strings.Builder
	if e.Note != "" {
		b.WriteString("\n\n(" + Inert(e.Note) + ")")
	}
	for i, c := range sources(e.Dsai.Citations) {
		if i == 0 {
			b.WriteString("\n\nSources:")
		}
		b.WriteString("\n- [" + strconv.Itoa(c.N) + "] " + named(c.Title))
		for _, h := range c.Heading {
			b.WriteString(" > " + named(h))
		}
		if c.Page > 0 {
			b.WriteString(", page " + strconv.Itoa(c.Page))
		}
		if c.Owner != "" {
			b.WriteString(" (" + named(c.Owner) + ")")
		}
	}
	return b.String()
}

// named returns a name that a document or member chose, in which nothing is a mark.
func named(s string) string { return Inert(inert.Unmarked(s)) }

// sources returns the first citation of each passage, by number.
func sources(cs []view.Citation) []view.Citation {
	var out []view.Citation
	for _, c := range cs {
		if !slices.ContainsFunc(out, func(o view.Citation) bool { return o.N == c.N }) {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b view.Citation) int { return a.N - b.N })
	return out
}

// annotations points at every mark of a source in the content; positions count
// code points. Marks are the node's own: those that documents write are none when
// they get here (inert.Unmarked).
func (w *Writer) annotations(e End) []annotation {
	out := []annotation{}
	content := w.content.String()
	for _, c := range sources(e.Dsai.Citations) {
		mark := "[" + strconv.Itoa(c.N) + "]"
		for at := 0; ; at += len(mark) {
			i := strings.Index(content[at:], mark)
			if i < 0 {
				break
			}
			at += i
			start := utf8.RuneCountInString(content[:at])
			out = append(out, annotation{"url_citation", urlCitation{
				Start: start, End: start + len(mark), Title: c.Title,
				URL: e.Receipts + e.Dsai.Receipt.String() + "#" + strconv.Itoa(c.N),
			}})
		}
	}
	slices.SortStableFunc(out, func(a, b annotation) int { return a.URL.Start - b.URL.Start })
	return out
}

func (w *Writer) id() string { return "chatcmpl-" + w.head.Request.String()[:32] }

func (w *Writer) chunk() chunk {
	return chunk{ID: w.id(), Object: "chat.completion.chunk", Created: int64(w.head.Created), Model: w.head.Model}
}

func (w *Writer) event(d delta, finish *string, x *Extension) []byte {
	c := w.chunk()
	c.Choices, c.Dsai = []chunkChoice{{Delta: d, Finish: finish}}, x
	if d.Role == "" {
		c.Choices[0].Logprobs = w.likelihoods()
	}
	if w.usage {
		return sse(mustJSON(struct {
			chunk
			Usage *usage `json:"usage"` // null until the last chunk
		}{chunk: c}))
	}
	return sse(mustJSON(c))
}

func sse(data []byte) []byte {
	return append(append([]byte("data: "), data...), "\n\n"...)
}

type completion struct {
	ID      string     `json:"id"`
	Object  string     `json:"object"`
	Created int64      `json:"created"`
	Model   string     `json:"model"`
	Choices []choice   `json:"choices"`
	Usage   usage      `json:"usage"`
	Dsai    *Extension `json:"dsai"`
}

type choice struct {
	Index    int       `json:"index"`
	Message  answer    `json:"message"`
	Logprobs *logprobs `json:"logprobs"`
	Finish   string    `json:"finish_reason"`
}

type logprobs struct {
	Content []Logprob `json:"content"`
	Refusal *string   `json:"refusal"`
}

func likelihoods(l []Logprob) *logprobs {
	if len(l) == 0 {
		return nil
	}
	return &logprobs{Content: l}
}

// Logprob is the likelihood of one token of the model's own text, which the
// content shows with its marks.
type Logprob struct {
	Likelihood
	Top []Likelihood `json:"top_logprobs"`
}

// Likelihood is a token with its bytes and the natural logarithm of its likelihood.
type Likelihood struct {
	Token   string  `json:"token"`
	Logprob float64 `json:"logprob"`
	Bytes   []int   `json:"bytes"`
}

// NewLikelihood returns the likelihood of a token with these bytes.
func NewLikelihood(token []byte, logprob float64) Likelihood {
	l := Likelihood{Token: Inert(string(token)), Logprob: logprob, Bytes: make([]int, len(token))}
	for i, b := range token {
		l.Bytes[i] = int(b)
	}
	return l
}

type answer struct {
	Role        string       `json:"role"`
	Content     string       `json:"content"`
	Refusal     *string      `json:"refusal"`
	Annotations []annotation `json:"annotations"`
}

type annotation struct {
	Type string      `json:"type"`
	URL  urlCitation `json:"url_citation"`
}

type urlCitation struct {
	Start int    `json:"start_index"`
	End   int    `json:"end_index"`
	URL   string `json:"url"`
	Title string `json:"title"`
}

type chunk struct {
	ID      string        `json:"id"`
	Object  string        `json:"object"`
	Created int64         `json:"created"`
	Model   string        `json:"model"`
	Choices []chunkChoice `json:"choices"`
	Usage   *usage        `json:"usage,omitempty"`
	Dsai    *Extension    `json:"dsai,omitempty"`
}

type chunkChoice struct {
	Index    int       `json:"index"`
	Delta    delta     `json:"delta"`
	Logprobs *logprobs `json:"logprobs"`
	Finish   *string   `json:"finish_reason"`
}

type delta struct {
	Role        string       `json:"role,omitempty"`
	Content     *string      `json:"content,omitempty"`
	Annotations []annotation `json:"annotations,omitempty"`
}

type usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
}

func newUsage(t dsai.Tokens) usage {
	return usage{t.Prompt, t.Completion, t.Prompt + t.Completion}
}
