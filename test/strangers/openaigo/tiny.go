// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/openai/openai-go/v3"
)

// The node's model file has weights from a seed: what it says is no language, and all that a client can
// ask for has an effect.
const tiny = "tiny"

// mostTokens is how many tokens an answer of it may have. It may end before, and always says the same.
const mostTokens = 24

func askFile(change func(*openai.ChatCompletionNewParams)) openai.ChatCompletionNewParams {
	p := question()
	p.Model, p.MaxTokens = tiny, openai.Int(mostTokens)
	if change != nil {
		change(&p)
	}
	return p
}

// answerOfFile returns an answer that is not streamed, and its one choice.
func answerOfFile(ctx context.Context, change func(*openai.ChatCompletionNewParams)) (*openai.ChatCompletion, openai.ChatCompletionChoice, error) {
	c := client(new(int))
	got, err := c.Chat.Completions.New(ctx, askFile(change))
	if err != nil {
		return nil, openai.ChatCompletionChoice{}, err
	}
	if len(got.Choices) != 1 {
		return nil, openai.ChatCompletionChoice{}, fmt.Errorf("there are %d choices", len(got.Choices))
	}
	return got, got.Choices[0], nil
}

// seeded makes the answer a drawn one.
func seeded(seed int64) func(*openai.ChatCompletionNewParams) {
	return func(p *openai.ChatCompletionNewParams) { p.Temperature, p.Seed = openai.Float(1.5), openai.Int(seed) }
}

func fileUsage(ctx context.Context) error {
	got, choice, err := answerOfFile(ctx, nil)
	if err != nil {
		return err
	}
	u, reason := got.Usage, "stop"
	if u.CompletionTokens == mostTokens {
		reason = "length"
	}
	if u.PromptTokens <= 100 || u.CompletionTokens <= 2 || u.CompletionTokens > mostTokens || u.TotalTokens != u.PromptTokens+u.CompletionTokens || choice.FinishReason != reason {
		return fmt.Errorf("usage = %s, finish reason %q", u.RawJSON(), choice.FinishReason)
	}
	if !strings.Contains(got.RawJSON(), `"assurance":"replayable"`) {
		return fmt.Errorf("answer = %s, want one that can be made again", got.RawJSON())
	}
	cut, choice, err := answerOfFile(ctx, func(p *openai.ChatCompletionNewParams) { p.MaxTokens = openai.Int(2) })
	if err != nil {
		return err
	}
	if cut.Usage.CompletionTokens != 2 || choice.FinishReason != "length" || cut.Usage.PromptTokens != u.PromptTokens {
		return fmt.Errorf("with 2 tokens at most: usage = %s, finish reason %q", cut.Usage.RawJSON(), choice.FinishReason)
	}
	return nil
}

// fileStream streams an answer with its logarithms and compares it with the whole one.
func fileStream(ctx context.Context) error {
	params := askFile(func(p *openai.ChatCompletionNewParams) {
		p.Logprobs, p.StreamOptions.IncludeUsage = openai.Bool(true), openai.Bool(true)
	})
	c := client(new(int))
	stream := c.Chat.Completions.NewStreaming(ctx, params)
	all := openai.ChatCompletionAccumulator{}
	for stream.Next() {
		if chunk := stream.Current(); !all.AddChunk(chunk) {
			return fmt.Errorf("the client's accumulator refuses chunk %s", chunk.RawJSON())
		}
	}
	if err := stream.Err(); err != nil {
		return err
	}
	want, choice, err := answerOfFile(ctx, nil)
	if err != nil {
		return err
	}
	got := all.Choices[0]
	if got.Message.Content != choice.Message.Content || got.FinishReason != choice.FinishReason {
		return fmt.Errorf("streamed %q, finish reason %q, want %q, %q", got.Message.Content, got.FinishReason, choice.Message.Content, choice.FinishReason)
	}
	if u, w := all.Usage, want.Usage; u.CompletionTokens != w.CompletionTokens || u.PromptTokens != w.PromptTokens || u.TotalTokens != w.TotalTokens {
		return fmt.Errorf("usage of %d and %d tokens, want %d and %d", u.PromptTokens, u.CompletionTokens, w.PromptTokens, w.CompletionTokens)
	}
	if n := len(got.Logprobs.Content); int64(n) != want.Usage.CompletionTokens {
		return fmt.Errorf("%d logarithms were streamed of %d tokens", n, want.Usage.CompletionTokens)
	}
	return nil
}

func fileSeed(ctx context.Context) error {
	var texts []string
	for _, seed := range []int64{1, 1, 2} {
		_, choice, err := answerOfFile(ctx, seeded(seed))
		if err != nil {
			return err
		}
		texts = append(texts, choice.Message.Content)
	}
	if texts[0] != texts[1] || texts[0] == texts[2] {
		return fmt.Errorf("seeds 1, 1 and 2 gave %q", texts)
	}
	return nil
}

func fileLogprobs(ctx context.Context) error {
	got, choice, err := answerOfFile(ctx, func(p *openai.ChatCompletionNewParams) {
		p.Logprobs, p.TopLogprobs = openai.Bool(true), openai.Int(2)
	})
	if err != nil {
		return err
	}
	if n := len(choice.Logprobs.Content); int64(n) != got.Usage.CompletionTokens {
		return fmt.Errorf("%d logarithms of %d tokens", n, got.Usage.CompletionTokens)
	}
	for _, t := range choice.Logprobs.Content {
		if t.Logprob > 0 || len(t.TopLogprobs) != 2 || t.TopLogprobs[0].Logprob < t.Logprob || t.TopLogprobs[1].Logprob > t.TopLogprobs[0].Logprob {
			return fmt.Errorf("logarithm %s", t.RawJSON())
		}
	}
	return nil
}

var word = regexp.MustCompile(`[a-z]{4,}`)

// spoken is what the model said, without what the node adds: sources, and the mark of what they do not support.
func spoken(c openai.ChatCompletionChoice) string {
	text, _, _ := strings.Cut(c.Message.Content, "Sources:")
	return strings.Join(strings.Fields(strings.ReplaceAll(text, "(unsupported)", "")), " ")
}

func fileStop(ctx context.Context) error {
	whole, choice, err := answerOfFile(ctx, seeded(1))
	if err != nil {
		return err
	}
	said := spoken(choice)
	stop := word.FindString(said)
	if stop == "" {
		return fmt.Errorf("there is no word in %q", said)
	}
	before, _, _ := strings.Cut(said, stop)
	got, choice, err := answerOfFile(ctx, func(p *openai.ChatCompletionNewParams) {
		seeded(1)(p)
		p.Stop = openai.ChatCompletionNewParamsStopUnion{OfStringArray: []string{stop}}
	})
	if err != nil {
		return err
	}
	said, before = spoken(choice), strings.TrimSpace(before)
	if choice.FinishReason != "stop" || said != before || got.Usage.CompletionTokens > whole.Usage.CompletionTokens {
		return fmt.Errorf("stopped at %q: %q with %d tokens, finish reason %q, want %q with at most %d", stop, said, got.Usage.CompletionTokens, choice.FinishReason, before, whole.Usage.CompletionTokens)
	}
	return nil
}
