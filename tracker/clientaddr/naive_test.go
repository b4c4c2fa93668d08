package clientaddr

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// naiveFromForwarded is a second implementation, written for the reader: put
// the whole chain into one list from the client to the peer, with gaps for what nobody can
// make anything of; then take the right-most that is not trusted, if there is no gap before.
func naiveFromForwarded(peer netip.Addr, headers []string, trusted []netip.Prefix) string {
	peer = peer.WithZone("").Unmap()
	switch {
	case len(headers) > 0 && !isIn(trusted, peer):
		return notTrusted
	case len(headers) == 0 && isIn(trusted, peer):
		return noClient
	case len(headers) == 0:
		return peer.String()
	}
	chain := []netip.Addr{peer}
	elements := strings.Split(strings.Join(headers, ","), ",")
	for i := len(elements) - 1; i >= 0; i-- {
		addr, err := naiveParse(elements[i])
		if err != nil || !tracker.Reachable(addr, chain[0]) {
			addr = netip.Addr{}
		}
		chain = append([]netip.Addr{addr}, chain...)
	}
	for i := len(chain) - 1; i > 0; i-- {
		switch {
		case !chain[i].IsValid():
			return noClient
		case !isIn(trusted, chain[i]):
			return chain[i].String()
		}
	}
	if !chain[0].IsValid() {
		return noClient
	}
	return chain[0].String()
}

// naiveParse reads an element with package net instead of netip.
func naiveParse(element string) (netip.Addr, error) {
	host := strings.Trim(element, " \t")
	switch {
	case strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]"):
		host = host[1 : len(host)-1]
		if !strings.Contains(host, ":") {
			return netip.Addr{}, fmt.Errorf("%q: brackets are for IPv6", element)
		}
	case strings.HasPrefix(host, "["), strings.Count(host, ":") == 1:
		bracketed := strings.HasPrefix(host, "[")
		var port string
		var err error
		if host, port, err = net.SplitHostPort(host); err != nil {
			return netip.Addr{}, err
		}
		if _, err = strconv.ParseUint(port, 10, 16); err != nil {
			return netip.Addr{}, err
		}
		if bracketed != strings.Contains(host, ":") {
			return netip.Addr{}, fmt.Errorf("%q: brackets are for IPv6", element)
		}
	}
	ip := net.ParseIP(host)
	addr, ok := netip.AddrFromSlice(ip)
	if !ok {
		return netip.Addr{}, fmt.Errorf("%q is no address", element)
	}
	return addr.Unmap(), nil
}

func isIn(networks []netip.Prefix, addr netip.Addr) bool {
	for _, network := range networks {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

// Few addresses, so that trusted ones and repetitions are common.
var genAddr = rapid.Custom(func(t *rapid.T) netip.Addr {
	return netip.MustParseAddr(rapid.SampledFrom([]string{
		"10.0.0.1", "10.0.0.2", "10.9.9.9", "127.0.0.1", "::1", "192.0.2.7", "198.51.100.1",
		"2001:db8::1", "2001:db8::7", "0.0.0.0", "224.0.0.1", "fe80::7", "::ffff:10.0.0.1", "::ffff:192.0.2.7",
	}).Draw(t, "addr"))
})

var genElement = rapid.Custom(func(t *rapid.T) string {
	addr := genAddr.Draw(t, "element")
	return rapid.SampledFrom([]string{
		addr.String(), " " + addr.String(), netip.AddrPortFrom(addr, 80).String(), "[" + addr.String() + "]",
		addr.String(), "unknown", "",
	}).Draw(t, "form")
})

func TestFromForwardedProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		peer := genAddr.Draw(t, "peer")
		trusted := rapid.SampledFrom([][]netip.Prefix{nil, proxies, private}).Draw(t, "trusted")
		var headers []string
		for _, elements := range rapid.SliceOfN(rapid.SliceOfN(genElement, 0, 4), 0, 3).Draw(t, "lines") {
			headers = append(headers, strings.Join(elements, ","))
		}
		got, err := fromForwarded(peer, headers, trusted)

		if got, want := outcome(got, err), naiveFromForwarded(peer, headers, trusted); got != want {
			t.Fatalf("fromForwarded(%s, %q) = %s, a naive one says %s", peer, headers, got, want)
		}
		if err != nil {
			return
		}
		if got.Is4In6() || got.Zone() != "" {
			t.Fatalf("%s is not plain", got)
		}
		if !isIn(trusted, peer.Unmap()) && got != peer.Unmap() {
			t.Fatalf("%s, who is not trusted, made us believe %s", peer, got)
		}
		if got.IsLoopback() && !peer.Unmap().IsLoopback() {
			t.Fatalf("%s from outside passes for %s", peer, got)
		}
		checkPosition(t, got, peer, headers, trusted)
	})
}

// checkPosition holds that the client is the peer or stands in the header with
// nobody but trusted ones to its right.
func checkPosition(t *rapid.T, got, peer netip.Addr, headers []string, trusted []netip.Prefix) {
	if got == peer.Unmap() {
		return
	}
	elements := strings.Split(strings.Join(headers, ","), ",")
	for i := len(elements) - 1; i >= 0; i-- {
		addr, err := naiveParse(elements[i])
		if addr == got {
			return
		}
		if err != nil || !isIn(trusted, addr) {
			t.Fatalf("%s: %q to its right cannot vouch for it", got, elements[i])
		}
	}
	t.Fatalf("%s is neither the peer %s nor in %q", got, peer, headers)
}
