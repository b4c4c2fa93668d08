package tracker

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// PlainAddr is the form in which an address is compared and kept: the same over a socket of IPv4
// and one of both families, and over each interface.
func PlainAddr(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }

// ParseEndpoint reads an address with or without a port: "192.0.2.7", "192.0.2.7:80", "2001:db8::7" or
// "[2001:db8::7]:80". The port is 0 if none is given. The address is plain: one with a zone is an
// error, since a zone means nothing to others.
func ParseEndpoint(text string) (netip.AddrPort, error) {
	addr, err := netip.ParseAddr(text)
	at := netip.AddrPortFrom(addr, 0)
	if err != nil {
		if at, err = netip.ParseAddrPort(text); err == nil && at.Port() == 0 {
			err = errors.New("port 0")
		}
	}
	if err != nil || at.Addr().Zone() != "" {
		return netip.AddrPort{}, errors.New("malformed")
	}
	return netip.AddrPortFrom(PlainAddr(at.Addr()), at.Port()), nil
}

// reserved are networks in which no host has an address.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("240.0.0.0/4"), // with the broadcast address
	netip.MustParsePrefix("::/96"),       // IPv4 within IPv6, an old form
	netip.MustParsePrefix("100::/64"),    // discarded
}

// translated are networks of IPv6 whose addresses hold one of IPv4, from a byte on, to which a
// gateway sends what comes.
var translated = []struct {
	network netip.Prefix
	from    int
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12},    // NAT64
	{netip.MustParsePrefix("::ffff:0:0:0/96"), 12}, // SIIT
	{netip.MustParsePrefix("2002::/16"), 2},        // 6to4
}

// Reachable says whether others may be told that a host is at addr. From vouches for that: it is
// where the host's own connection came from, or the proxy that names the host. An address that
// names no single host, or that has a zone, is never reachable. A loopback or link-local one means
// another machine elsewhere: it is reachable if from is of that kind, too. An address that a gateway
// translates is reachable if the IPv4 one in it is reachable from the gateway.
func Reachable(addr, from netip.Addr) bool {
	addr, from = addr.Unmap(), from.Unmap()
	switch {
	case !addr.IsValid(), addr.Zone() != "", addr.IsMulticast():
		return false
	case addr.IsLoopback():
		return from.IsLoopback()
	case addr.IsLinkLocalUnicast():
		return from.IsLinkLocalUnicast()
	}
	for _, c := range translated {
		if c.network.Contains(addr) {
			bytes := addr.As16()
			return Reachable(netip.AddrFrom4([4]byte(bytes[c.from:c.from+4])), addr)
		}
	}
	return !slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// ClientName is a request's RemoteAddr as it is logged: without the port if that
// is 0, since a proxy does not tell the client's.
func ClientName(remoteAddr string) string {
	client, err := netip.ParseAddrPort(remoteAddr)
	if err != nil {
		return remoteAddr
	}
	return clientName(client)
}

func clientName(client netip.AddrPort) string {
	if client.Port() == 0 {
		return client.Addr().String()
	}
	return client.String()
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
