// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package engine serves language models from GGUF files: it opens and loads the files, owns the worker
// threads, and lets many requests share a model. What it says is a function of model, prompt and
// sampling alone: the bits of an answer, and of the trace in its receipt, do not depend on who else
// asks, on what is remembered, or on the count of threads.
//
// The arithmetic is package infer's. Prompts are tokens here: templates, passages and citations belong
// to the caller. It reads model files and nothing else, and writes none.
//
//	file, err := engine.OpenFile("model.gguf")          // header and vocabulary
//	e := engine.New(engine.Config{})                    // starts nothing
//	defer e.Close()                                     // ends all requests, frees all
//	m := e.Add(file, fingerprint)                       // loads nothing yet
//	result, err := m.Generate(ctx, request, emit)       // loads, waits for its turn, answers
//	err = m.Replay(ctx, request.Prompt, result.Trace)   // makes the answer again, much faster
package engine
