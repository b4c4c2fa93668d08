package tracker

import "net/netip"

// PlainAddr is the form in which an address is compared and kept: the same
// whether its connection came over a socket of IPv4 or of both families, and
// over whichever interface.
func PlainAddr(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }

// ClientName is a request's RemoteAddr as it is logged: without the port if that
// is 0, since a proxy does not tell the client's.
func ClientName(remoteAddr string) string {
	client, err := netip.ParseAddrPort(remoteAddr)
	if err != nil || client.Port() != 0 {
		return remoteAddr
	}
	return client.Addr().String()
}
