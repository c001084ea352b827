// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/api"
	"dsai.example/dsai/internal/pipeline"
)

// Slow answers of one model keep no question to another waiting, and who asks for
// one more is told when its turn may come, before the first has ended.
func TestQueues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{ask: func(_ context.Context, r *pipeline.Request, _ func(pipeline.Piece) error) (*pipeline.Receipt, error) {
			if r.Model == "slow" {
				time.Sleep(time.Minute)
			}
			return answered("x", dsai.EndedComplete), nil
		}}
		q := api.NewQueues(func(model string) string { return model }, func() *api.Queue { return api.NewQueue(f, 2, 1, 15*time.Second, nil) })
		ask := func(model string) error {
			_, err := q.Ask(t.Context(), &pipeline.Request{Model: model}, nil)
			return err
		}
		var group sync.WaitGroup
		defer group.Wait()
		for range 2 {
			group.Go(func() {
				if err := ask("slow"); err != nil {
					t.Errorf("Ask of a model that has room = %v", err)
				}
			})
		}
		synctest.Wait()
		start := time.Now()
		if err := ask("quick"); err != nil || time.Since(start) != 0 {
			t.Errorf("Ask beside slow answers = %v after %s, want an answer at once", err, time.Since(start))
		}
		for _, after := range []time.Duration{8 * time.Second, 15 * time.Second} { // half of 15 s, and of 30 s: two run at a time
			var busy *pipeline.BusyError
			if err := ask("slow"); !errors.As(err, &busy) || busy.RetryAfter != after {
				t.Errorf("Ask of a busy model after %s = %v, %+v, want to come again after %s", time.Since(start), err, busy, after)
			}
		}
	})
}
