// Package clientaddr tells who a request comes from when proxies stand between.
package clientaddr

import (
	"net/netip"
	"slices"
	"strings"
)

// FromForwarded is the client's address: the right-most one of X-Forwarded-For
// that is no trusted proxy's. Headers are the header's lines in the order they
// came in, which count as one list. Peer is who opened the connection: if that
// is not a trusted proxy, it is the client and the header is nobody's word.
//
// Each proxy appends whom it got the request from, so an element can be
// believed if all that stand to its right, and the peer, are trusted proxies.
// If every element is one, the left-most is the client, as with nginx's
// real_ip_recursive. A malformed element ends the walk: the address before it
// counts. So does a loopback address that something other than loopback vouches
// for: it would be another machine's loopback, and pass for an operator on ours.
//
// TRUSTED_PROXIES trusts private networks by default, where the clients are too:
// then any of them may send a header of its own and be taken for another private
// address. An operator should set it to the addresses of the proxies alone.
func FromForwarded(peer netip.Addr, headers []string, trusted []netip.Prefix) netip.Addr {
	client := plain(peer)
	for _, line := range slices.Backward(headers) {
		for more := true; more; {
			if !contains(trusted, client) {
				return client
			}
			var element string
			line, element, more = cutLast(line)
			addr, ok := parseElement(element)
			if !ok || addr.IsLoopback() && !client.IsLoopback() {
				return client
			}
			client = addr
		}
	}
	return client
}

// cutLast takes the last element off a comma-separated list. More says whether
// there is one before it.
func cutLast(list string) (rest, last string, more bool) {
	comma := strings.LastIndexByte(list, ',')
	return list[:max(comma, 0)], list[comma+1:], comma >= 0
}

// parseElement reads one element of X-Forwarded-For: an address of either
// family, with or without a port, an IPv6 one also in brackets. A zone means
// something on one machine only, so an address with one is malformed.
func parseElement(element string) (netip.Addr, bool) {
	element = strings.Trim(element, " \t")
	addr, err := netip.ParseAddr(element)
	if err != nil {
		addr, err = parseWithPort(element)
	}
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, false
	}
	return addr.Unmap(), true
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

// plain is an address as it is compared and kept: an IPv4 one that came in
// through an IPv6 socket is IPv4, and a zone is of no use to others.
func plain(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }
