// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Command openaigo runs the official OpenAI client for Go against a running node;
// see ../openai.mjs. It is a module of its own, so that it cannot import the code
// that it checks and dsai does not depend on it.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

const model = "dsai-extract-1"

func main() {
	ctx := context.Background()
	code := 0
	for _, c := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"models.list", models},
		{"chat", chat},
		{"streaming with include_usage", streaming},
		{"a wrong key is a 401", wrongKey},
		{"an unsupported field is a 400 that names it", unsupported},
		{"an endpoint that is not built is a 404", notBuilt},
		{"a refused purpose is a 403, not retried", refused},
		{"no evidence is a readable answer", noEvidence},
		{"a model file answers, with exact usage", fileUsage},
		{"a model file streams the same, with logarithms", fileStream},
		{"a seed gives the same answer, another one another", fileSeed},
		{"logprobs of a model file, one for each token", fileLogprobs},
		{"a stop text ends a model file", fileStop},
	} {
		if err := c.run(ctx); err != nil {
			code = 1
			fmt.Printf("FAIL     openai-go: %s: %v\n", c.name, err)
			continue
		}
		fmt.Printf("ok       openai-go: %s\n", c.name)
	}
	os.Exit(code)
}

// client reads OPENAI_BASE_URL and OPENAI_API_KEY, and counts what it sends.
func client(sent *int, opts ...option.RequestOption) openai.Client {
	count := func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
		*sent++
		return next(r)
	}
	return openai.NewClient(append(opts, option.WithMaxRetries(3), option.WithMiddleware(count))...)
}

func ask(question string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model:    model,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(question)},
	}
}

func question() openai.ChatCompletionNewParams { return ask(os.Getenv("DSAI_QUESTION")) }

func models(ctx context.Context) error {
	c := client(new(int))
	list, err := c.Models.List(ctx)
	if err != nil {
		return err
	}
	if len(list.Data) != 2 || list.Data[0].ID != model || list.Data[1].ID != tiny {
		return fmt.Errorf("models = %v, want %s and %s", list.Data, model, tiny)
	}
	return nil
}

func chat(ctx context.Context) error {
	_, err := answer(ctx)
	return err
}

// answer returns the text of the answer that is not streamed.
func answer(ctx context.Context) (string, error) {
	c := client(new(int))
	var response *http.Response
	got, err := c.Chat.Completions.New(ctx, question(), option.WithResponseInto(&response))
	if err != nil {
		return "", err
	}
	choice, u := got.Choices[0], got.Usage
	switch text := choice.Message.Content; {
	case !strings.Contains(text, "[1]") || choice.FinishReason != "stop":
		return "", fmt.Errorf("answer = %q, finish reason %q", text, choice.FinishReason)
	case u.CompletionTokens == 0 || u.TotalTokens != u.PromptTokens+u.CompletionTokens:
		return "", fmt.Errorf("usage = %+v", u)
	case len(choice.Message.Annotations) == 0:
		return "", errors.New("there are no annotations")
	case !strings.Contains(got.RawJSON(), `"receipt":"`+response.Header.Get("Dsai-Receipt")+`"`):
		return "", fmt.Errorf("the header names receipt %q, the body another", response.Header.Get("Dsai-Receipt"))
	default:
		return text, nil
	}
}

func streaming(ctx context.Context) error {
	c := client(new(int))
	params := question()
	params.StreamOptions.IncludeUsage = openai.Bool(true)
	stream := c.Chat.Completions.NewStreaming(ctx, params)
	all := openai.ChatCompletionAccumulator{}
	var last openai.ChatCompletionChunk
	for stream.Next() {
		last = stream.Current()
		if !all.AddChunk(last) {
			return fmt.Errorf("the client's accumulator refuses chunk %s", last.RawJSON())
		}
	}
	if err := stream.Err(); err != nil {
		return err
	}
	want, err := answer(ctx)
	if err != nil {
		return err
	}
	if got := all.Choices[0]; got.Message.Content != want || got.FinishReason != "stop" {
		return fmt.Errorf("streamed %q, finish reason %q, want %q", got.Message.Content, got.FinishReason, want)
	}
	if len(last.Choices) != 0 || last.Usage.CompletionTokens == 0 {
		return fmt.Errorf("the last chunk is %s, want usage alone", last.RawJSON())
	}
	return nil
}

// fails checks an error's status, code and param, and that it was sent once.
func fails(err error, sent, status int, code, param string) error {
	e, ok := errors.AsType[*openai.Error](err)
	if !ok {
		return fmt.Errorf("error = %v, want an *openai.Error", err)
	}
	if e.StatusCode != status || e.Code != code || e.Param != param || sent != 1 {
		return fmt.Errorf("error %d %q, param %q, sent %d times, want %d %q, param %q, once", e.StatusCode, e.Code, e.Param, sent, status, code, param)
	}
	return nil
}

func wrongKey(ctx context.Context) error {
	sent := 0
	c := client(&sent, option.WithAPIKey("wrong"))
	_, err := c.Chat.Completions.New(ctx, question())
	return fails(err, sent, 401, "invalid_api_key", "")
}

func unsupported(ctx context.Context) error {
	sent := 0
	c := client(&sent)
	params := question()
	params.N = openai.Int(2)
	_, err := c.Chat.Completions.New(ctx, params)
	return fails(err, sent, 400, "unsupported_parameter", "n")
}

func notBuilt(ctx context.Context) error {
	sent := 0
	c := client(&sent)
	_, err := c.Embeddings.New(ctx, openai.EmbeddingNewParams{
		Model: model,
		Input: openai.EmbeddingNewParamsInputUnion{OfString: openai.String("x")},
	})
	return fails(err, sent, 404, "unknown_url", "")
}

func refused(ctx context.Context) error {
	sent := 0
	c := client(&sent)
	_, err := c.Chat.Completions.New(ctx, question(), option.WithHeader("Dsai-Purpose", "marketing"))
	return fails(err, sent, 403, "purpose_not_undertaken", "")
}

func noEvidence(ctx context.Context) error {
	c := client(new(int))
	got, err := c.Chat.Completions.New(ctx, ask(os.Getenv("DSAI_UNANSWERABLE")))
	if err != nil {
		return err
	}
	if text := got.Choices[0].Message.Content; !strings.HasPrefix(text, "No answer: ") || !strings.Contains(got.RawJSON(), `"code":"no_evidence"`) {
		return fmt.Errorf("answer = %s", got.RawJSON())
	}
	return nil
}
