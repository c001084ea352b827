// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"

	"dsai.example/dsai/internal/node"
)

func TestReach(t *testing.T) {
	for _, tc := range []struct {
		listen string
		hosts  []string
		want   string
	}{
		{"127.0.0.1:7777", nil, "127.0.0.1:7777"},
		{"127.0.0.1:7777", []string{"nas.local"}, "127.0.0.1:7777"},
		{"192.0.2.7:7777", nil, "192.0.2.7:7777"},
		{"0.0.0.0:7777", nil, "127.0.0.1:7777"},
		{"[::]:7777", nil, "127.0.0.1:7777"},
		{":7777", nil, "127.0.0.1:7777"},
		{"[::]:7777", []string{"nas.local", "nas"}, "nas.local:7777"},
		{"nonsense", nil, "nonsense"},
	} {
		if got := node.Reach(tc.listen, tc.hosts); got != tc.want {
			t.Errorf("Reach(%q, %q) = %q, want %q", tc.listen, tc.hosts, got, tc.want)
		}
	}
}

// TestListenEverywhere has the login link and the address of a key lead to pages
// that answer, whatever the node listens on.
func TestListenEverywhere(t *testing.T) {
	n, _ := home(t)
	ctx, stop := context.WithCancel(t.Context())
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- n.Serve(ctx, node.ServeOptions{Listen: ":0", Ready: func(a string) { ready <- a }})
	}()
	address := <-ready
	link, err := n.LoginLink()
	if err != nil {
		t.Fatal(err)
	}
	key := call[node.NewKeyResult](t, n, "key.new", node.NewKeyArgs{Name: "app"})
	for _, url := range []string{"http://" + address + "/healthz", link, "http://" + key.Listen + "/healthz"} {
		r, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != http.StatusOK {
			t.Errorf("GET %s = %d, want 200", strings.SplitAfter(url, "?")[0], r.StatusCode)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestListenAddress reaches a node under the address that it was told to listen on.
func TestListenAddress(t *testing.T) {
	for _, tc := range []struct {
		listen string
		want   string // of the names; "" for none
	}{{"192.0.2.7:7777", "192.0.2.7"}, {":7777", ""}, {"[::]:7777", ""}} {
		got := node.Named(tc.listen, nil)
		if strings.Join(got, ",") != tc.want {
			t.Errorf("names of a node on %s = %q, want %q", tc.listen, got, tc.want)
		}
	}
	if _, _, err := net.SplitHostPort(node.Reach("0.0.0.0:1", []string{"2001:db8::1"})); err != nil {
		t.Errorf("Reach of a name that is an address of version 6: %v", err)
	}
}
