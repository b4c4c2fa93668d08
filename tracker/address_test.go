package tracker

import (
	"net/netip"
	"strings"
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

func TestReachable(t *testing.T) {
	for _, test := range []struct {
		from string
		yes  string // others may be told of these
		no   string
	}{
		{
			from: "10.0.0.1",
			yes:  "10.0.0.1 192.0.2.7 100.64.0.1 223.255.255.254 169.253.1.1 2001:db8::7 fd00::7 ::ffff:192.0.2.7 64:ff9b::c000:207",
			no: "0.0.0.0 0.1.2.3 127.0.0.1 127.255.0.1 169.254.1.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::7 " +
				"::192.0.2.7 100::7 fe80::7 febf::7 ff02::1 ff0e::7 fe80::7%eth0 2001:db8::7%eth0 ::ffff:0.0.0.0 ::ffff:127.0.0.1 " +
				"::ffff:169.254.1.1 ::ffff:224.0.0.1 ::ffff:255.255.255.255",
		},
		{ // what carries an IPv4 address
			from: "10.0.0.1",
			yes:  "64:ff9b::a00:7 64:ff9b::c000:207 2002:c000:207::1 2002:a00:7:: ::ffff:0:192.0.2.7 64:ff9c::7f00:1 2003:7f00:1:: fec0::7",
			no: "64:ff9b:: 64:ff9b::127.0.0.1 64:ff9b::169.254.1.1 64:ff9b::224.0.0.1 64:ff9b::255.255.255.255 " +
				"2002:: 2002:7f00:1::1 2002:a9fe:101:: 2002:e000:1:: 2002:ffff:ffff::1 " +
				"::ffff:0:0.0.0.0 ::ffff:0:127.0.0.1 ::ffff:0:169.254.1.1 ::ffff:0:239.1.2.3 ::ffff:0:240.0.0.1",
		},
		{"127.0.0.1", "64:ff9b::192.0.2.7", "64:ff9b::127.0.0.1 2002:7f00:1:: ::ffff:0:127.0.0.1 64:ff9b::169.254.1.1"},
		{"fe80::1", "64:ff9b::192.0.2.7", "64:ff9b::127.0.0.1 2002:a9fe:101:: ::ffff:0:169.254.1.1"},
		{"127.0.0.1", "127.0.0.1 127.9.9.9 ::1 ::ffff:127.0.0.1 10.0.0.1", "0.0.0.0 169.254.1.1 fe80::7 224.0.0.1"},
		{"::ffff:127.0.0.1", "127.0.0.1 ::1", "fe80::7"},
		{"fe80::1%eth0", "fe80::7 169.254.1.1 10.0.0.1", "127.0.0.1 ::1 fe80::7%eth0 ff02::1"},
		{"0.0.0.0", "10.0.0.1", "0.0.0.0"},
	} {
		for want, addrs := range map[bool]string{true: test.yes, false: test.no} {
			for addr := range strings.FieldsSeq(addrs) {
				if Reachable(netip.MustParseAddr(addr), netip.MustParseAddr(test.from)) != want {
					t.Errorf("%s vouched for by %s is reachable: %t", addr, test.from, !want)
				}
			}
		}
	}
	if Reachable(netip.Addr{}, netip.MustParseAddr("10.0.0.1")) {
		t.Error("no address is reachable")
	}
}

func TestParseEndpoint(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.7": "192.0.2.7:0", "192.0.2.7:80": "192.0.2.7:80", "2001:db8::7": "[2001:db8::7]:0", "[2001:db8::7]:80": "[2001:db8::7]:80",
		"::ffff:192.0.2.7": "192.0.2.7:0", "[::ffff:192.0.2.7]:80": "192.0.2.7:80",
	} {
		if got, err := ParseEndpoint(text); err != nil || got != netip.MustParseAddrPort(want) {
			t.Errorf("%s: %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "host.example", "192.0.2.7:0", "192.0.2.7:", "192.0.2.7:65536", "[2001:db8::7]", "[2001:db8::7]:0", "[192.0.2.7]:80",
		"fe80::7%eth0", "[fe80::7%eth0]:80", "192.0.2.7 ", ":80",
	} {
		if got, err := ParseEndpoint(text); err == nil {
			t.Errorf("%q: %s", text, got)
		}
	}
}
