package bthttp

import (
	"cmp"
	"net/netip"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// addresses are where other peers reach the host: addr, and also of the other family if the client
// names one (BEP 7). Addr is where the request came from, unless the client is trusted to name
// others: ip replaces it, ipv4 and ipv6 replace the one of their family or add the other.
func (q *announceQuery) addresses(client netip.Addr, port uint16, trustIP bool) (addr, also netip.AddrPort) {
	client = tracker.PlainAddr(client)
	addr = netip.AddrPortFrom(client, port)
	if !trustIP {
		return addr, also
	}
	if named, ok := endpoint(q.ip.text(), port, client); ok {
		addr = named
	}
	for _, v := range [...]value{q.ipv4, q.ipv6} {
		named, ok := endpoint(v.text(), port, client)
		switch {
		case !ok:
		case named.Addr().Is4() == addr.Addr().Is4():
			addr = named
		default:
			also = named
		}
	}
	return addr, also
}

// endpoint reads an address that a client names, with the announce's port unless it brings its
// own. An address that nobody can reach is not ok. That is no fault of the request: BEP 3 allows a
// DNS name in ip, which we never look up.
func endpoint(text string, port uint16, client netip.Addr) (netip.AddrPort, bool) {
	if text == "" {
		return netip.AddrPort{}, false
	}
	named, err := tracker.ParseEndpoint(text)
	if err != nil {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(named.Addr(), cmp.Or(named.Port(), port)), tracker.Reachable(named.Addr(), client)
}
