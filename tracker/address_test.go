package tracker

import (
	"net/netip"
	"testing"
)

func TestPlainAddr(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "fe80::1%eth0": "fe80::1", "2001:db8::7": "2001:db8::7",
	} {
		if got := PlainAddr(netip.MustParseAddr(addr)); got != netip.MustParseAddr(want) {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}

func TestClientName(t *testing.T) {
	for remoteAddr, want := range map[string]string{
		"192.0.2.7:4000": "192.0.2.7:4000", "[2001:db8::7]:4000": "[2001:db8::7]:4000",
		"192.0.2.7:0": "192.0.2.7", "[2001:db8::7]:0": "2001:db8::7", "@": "@", "": "",
	} {
		if got := ClientName(remoteAddr); got != want {
			t.Errorf("%q: %q, want %q", remoteAddr, got, want)
		}
	}
}
