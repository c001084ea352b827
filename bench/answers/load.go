// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// outcome is one question's end.
type outcome struct {
	took     time.Duration // from when it was due, so that waiting counts
	status   int
	answered bool
	err      error
}

// load asks at a fixed rate: a question is due when its time comes, whether or
// not earlier ones are done, so a slow node cannot slow its own measurement.
func load(ctx context.Context, o options, s *setup, srv *server) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}, Timeout: 30 * time.Second}
	total := o.rate * int(o.span/time.Second)
	results := make([]outcome, total)
	cpu0, err := cpuOf(srv.cmd.Process.Pid)
	if err != nil {
		return err
	}
	stop, done := context.WithCancel(ctx)
	var revoked sync.WaitGroup
	var withdrawals []time.Duration
	var werr error
	revoked.Go(func() { withdrawals, werr = keepWithdrawing(stop, o, s, srv) })

	var wg sync.WaitGroup
	begun := time.Now()
	for i := range total {
		due := begun.Add(time.Duration(i) * time.Second / time.Duration(o.rate))
		time.Sleep(time.Until(due))
		wg.Go(func() {
			r := ask(ctx, client, srv.address, s.keys[i%len(s.keys)], s.questions[i%len(s.questions)])
			r.took = time.Since(due)
			results[i] = r
		})
		if i > 0 && i%(o.rate*60) == 0 {
			fmt.Printf("  %v\n", time.Since(begun).Round(time.Second))
		}
	}
	wg.Wait()
	span := time.Since(begun)
	done()
	revoked.Wait()
	if werr != nil {
		return fmt.Errorf("withdraw: %w", werr)
	}
	cpu1, err := cpuOf(srv.cmd.Process.Pid)
	if err != nil {
		return err
	}
	report(results, span, cpu1-cpu0, srv)
	if len(withdrawals) > 0 {
		slices.Sort(withdrawals)
		fmt.Printf("withdrawals: %d, acknowledged in p50 %v, max %v\n", len(withdrawals), withdrawals[len(withdrawals)/2].Round(time.Millisecond), withdrawals[len(withdrawals)-1].Round(time.Millisecond))
	}
	return nil
}

func keepWithdrawing(ctx context.Context, o options, s *setup, srv *server) ([]time.Duration, error) {
	t := time.NewTicker(o.revokeEvery)
	defer t.Stop()
	var out []time.Duration
	for _, ref := range s.revocable {
		select {
		case <-ctx.Done():
			return out, nil
		case <-t.C:
		}
		d, err := srv.withdraw(context.WithoutCancel(ctx), ref)
		if err != nil {
			return out, err
		}
		out = append(out, d)
	}
	return out, nil
}

func ask(ctx context.Context, c *http.Client, address, key, question string) (r outcome) {
	body, err := json.Marshal(map[string]any{"model": "dsai-extract-1", "messages": []map[string]string{{"role": "user", "content": question}}})
	if err != nil {
		return outcome{err: err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/v1/chat/completions", bytes.NewReader(body))
	if err != nil {
		return outcome{err: err}
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.Do(req)
	if err != nil {
		return outcome{err: err}
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	return outcome{status: resp.StatusCode, err: err, answered: !bytes.Contains(out, []byte(`"refusal":{`))}
}

func report(rs []outcome, span, cpu time.Duration, srv *server) {
	var took []time.Duration
	errs, answered := map[string]int{}, 0
	for _, r := range rs {
		switch {
		case r.err != nil:
			errs[r.err.Error()]++
		case r.status != http.StatusOK:
			errs[strconv.Itoa(r.status)]++
		default:
			took = append(took, r.took)
			if r.answered {
				answered++
			}
		}
	}
	slices.Sort(took)
	q := func(p float64) time.Duration {
		if len(took) == 0 {
			return 0
		}
		return took[int(p*float64(len(took)-1))].Round(100 * time.Microsecond)
	}
	fmt.Printf("%.1f answers/s for %v: p50 %v p90 %v p99 %v max %v; %d errors\n",
		float64(len(took))/span.Seconds(), span.Round(time.Second), q(.5), q(.9), q(.99), q(1), len(rs)-len(took))
	for e, n := range errs {
		fmt.Printf("  error %s: %d\n", e, n)
	}
	fmt.Printf("%d answered with quotes, the rest told that nothing permitted answers them\n", answered)
	fmt.Printf("node: %.2f ms CPU per question, RssAnon %.1f MB\n", cpu.Seconds()*1000/float64(len(rs)), rssAnon(srv.cmd.Process.Pid))
}

// cpuOf is the user and system time that a process has used.
func cpuOf(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 13 {
		return 0, fmt.Errorf("read CPU time of process %d", pid)
	}
	user, err1 := strconv.Atoi(f[11])
	system, err2 := strconv.Atoi(f[12])
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("read CPU time of process %d", pid)
	}
	const tick = 10 * time.Millisecond // USER_HZ is 100 on Linux
	return time.Duration(user+system) * tick, nil
}

// rssAnon is a process's anonymous memory in MB.
func rssAnon(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			if kb, err := strconv.Atoi(strings.Fields(v)[0]); err == nil {
				return float64(kb) / 1000
			}
		}
	}
	return 0
}
