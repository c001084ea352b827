// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"net"
	"net/netip"
)

// Reach returns the host and port by which a node that listens on an address is
// reached. All addresses of a machine (0.0.0.0, [::] or none) are no address that a
// browser could name: then it is the first of the node's own names, else loopback,
// where package net listens for both versions of IP.
func Reach(listen string, hosts []string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || !everywhere(host) {
		return listen
	}
	if len(hosts) > 0 {
		return net.JoinHostPort(hosts[0], port)
	}
	return net.JoinHostPort("127.0.0.1", port)
}

// named adds to the names of a node the address on which it was told to listen,
// unless that stands for all. Nobody can point a name of theirs at an address and
// have a browser say the address.
func named(listen string, hosts []string) []string {
	host, _, err := net.SplitHostPort(listen)
	if err != nil || everywhere(host) {
		return hosts
	}
	return append(hosts[:len(hosts):len(hosts)], host)
}

func everywhere(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "" || err == nil && a.IsUnspecified()
}
