package tracker

import (
	"errors"
	"fmt"
	"net/netip"
)

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

// ParsePrefix reads a network like 10.1.4.0/23. Bits set behind its length are refused:
// either the address or the length is not what was meant.
func ParsePrefix(word string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(word)
	switch {
	case err != nil:
		return netip.Prefix{}, errors.New("malformed")
	case prefix.Addr().Is4In6():
		return netip.Prefix{}, errors.New("write it as an IPv4 network")
	case prefix != prefix.Masked():
		return netip.Prefix{}, fmt.Errorf("did you mean %s?", prefix.Masked())
	}
	return prefix, nil
}
