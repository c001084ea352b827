// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/node"
)

const defaultListen = "127.0.0.1:7777"

func newUpCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use: "up", SuggestFor: []string{"serve", "start", "run"}, Short: "run the node: API and pages", Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.up(c.Context()) },
	}
	c.Flags().String("listen", "", "address of API and pages (default "+defaultListen+")")
	c.Flags().String("hosts", "", "further names by which browsers reach the node, separated by commas")
	return c
}

func (a *app) up(ctx context.Context) (err error) {
	if a.cfg.Listen == "" {
		a.cfg.Listen = defaultListen
	}
	if a.cfg.Log == "" {
		a.cfg.Log = slog.LevelInfo.String()
	}
	open, err := openTo(a.cfg.Listen)
	if err != nil {
		return err
	}
	if r, err := control.Dial(a.home().Socket()); err == nil {
		return errors.Join(alreadyUp(ctx, r), r.Close())
	}
	n, err := node.Open(ctx, a.nodeConfig())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	err = n.Serve(ctx, node.ServeOptions{Listen: a.cfg.Listen, Hosts: a.cfg.hosts(), Ready: func(address string) {
		if open {
			a.note("dsai: warning: %s is open to the network, and the node speaks no TLS: keys, questions and documents cross it in the clear\n", a.cfg.Listen)
			a.note("dsai: hint: listen on 127.0.0.1, and put a proxy that ends TLS before it to serve others\n")
		}
		link, err := n.LoginLink()
		if err != nil {
			a.note("dsai: error: %v\n", err)
		}
		a.serving(address, link)
		_, _ = daemon.SdNotify(false, daemon.SdNotifyReady) // nobody listens outside systemd
	}})
	if failed, ok := errors.AsType[*net.OpError](err); ok && failed.Op == "listen" && !errors.Is(err, syscall.EADDRINUSE) {
		return usage(failed.Error(), listenHint)
	}
	return err
}

const listenHint = "give an address of this machine and a port, such as " + defaultListen + "; port 0 picks a free one"

// openTo reports whether an address to listen on can be reached from other
// machines. A name that only this machine gives itself counts as one that can.
func openTo(listen string) (bool, error) {
	host, port, err := net.SplitHostPort(listen)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil {
		return false, usage(fmt.Sprintf("listen on %q: %v", listen, err), listenHint)
	}
	addr, err := netip.ParseAddr(host)
	return host != "localhost" && (err != nil || !addr.IsLoopback()), nil
}

// serving is what dsai up --json prints once it takes requests.
type serving struct {
	Listen string `json:"listen"`
	Login  string `json:"login"`
}

func (a *app) serving(address, link string) {
	if a.json {
		_ = a.document(serving{address, link})
		return
	}
	a.say("Pages:  %s   (works once, for 15 minutes)\n", link)
	a.say("API:    http://%s/v1\n", address)
	a.say(a.hereFormat("Stop with Ctrl-C. Make an API key in another terminal: dsai key new NAME\n"))
}

// alreadyUp helps who starts a node twice: they want its pages.
func alreadyUp(ctx context.Context, c control.Caller) error {
	var link string
	if err := c.Call(ctx, "login", node.Nothing{}, nil, &link); err != nil {
		return err
	}
	return &control.Error{Kind: control.Unavailable, Message: "a node runs in this home already", Hint: "its pages: " + link}
}
