// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package openai_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/api/openai"
	"dsai.example/dsai/internal/view"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const hello = `"messages":[{"role":"user","content":"hello"}]`

func TestDecodeChatAccepts(t *testing.T) {
	tests := []struct {
		name, body string
		check      func(*openai.Chat) bool
	}{
		{"minimal", `{` + hello + `}`, func(c *openai.Chat) bool { return c.Question == "hello" && !c.Stream && len(c.NoEffect) == 0 }},
		{"neutral values", `{"model":"m",` + hello + `,"n":1,"frequency_penalty":0,"presence_penalty":0.0,"tools":[],"tool_choice":"auto",
			"user":"u1","store":false,"logprobs":false,"logit_bias":{},"response_format":{ "type": "text" },"modalities":["text"],"service_tier":"auto",
			"parallel_tool_calls":true,"top_logprobs":null}`, nil},
		{"null is absent", `{"model":null,` + hello + `,"temperature":null,"stop":null,"seed":null,"tools":null,"response_format":null}`,
			func(c *openai.Chat) bool { return c.Temperature == nil && c.Seed == nil && c.Stop == nil }},
		{"sampling", `{` + hello + `,"temperature":0.5,"top_p":1,"seed":-3,"stop":"END","max_completion_tokens":9}`, func(c *openai.Chat) bool {
			return *c.Temperature == 0.5 && *c.TopP == 1 && *c.Seed == -3 && c.Stop[0] == "END" && c.MaxTokens == 9
		}},
		{"stream", `{` + hello + `,"stream":true,"stream_options":{"include_usage":true}}`, func(c *openai.Chat) bool { return c.Stream && c.Usage }},
		{"purpose", `{` + hello + `,"metadata":{"dsai.purpose":"care","chat":"7"}}`, func(c *openai.Chat) bool { return c.Purpose == "care" }},
		{"last user message of a chat", `{"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"one"},
			{"role":"assistant","content":null,"tool_calls":[]},{"role":"user","content":[{"type":"text","text":"t"},{"type":"text","text":"wo"}]},{"role":"assistant","content":"x"}]}`,
			func(c *openai.Chat) bool { return c.Question == "two" && len(c.NoEffect) == 1 }},
		{"title prompt", `{"messages":[{"role":"user","content":"### Task:\nGenerate a concise, 3-5 word title with an emoji summarizing the chat history.\n"}]}`,
			func(c *openai.Chat) bool { return c.Task == openai.TaskTitle }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := openai.DecodeChat([]byte(tt.body))
			if err != nil || tt.check != nil && !tt.check(c) {
				t.Errorf("DecodeChat(%s) = %+v, %v", tt.body, c, err)
			}
		})
	}
}

func TestDecodeChatRefuses(t *testing.T) {
	many := `{` + hello
	for i := range 10_000 {
		many += `,"k` + strconv.Itoa(i) + `":1`
	}
	tests := []struct{ name, body, param, code string }{
		{"empty", ``, "", openai.CodeBadJSON},
		{"array", `[]`, "", openai.CodeBadJSON},
		{"null", `null`, "", openai.CodeBadJSON},
		{"trailing data", `{` + hello + `}{}`, "", openai.CodeBadJSON},
		{"cut off", `{` + hello, "", openai.CodeBadJSON},
		{"deep", `{` + hello + `,"metadata":` + strings.Repeat(`{"a":`, 5000) + `1` + strings.Repeat(`}`, 5001), "", openai.CodeBadJSON},
		{"duplicate key", `{"stream":false,"stream":true,` + hello + `}`, "", openai.CodeBadJSON},
		{"key that folds", `{"stream":false,"Stream":true,` + hello + `}`, "", openai.CodeBadJSON},
		{"nested duplicate", `{"messages":[{"role":"user","content":"a","content":"b"}]}`, "", openai.CodeBadJSON},
		{"10,000 keys", many + `}`, "", openai.CodeBadJSON},
		{"wrong case", `{"Messages":[]}`, "Messages", openai.CodeUnknown},
		{"unknown field", `{` + hello + `,"top_a":40}`, "top_a", openai.CodeUnknown},
		{"unknown stream option", `{` + hello + `,"stream_options":{"x":1}}`, "stream_options.x", openai.CodeUnknown},
		{"n", `{` + hello + `,"n":2}`, "n", openai.CodeNotBuilt},
		{"tools", `{` + hello + `,"tools":[{"type":"function"}]}`, "tools", openai.CodeNotBuilt},
		{"response_format", `{` + hello + `,"response_format":{"type":"json_object"}}`, "response_format", openai.CodeNotBuilt},
		{"top_logprobs alone", `{` + hello + `,"top_logprobs":2}`, "top_logprobs", openai.CodeBadValue},
		{"penalty", `{` + hello + `,"presence_penalty":3}`, "presence_penalty", openai.CodeBadValue},
		{"store", `{` + hello + `,"store":true}`, "store", openai.CodeNotBuilt},
		{"image", `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://x"}}]}]}`, "messages[0].content[0]", openai.CodeNotBuilt},
		{"temperature", `{` + hello + `,"temperature":2.1}`, "temperature", openai.CodeBadValue},
		{"temperature as text", `{` + hello + `,"temperature":"1"}`, "temperature", openai.CodeBadValue},
		{"max_tokens", `{` + hello + `,"max_tokens":0}`, "max_tokens", openai.CodeBadValue},
		{"both limits", `{` + hello + `,"max_tokens":5,"max_completion_tokens":6}`, "max_tokens", openai.CodeBadValue},
		{"stop", `{` + hello + `,"stop":["a","b","c","d","e"]}`, "stop", openai.CodeBadValue},
		{"long stop", `{` + hello + `,"stop":["` + strings.Repeat("x", 1020) + `","12345"]}`, "stop", openai.CodeBadValue},
		{"metadata", `{` + hello + `,"metadata":{"a":1}}`, "metadata", openai.CodeBadValue},
		{"no messages", `{}`, "messages", openai.CodeBadValue},
		{"empty messages", `{"messages":[]}`, "messages", openai.CodeBadValue},
		{"no user message", `{"messages":[{"role":"system","content":"x"}]}`, "messages", openai.CodeBadValue},
		{"role", `{"messages":[{"role":"root","content":"x"}]}`, "messages[0].role", openai.CodeBadValue},
		{"blank question", `{"messages":[{"role":"user","content":" \n"}]}`, "messages[0].content", openai.CodeBadValue},
		{"long question", `{"messages":[{"role":"user","content":"` + strings.Repeat("x", openai.MaxQuestion+1) + `"}]}`, "messages[0].content", openai.CodeBadValue},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := openai.DecodeChat([]byte(tt.body))
			e, ok := errors.AsType[*openai.Error](err)
			if !ok || *e.Code != tt.code || (e.Param == nil) != (tt.param == "") || e.Param != nil && *e.Param != tt.param {
				t.Errorf("DecodeChat(%.80s) = %v, %+v, want param %q, code %q", tt.body, c, err, tt.param, tt.code)
			}
		})
	}
}

func TestInert(t *testing.T) {
	tests := []struct{ in, want string }{
		{"Wash hands [1]. (see [2])", "Wash hands [1]. (see [2])"},
		{"![x](https://evil.example/p.png)", "![x] (https: //evil.example/p.png)"},
		{"![x][y]\n[y]: //evil.example/p", "![x][y]\n[y] : //evil.example/p"},
		{`<img src="//evil">`, `< img src="//evil">`},
		{"<https://evil>", "< https: //evil>"},
		{"a < b", "a < b"},
		{"www.evil.example", "www .evil.example"},
		{"see &#91;2&#93; and &lsqb;2&rsqb;, AT&T, a & b", "see & #91;2& #93; and &lsqb;2&rsqb;, AT&T, a & b"},
		{"\x1b[2Jred\u202Eevil\u2066x", "[2Jredevilx"},
		{"]\x00(http:\u202E//x", "] (http: //x"},
		{"مرحبا\tdosage\n", "مرحبا\tdosage\n"},
		{"a\xffb", "a\uFFFDb"},
	}
	for _, tt := range tests {
		if got := openai.Inert(tt.in); got != tt.want {
			t.Errorf("Inert(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestTaskAnswers(t *testing.T) {
	tests := []struct {
		prompt string
		task   openai.Task
		want   string
	}{
		{"### Task:\nGenerate a concise title.\n### Chat History:\n<chat_history>\nUSER: How do I store vaccines in a small clinic?\nASSISTANT: tags", openai.TaskTitle,
			`{"title":"How do I store vaccines in"}`},
		{"### Task:\nGenerate 1-3 broad tags categorizing the main themes of the chat history", openai.TaskTags, `{"tags":[]}`},
		{"### Task:\nSuggest 3-5 relevant follow-up questions", openai.TaskFollowUps, `{"follow_ups":[]}`},
		{"### Task:\nAnalyze the chat history to determine the necessity of generating search queries", openai.TaskQueries, `{"queries":[]}`},
		{"### Task:\nDo something", openai.TaskOther, `{}`},
	}
	for _, tt := range tests {
		body, _ := json.Marshal(map[string]any{"messages": []map[string]string{{"role": "user", "content": tt.prompt}}})
		c, err := openai.DecodeChat(body)
		if err != nil || c.Task != tt.task || c.Task.Answer(c.Question) != tt.want {
			t.Errorf("task of %.40q = %+v, %v, want %s, %s", tt.prompt, c, err, tt.task, tt.want)
		}
	}
}

func head() openai.Head {
	return openai.Head{Request: dsai.Hash("r"), Model: "dsai-extract-1", Created: 1764000000}
}

func end() openai.End {
	return openai.End{
		Finish: openai.FinishStop, Tokens: dsai.Tokens{Prompt: 5, Completion: 7}, Receipts: "http://localhost:7777/receipts/",
		Dsai: openai.Extension{
			Request: dsai.Hash("r"), Receipt: dsai.Hash("rec"), Assurance: dsai.Replayable, Ended: dsai.EndedComplete, NoEffect: []string{"seed"},
			Citations: []view.Citation{{N: 1, Title: "![t](x)", Owner: "Ama", Heading: []string{"Soap"}, Page: 3, Quote: "Wash hands."}},
		},
	}
}

// TestAnnotations links the marks of the text and of the list of sources, and none
// that a title writes.
func TestAnnotations(t *testing.T) {
	w, e := openai.NewWriter(head(), false), end()
	e.Dsai.Citations[0].Title, e.Dsai.Citations[0].Heading = "plate [1]", []string{"[1]"}
	w.Piece("Wash hands [1].")
	var out struct {
		Choices []struct {
			Message struct {
				Content     string
				Annotations []struct {
					URL struct {
						Start int `json:"start_index"`
					} `json:"url_citation"`
				}
			}
		}
	}
	if err := json.Unmarshal(w.Whole(e), &out); err != nil || len(out.Choices) != 1 {
		t.Fatalf("whole answer: %v", err)
	}
	m := out.Choices[0].Message
	var got []int
	for _, a := range m.Annotations {
		got = append(got, a.URL.Start)
	}
	want := []int{strings.Index(m.Content, "[1]."), strings.Index(m.Content, "[1] plate")}
	if !slices.Equal(got, want) {
		t.Errorf("annotations at %v of %q, want %v", got, m.Content, want)
	}
}

func TestWriter(t *testing.T) {
	pieces := []string{"Laver — wash hands [1].", " ![p]", "(http://evil)"}
	stream := func(usage bool, e openai.End, ps ...string) []byte {
		var out []byte
		w := openai.NewWriter(head(), usage)
		for _, p := range ps {
			out = append(out, w.Piece(p)...)
		}
		return append(out, w.Stop(e)...)
	}
	whole := openai.NewWriter(head(), false)
	for _, p := range pieces {
		whole.Piece(p)
	}
	no := openai.End{Finish: openai.FinishStop, Dsai: openai.Extension{Request: dsai.Hash("r"), Receipt: dsai.Hash("rec"),
		Refusal: &openai.Refusal{Code: dsai.CodeNoEvidence, Reason: "nothing permitted answers this"}}}
	cut := end()
	cut.Finish, cut.Note, cut.Dsai.Ended = openai.FinishFiltered, "The answer stops here.", dsai.EndedRevoked
	tests := []struct {
		file string
		got  []byte
	}{
		{"stream.sse", stream(false, end(), pieces...)},
		{"stream-usage.sse", stream(true, end(), pieces...)},
		{"stream-no-evidence.sse", stream(false, no, "Nothing permitted answers this.")},
		{"stream-revoked.sse", stream(false, cut, "Wash")},
		{"whole.json", append(whole.Whole(end()), '\n')},
		{"error.json", append(openai.ErrorBody(openai.NewError(openai.TypeRefused, "policy_denied", "", "no"), dsai.Hash("r"), dsai.Hash("rec")), '\n')},
		{"models.json", append(openai.ModelList([]view.Model{{ModelRef: dsai.ModelRef{ID: "dsai-extract-1", Class: dsai.EngineExtract}, Assurance: dsai.Replayable, Loopback: true}}), '\n')},
	}
	for _, tt := range tests {
		path := "testdata/" + tt.file
		if *update {
			if err := os.WriteFile(path, tt.got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || string(want) != string(tt.got) {
			t.Errorf("%s (%v):\ngot\n%s\nwant\n%s", tt.file, err, tt.got, want)
		}
	}
}

func FuzzChatRequest(f *testing.F) {
	f.Add([]byte(`{` + hello + `,"stream":true,"stream_options":{"include_usage":true},"stop":["a"],"metadata":{"dsai.purpose":"x"}}`))
	f.Add([]byte(`{"messages":[{"role":"user","content":[{"type":"text","text":"### Task: title ![a](b)"}]}],"temperature":1e999}`))
	f.Add([]byte(`{"a":{"a":[[[{}]]]},"A":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := openai.DecodeChat(body)
		if err != nil {
			e, ok := errors.AsType[*openai.Error](err)
			if !ok || !json.Valid(openai.ErrorBody(e, dsai.Digest{}, dsai.Digest{})) || c != nil {
				t.Fatalf("DecodeChat(%q) = %v, %#v, want an *Error alone", body, c, err)
			}
			return
		}
		if strings.TrimSpace(c.Question) == "" || c.MaxTokens < 0 {
			t.Fatalf("DecodeChat(%q) = %+v", body, c)
		}
		in := openai.Inert(c.Question)
		for _, active := range []string{"](", "]:", "://", "<a", "<!"} {
			if strings.Contains(in, active) {
				t.Errorf("Inert(%q) = %q holds %q", c.Question, in, active)
			}
		}
		if strings.ContainsFunc(in, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
			t.Errorf("Inert(%q) = %q holds a control character", c.Question, in)
		}
		if c.Task != "" && !json.Valid([]byte(c.Task.Answer(c.Question))) {
			t.Errorf("Answer(%q) is not JSON", c.Question)
		}
	})
}
