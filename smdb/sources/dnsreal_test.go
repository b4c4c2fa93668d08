package sources

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// What the sources make of the replies of named and of dnsmasq.

// The squares of two LOC records, 100 metres wide.
const berlin, sydney = "52.519635N_13.404876E", "33.859717S_151.211587E"

// reverseZone has a host, or a mistake, at each number.
const reverseZone = `
17 PTR web17.example.
17 TXT "rack=dc1/r17"
18 PTR WEB18.example.
18 TXT "dc1/r18"
18 TXT "v=spf1 -all"
18 TXT "seen by the electrician"
19 CNAME 19.16/28
20 TXT "rack=dc1/" "r20"
21 PTR web21.example.
22 PTR web22.example.
22 PTR www.example.
23 TXT "rack=r23"
23 TXT "rack=r24"
24 TXT "dc1/r 24"
24 PTR web24.example.
25 TXT "rack=dc1//r25"
25 PTR web25.example.
26 PTR web26.example.
27 PTR gone.example.
28 CNAME 28.192/26
29 CNAME gone.example.
30 CNAME 31
31 CNAME 30
33 TXT "rack= K\195\164fig-3 "
33 TXT "RACK=K\195\164fig-3"
33 PTR web17.example.
33 PTR web18.example.
34 TXT "rack=dc1/A%2F12 \"old\" \\x"
34 PTR web17.example.
34 PTR web19.example.
192/26 NS ns.elsewhere.example.
`

const forwardZone = `
ns A 127.0.0.1
ns.elsewhere A 127.0.0.1
web17 LOC 52 31 12.000 N 13 24 18.000 E 34m
web18 LOC 52 31 12.000 N 13 24 18.000 E 120m 20m 500m 10m
web19 CNAME web19.dc2
web19.dc2 LOC 33 51 35 S 151 12 40 E 5m
web21 A 10.1.4.21
www A 10.1.4.22
web24 LOC 52 31 12 N 13 24 18 E 34m
web24 LOC 33 51 35 S 151 12 40 E 5m
web25 LOC 52 31 12.000 N 13 24 18.000 E 34m
web25 LOC 52 31 12.001 N 13 24 18.001 E 34m
web26 CNAME web26.elsewhere
elsewhere NS ns.elsewhere
`

// delegatedZone is what RFC 2317 delegates: a part of the reverse zone.
const delegatedZone = `
19 PTR web19.example.
19 TXT "rack=dc2/r19"
`

const reverseZone6 = `7.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 TXT "dc1/r17"
`

// largeText is a TXT record set that is too large for UDP.
func largeText(name string) string {
	var zone strings.Builder
	for i := range 20 {
		fmt.Fprintf(&zone, "%s TXT \"key%d=%s\"\n", name, i, strings.Repeat("x", 200))
	}
	fmt.Fprintf(&zone, "%s TXT \"rack=dc1/large\"\n", name)
	return zone.String()
}

func TestNamed(t *testing.T) {
	server := startNamed(t, map[string]string{
		"4.1.10.in-addr.arpa":       reverseZone + largeText("32"),
		"16/28.4.1.10.in-addr.arpa": delegatedZone,
		"example":                   forwardZone,
		"8.b.d.0.1.0.0.2.ip6.arpa":  reverseZone6,
	})
	for _, tt := range []struct {
		source, ip string
		want       tracker.Place
		err        error
	}{
		{"dns-txt", "10.1.4.17", tracker.Place{Location: "dc1/r17"}, nil},
		{"dns-txt", "10.1.4.18", tracker.Place{Location: "dc1/r18"}, nil},
		{"dns-txt", "10.1.4.19", tracker.Place{Location: "dc2/r19"}, nil},
		{"dns-txt", "10.1.4.20", tracker.Place{Location: "dc1/r20"}, nil},
		{"dns-txt", "10.1.4.32", tracker.Place{Location: "dc1/large"}, nil},
		{"dns-txt", "2001:db8::17", tracker.Place{Location: "dc1/r17"}, nil},
		{"dns-txt", "10.1.4.21", tracker.Place{}, smdb.ErrNotFound}, // has other records
		{"dns-txt", "10.1.4.29", tracker.Place{}, smdb.ErrNotFound}, // is an alias of nothing
		{"dns-txt", "10.1.4.99", tracker.Place{}, smdb.ErrNotFound}, // is not there
		{"dns-txt", "10.1.4.33", tracker.Place{Location: "K%C3%A4fig-3"}, nil},
		{"dns-txt", "10.1.4.34", tracker.Place{Location: "dc1/A%2F12%20%22old%22%20%5Cx"}, nil},
		{"dns-txt", "10.1.4.23", tracker.Place{}, smdb.ErrInvalid}, // has two racks
		{"dns-txt", "10.1.4.24", tracker.Place{}, smdb.ErrInvalid}, // has what may be a rack
		{"dns-txt", "10.1.4.25", tracker.Place{}, smdb.ErrInvalid}, // has a malformed rack
		{"dns-txt", "10.1.4.30", tracker.Place{}, errFailure},      // is an alias of itself: SERVFAIL
		{"dns-txt", "10.1.4.28", tracker.Place{}, errFailure},      // is known elsewhere
		{"dns-txt", "10.1.5.17", tracker.Place{}, errFailure},      // is in no zone of this server
		{"dns-loc", "10.1.4.17", tracker.Place{Location: berlin, Hostname: "web17.example"}, nil},
		{"dns-loc", "10.1.4.18", tracker.Place{Location: berlin, Hostname: "web18.example"}, nil},
		{"dns-loc", "10.1.4.19", tracker.Place{Location: sydney, Hostname: "web19.example"}, nil},
		{"dns-loc", "10.1.4.25", tracker.Place{Location: berlin, Hostname: "web25.example"}, nil},
		{"dns-loc", "10.1.4.20", tracker.Place{}, smdb.ErrNotFound},                               // has no name
		{"dns-loc", "10.1.4.21", tracker.Place{}, smdb.ErrNotFound},                               // has no LOC
		{"dns-loc", "10.1.4.27", tracker.Place{}, smdb.ErrNotFound},                               // has a name that is not there
		{"dns-loc", "10.1.4.99", tracker.Place{}, smdb.ErrNotFound},                               // is not there
		{"dns-loc", "10.1.4.33", tracker.Place{Location: berlin, Hostname: "web17.example"}, nil}, // has two names
		{"dns-loc", "10.1.4.22", tracker.Place{}, smdb.ErrNotFound},                               // has two names, without LOC
		{"dns-loc", "10.1.4.34", tracker.Place{}, smdb.ErrInvalid},                                // has names in two places
		{"dns-loc", "10.1.4.24", tracker.Place{}, smdb.ErrInvalid},                                // has two places
		{"dns-loc", "10.1.4.26", tracker.Place{}, errFailure},                                     // has a name that is known elsewhere
	} {
		place, err := openDNS(t, tt.source, server, longTimeout).Locate(t.Context(), netip.MustParseAddr(tt.ip))
		if place != tt.want || kind(err) != tt.err {
			t.Errorf("%s of %s: %+v, %v; want %+v, %v", tt.source, tt.ip, place, err, tt.want, tt.err)
		}
	}
	wantTruncated(t, server)
}

// wantTruncated holds that the large text does not come over UDP.
func wantTruncated(t *testing.T, server string) {
	t.Helper()
	query := new(dns.Msg).SetQuestion("32.4.1.10.in-addr.arpa.", dns.TypeTXT).SetEdns0(dnsUDPSize, false)
	reply, err := exchange(t.Context(), "udp", server, query)
	if err != nil || !reply.Truncated {
		t.Errorf("large text: %v, %v", reply, err)
	}
}

func TestNamedOtherNames(t *testing.T) {
	server := startNamed(t, map[string]string{
		"4.1.10.in-addr.arpa": "17 PTR web17.example.\n",
		"racks.example": `
17.4.1.10 TXT "reversed"
10-1-4-17 TXT "hyphens"
2001-db8--17 TXT "hyphens6"
*.5.1.10 TXT "dc1/row5"
`,
	})
	for _, tt := range []struct {
		name, ip string
		want     tracker.Location
	}{
		{"{reverse}.racks.example", "10.1.4.17", "reversed"},
		{"{reverse}.racks.example.", "10.1.5.200", "dc1/row5"},
		{"{ip}.racks.example", "10.1.4.17", "hyphens"},
		{"{ip}.Racks.example", "2001:db8::17", "hyphens6"},
	} {
		source, err := Open("dns-txt", &Settings{
			DNSSettings: DNSSettings{DNSServers: server}, DNSTXTSettings: DNSTXTSettings{DNSTXTName: tt.name},
		}, smdb.Env{Timeout: longTimeout})
		if err != nil {
			t.Fatal(err)
		}
		place, err := source.Locate(t.Context(), netip.MustParseAddr(tt.ip))
		if err != nil || place.Location != tt.want {
			t.Errorf("%s for %s: %+v, %v; want %s", tt.name, tt.ip, place, err, tt.want)
		}
	}
}

// dnsmasq says that there is nothing without a word of where its zones begin.
func TestDnsmasq(t *testing.T) {
	server := startDnsmasq(t,
		"--local=/in-addr.arpa/", "--local=/example/",
		"--ptr-record=17.4.1.10.in-addr.arpa,web17.example", "--txt-record=17.4.1.10.in-addr.arpa,rack=dc1/r17",
		"--dns-rr=web17.example,29,00:12:16:13:8b:45:02:80:82:e0:5b:d0:00:98:a3:c8",
		"--ptr-record=18.4.1.10.in-addr.arpa,web18.example", "--host-record=web18.example,10.1.4.18",
		"--txt-record=19.4.1.10.in-addr.arpa,"+strings.Repeat("x", 200)+"=,"+strings.Repeat("x", 250),
		"--txt-record=19.4.1.10.in-addr.arpa,rack=dc1/,r19",
	)
	for _, tt := range []struct {
		source string
		host   byte
		want   tracker.Place
		err    error
	}{
		{"dns-txt", 17, tracker.Place{Location: "dc1/r17"}, nil},
		{"dns-txt", 19, tracker.Place{Location: "dc1/r19"}, nil},
		{"dns-txt", 18, tracker.Place{}, smdb.ErrNotFound}, // has other records
		{"dns-txt", 99, tracker.Place{}, smdb.ErrNotFound}, // is not there
		{"dns-loc", 17, tracker.Place{Location: berlin, Hostname: "web17.example"}, nil},
		{"dns-loc", 18, tracker.Place{}, smdb.ErrNotFound},
		{"dns-loc", 99, tracker.Place{}, smdb.ErrNotFound},
	} {
		place, err := openDNS(t, tt.source, server, longTimeout).Locate(t.Context(), hostOf(tt.host))
		if place != tt.want || kind(err) != tt.err {
			t.Errorf("%s of host %d: %+v, %v; want %+v, %v", tt.source, tt.host, place, err, tt.want, tt.err)
		}
	}
}
