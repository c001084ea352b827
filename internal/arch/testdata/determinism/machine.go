// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package planted

import (
	"context"
	"log/slog"
	"math"
	"math/rand/v2" // want: imports math/rand/v2
	"os"           // want: imports os
	"reflect"
	. "strings" // want: dot import
	"sync"
	"time"
)

func clock(t0 time.Time) (time.Time, time.Duration) {
	now := time.Now              // want: time.Now
	time.Sleep(1)                // want: time.Sleep
	return now(), time.Since(t0) // want: time.Since
}

func zone(t time.Time) string {
	return t.Local().String() // want: time zone
}

func utc(t time.Time) time.Time { return t.UTC().Add(time.Second) }

func deadline(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, time.Second) // want: context.WithTimeout
	_, _ = ctx, stop
}

func environment() string { return ToUpper(os.Getenv("HOME")) + string(rune(rand.N(9))) }

func global() { slog.Info("stage done") } // want: slog.Info

func attribute() slog.Attr { return slog.String("digest", "d-1") }

func concurrent(done chan bool) { // want: channels
	go clock(time.Time{}) // want: starts a goroutine
	select {              // want: select
	case <-done:
	}
}

var pool sync.Pool // want: sync.Pool

var once sync.Once

func transcendental(x float64) float64 { return math.Exp(x) } // want: math.Exp

func exact(x float64) float64 { return math.Sqrt(x) + math.Pi }

func visit(v reflect.Value) int { return len(v.MapKeys()) } // want: random order
