// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"time"

	"dsai.example/dsai"
)

var (
	// ErrBusy is what a BusyError is: ask again later.
	ErrBusy = errors.New("the model is busy")
	// ErrClosed says that the engine, or the file, was closed.
	ErrClosed = errors.New("the engine is closed")
	// ErrRemoved says that the engine has the model no more.
	ErrRemoved = errors.New("the model was removed")
	// ErrChanged says that a model file was changed between two times that it was read.
	ErrChanged = errors.New("the model file was changed while it was open: put it back, or add it again")
	// ErrRequest says that the request itself makes no sense.
	ErrRequest = errors.New("the request cannot be run")
)

// A BusyError says that too many requests wait already, or that this one waited too long.
type BusyError struct {
	Running, Waiting int           // requests, when it was turned away
	Waited           time.Duration // 0: it was not let into the queue
	RetryAfter       time.Duration // whole seconds, 1 at least
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("the model is busy: %d requests run and %d wait; try again in %v", e.Running, e.Waiting, e.RetryAfter)
}

// Is reports whether target is ErrBusy.
func (e *BusyError) Is(target error) bool { return target == ErrBusy }

// A ContextError says that prompt and answer do not fit into what the model was trained for.
type ContextError struct{ Prompt, Output, Context int } // tokens; Output is what was asked for, 1 at least

func (e *ContextError) Error() string {
	return fmt.Sprintf("a prompt of %d tokens and an answer of %d exceed the model's context of %d", e.Prompt, e.Output, e.Context)
}

// Is reports whether target is ErrRequest.
func (e *ContextError) Is(target error) bool { return target == ErrRequest }

// A MemoryError says that a model, or what it must remember for a request, does not fit.
type MemoryError struct {
	What              string // "model NAME", "a request of 900 tokens"
	Need, Used, Limit int64  // bytes; Used is what others hold and cannot give back
}

func (e *MemoryError) Error() string {
	return fmt.Sprintf("%s needs %s of memory: %s of at most %s are in use", e.What, size(e.Need), size(e.Used), size(e.Limit))
}

// A ChangedError says that a model file is not the one that its fingerprint names.
type ChangedError struct {
	Path      string
	Want, Got dsai.Digest
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("model file %s has changed: its fingerprint is %s, want %s", e.Path, e.Got.Short(), e.Want.Short())
}

func size(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d KiB", (n+1023)>>10)
}
