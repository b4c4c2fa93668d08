package clientaddr

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// proxies are what an operator sets: the addresses of the proxies alone.
var proxies = prefixes("10.0.0.1/32", "10.0.0.2/32", "2001:db8::1/128", "127.0.0.0/8", "::1/128")

// private is what no operator should set: the clients are trusted as well.
var private = prefixes("127.0.0.0/8", "::1/128", "10.0.0.0/8", "fc00::/7")

func prefixes(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// What becomes of a request whose client is not known.
const (
	notTrusted = "not trusted"
	noClient   = "no client"
)

func outcome(client netip.Addr, err error) string {
	switch {
	case errors.Is(err, tracker.ErrNotTrusted):
		return notTrusted
	case errors.Is(err, tracker.ErrNoClient):
		return noClient
	}
	return client.String()
}

func TestFromForwarded(t *testing.T) {
	tests := []struct {
		name    string
		peer    string
		headers []string
		trusted []netip.Prefix
		want    string // an address, or one of these
	}{
		{"no header", "10.0.0.1", nil, proxies, noClient},
		{"one proxy", "10.0.0.1", []string{"192.0.2.7"}, proxies, "192.0.2.7"},
		{"nobody is trusted", "10.0.0.1", []string{"192.0.2.7"}, nil, notTrusted},
		{"a stranger's header", "192.0.2.9", []string{"192.0.2.7"}, proxies, notTrusted},
		{"two proxies", "10.0.0.1", []string{"192.0.2.7, 10.0.0.2"}, proxies, "192.0.2.7"},
		{"spoofed element left of the client", "10.0.0.1", []string{"198.51.100.1, 192.0.2.7"}, proxies, "192.0.2.7"},
		{"spoofed proxy left of the client", "10.0.0.1", []string{"10.0.0.2, 192.0.2.7"}, proxies, "192.0.2.7"},
		{"lines count in order", "10.0.0.1", []string{"198.51.100.1", "192.0.2.7", "10.0.0.2"}, proxies, "192.0.2.7"},
		{"spoofed line above the proxy's", "10.0.0.1", []string{"198.51.100.1,10.0.0.2", "192.0.2.7"}, proxies, "192.0.2.7"},
		{"all trusted: the left-most", "10.0.0.1", []string{"10.1.1.1, 10.2.2.2"}, private, "10.1.1.1"},
		{"a client of a private network spoofs another", "10.0.0.1", []string{"10.9.9.9, 10.1.1.1"}, private, "10.9.9.9"},
		{"which the proxies alone as trusted prevent", "10.0.0.1", []string{"10.9.9.9, 10.1.1.1"}, proxies, "10.1.1.1"},
		{"garbage ends the walk", "10.0.0.1", []string{"192.0.2.7, unknown, 10.0.0.2"}, proxies, noClient},
		{"nothing but garbage", "10.0.0.1", []string{"unknown"}, proxies, noClient},
		{"an empty line", "10.0.0.1", []string{""}, proxies, noClient},
		{"an empty element", "10.0.0.1", []string{"192.0.2.7,,10.0.0.2"}, proxies, noClient},
		{"garbage left of the client is not reached", "10.0.0.1", []string{"_x, 192.0.2.7"}, proxies, "192.0.2.7"},
		{"spaces and tabs", "10.0.0.1", []string{" \t192.0.2.7\t , 10.0.0.2 "}, proxies, "192.0.2.7"},
		{"IPv6", "2001:db8::1", []string{"2001:db8::7"}, proxies, "2001:db8::7"},
		{"IPv6 in brackets", "10.0.0.1", []string{"[2001:db8::7]"}, proxies, "2001:db8::7"},
		{"IPv6 with a port", "10.0.0.1", []string{"[2001:db8::7]:8080"}, proxies, "2001:db8::7"},
		{"IPv4 with a port", "10.0.0.1", []string{"192.0.2.7:8080"}, proxies, "192.0.2.7"},
		{"IPv4 in brackets", "10.0.0.1", []string{"[192.0.2.7]"}, proxies, noClient},
		{"port too large", "10.0.0.1", []string{"192.0.2.7:70000"}, proxies, noClient},
		{"a zone", "10.0.0.1", []string{"fe80::7%eth0"}, proxies, noClient},
		{"no header past the proxy", "192.0.2.9", nil, proxies, "192.0.2.9"},
		{"an empty header past the proxy", "192.0.2.9", []string{""}, proxies, notTrusted},
		{"an empty last line", "10.0.0.1", []string{"192.0.2.7", ""}, proxies, noClient},
		{"an empty last element", "10.0.0.1", []string{"192.0.2.7,"}, proxies, noClient},
		{"an empty first element", "10.0.0.1", []string{",192.0.2.7"}, proxies, "192.0.2.7"},
		{"unspecified", "10.0.0.1", []string{"0.0.0.0"}, proxies, noClient},
		{"unspecified IPv6", "10.0.0.1", []string{"::"}, proxies, noClient},
		{"mapped and unspecified", "10.0.0.1", []string{"::ffff:0.0.0.0"}, proxies, noClient},
		{"this network", "10.0.0.1", []string{"0.1.2.3"}, proxies, noClient},
		{"multicast", "10.0.0.1", []string{"224.0.0.1"}, proxies, noClient},
		{"mapped multicast", "10.0.0.1", []string{"::ffff:239.1.2.3"}, proxies, noClient},
		{"multicast IPv6", "10.0.0.1", []string{"ff02::1"}, proxies, noClient},
		{"broadcast", "10.0.0.1", []string{"255.255.255.255"}, proxies, noClient},
		{"reserved", "10.0.0.1", []string{"240.0.0.1"}, proxies, noClient},
		{"IPv4 in an old form", "10.0.0.1", []string{"::192.0.2.7"}, proxies, noClient},
		{"discarded", "10.0.0.1", []string{"100::1"}, proxies, noClient},
		{"another machine's link", "10.0.0.1", []string{"169.254.1.1"}, proxies, noClient},
		{"another machine's link, IPv6", "10.0.0.1", []string{"fe80::7"}, proxies, noClient},
		{"a loopback proxy's link", "127.0.0.1", []string{"169.254.1.1"}, proxies, noClient},
		{"a link that proxy and client share", "fe80::1%eth0", []string{"fe80::7"}, prefixes("fe80::/10"), "fe80::7"},
		{"an IPv6 client on this machine", "127.0.0.1", []string{"::1"}, prefixes("127.0.0.1/32"), "::1"},
		{"a host name", "10.0.0.1", []string{"web1.example"}, proxies, noClient},
		{"an obfuscated name", "10.0.0.1", []string{"_hidden"}, proxies, noClient},
		{"parameters of Forwarded", "10.0.0.1", []string{"for=192.0.2.7"}, proxies, noClient},
		{"quoted", "10.0.0.1", []string{`"192.0.2.7"`}, proxies, noClient},
		{"IPv4 with leading zeros", "10.0.0.1", []string{"192.0.02.7"}, proxies, noClient},
		{"the peer's zone is dropped", "fe80::7%eth0", nil, proxies, "fe80::7"},
		{"mapped client", "10.0.0.1", []string{"::ffff:192.0.2.7"}, proxies, "192.0.2.7"},
		{"mapped proxy", "::ffff:10.0.0.1", []string{"192.0.2.7, [::ffff:10.0.0.2]:1"}, proxies, "192.0.2.7"},
		{"a client on this machine", "127.0.0.1", []string{"127.0.0.1"}, proxies, "127.0.0.1"},
		{"two proxies on this machine", "::1", []string{"127.0.0.3, 127.0.0.2"}, proxies, "127.0.0.3"},
		{"a private client spoofs loopback", "127.0.0.1", []string{"127.0.0.1, 10.1.1.1"}, private, noClient},
		{"another machine's loopback", "10.0.0.1", []string{"127.0.0.1"}, private, noClient},
		{"another machine's mapped loopback", "10.0.0.1", []string{"::ffff:127.0.0.1"}, private, noClient},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := outcome(fromForwarded(netip.MustParseAddr(test.peer), test.headers, test.trusted))
			if got != test.want {
				t.Errorf("fromForwarded(%s, %q) = %s, want %s", test.peer, test.headers, got, test.want)
			}
		})
	}
}

func FuzzFromForwarded(f *testing.F) {
	for _, lines := range []string{
		"", ",", "192.0.2.7", "192.0.2.7, 10.0.0.2", "192.0.2.7\n10.0.0.2", "10.0.0.1,10.0.0.1\n\n127.0.0.1",
		"unknown, 10.0.0.2", "[2001:db8::7]:80,[::1]", "::ffff:127.0.0.1", "192.0.2.7:80", "fe80::1%eth0,127.0.0.1", "0.0.0.0", "ff02::1,10.0.0.2",
	} {
		f.Add("10.0.0.1", lines)
		f.Add("192.0.2.9", lines)
		f.Add("::ffff:127.0.0.1", lines)
	}
	f.Fuzz(func(t *testing.T, peerText, lines string) {
		peer, err := netip.ParseAddr(peerText)
		if err != nil {
			return
		}
		headers := strings.Split(lines, "\n")
		for _, trusted := range [][]netip.Prefix{nil, proxies, private} {
			got := outcome(fromForwarded(peer, headers, trusted))
			if want := naiveFromForwarded(peer, headers, trusted); got != want {
				t.Errorf("fromForwarded(%s, %q, %v) = %s, a naive one says %s", peer, headers, trusted, got, want)
			}
		}
	})
}
