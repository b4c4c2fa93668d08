// Package clientaddr tells who a request comes from when proxies stand between.
package clientaddr

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// fromForwarded is the client's address: the right-most one of X-Forwarded-For
// that is no trusted proxy's. Headers are the header's lines in the order they
// came in, which count as one list. Peer is who opened the connection.
//
// Each proxy appends whom it got the request from, so an element can be
// believed if all that stand to its right, and the peer, are trusted proxies.
// If every element is one, the left-most is the client, as with nginx's
// real_ip_recursive. An element on the way that is malformed, or an address that
// nobody could reach, leaves open who the client is: tracker.ErrNoClient. So does
// a loopback address that something other than loopback vouches for: it would be
// another machine's, and pass for an operator on ours.
//
// A peer that is no trusted proxy is the client itself if it sends no header: a host past the
// proxy. With a header it may be a proxy that TRUSTED_PROXIES does not name, whose clients would all
// be one host: that is tracker.ErrNotTrusted.
func fromForwarded(peer netip.Addr, headers []string, trusted []netip.Prefix) (netip.Addr, error) {
	client := tracker.PlainAddr(peer)
	switch {
	case contains(trusted, client) && len(headers) == 0:
		return client, tracker.ErrNoClient
	case !contains(trusted, client) && len(headers) > 0:
		return client, tracker.ErrNotTrusted
	}
	for _, line := range slices.Backward(headers) {
		for more := true; more && contains(trusted, client); {
			var element string
			line, element, more = cutLast(line)
			addr, ok := parseElement(element)
			if !ok || !tracker.Reachable(addr, client) {
				return client, tracker.ErrNoClient
			}
			client = tracker.PlainAddr(addr)
		}
	}
	return client, nil
}

// cutLast takes the last element off a comma-separated list. More says whether
// there is one before it.
func cutLast(list string) (rest, last string, more bool) {
	comma := strings.LastIndexByte(list, ',')
	return list[:max(comma, 0)], list[comma+1:], comma >= 0
}

// parseElement reads one element of X-Forwarded-For: an address of either
// family, with or without a port, an IPv6 one also in brackets.
func parseElement(element string) (netip.Addr, bool) {
	element = strings.Trim(element, " \t")
	addr, err := netip.ParseAddr(element)
	if err != nil {
		addr, err = parseWithPort(element)
	}
	return addr, err == nil
}

func parseWithPort(element string) (netip.Addr, error) {
	if strings.HasSuffix(element, "]") {
		element += ":0"
	}
	ap, err := netip.ParseAddrPort(element)
	return ap.Addr(), err
}

func contains(networks []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(addr) })
}
