package sources

import (
	"bytes"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/tracker"
)

const subnets = `
# datacenter 1
10.1.4.0/23	dc1/r17
10.1.4.0/24 dc1/r18 # a part of it
10.1.5.7/32 dc1/lab/r1
10.1.4.0/23 dc1/r17 # again
2001:db8::/32 dc1
2001:db8:1::/48 dc2/r1
10.1.6.0/24   Käfig 3 / A%2F12 	# with a blank
10.1.7.0/24 R#17
`

func TestSubnetsFileLongestPrefixWins(t *testing.T) {
	table, err := parseSubnets([]byte(subnets))
	if err != nil || table.size() != 7 {
		t.Fatal(table, err)
	}
	for ip, want := range map[string]tracker.Location{
		"10.1.4.1":       "dc1/r18",
		"10.1.5.1":       "dc1/r17",
		"10.1.5.7":       "dc1/lab/r1",
		"10.1.6.0":       "K%C3%A4fig%203/A%2F12",
		"10.1.7.0":       "R%2317",
		"10.1.8.0":       "",
		"10.1.3.255":     "",
		"2001:db8:1::7":  "dc2/r1",
		"2001:db8:2::7":  "dc1",
		"2001:db9::1":    "",
		"::ffff:a01:401": "", // the chain asks for 10.1.4.1
	} {
		place, known := table.find(netip.MustParseAddr(ip))
		if place != (tracker.Place{Location: want}) || known != (want != "") {
			t.Errorf("%s: %+v, %v; want %q", ip, place, known, want)
		}
	}
}

func TestSubnetsFileOfEverything(t *testing.T) {
	table, err := parseSubnets([]byte("0.0.0.0/0 rest4\r\n::/0 rest6\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	for ip, want := range map[string]tracker.Location{"10.1.4.1": "rest4", "fe80::1": "rest6"} {
		if place, _ := table.find(netip.MustParseAddr(ip)); place.Location != want {
			t.Errorf("%s: %+v", ip, place)
		}
	}
}

func TestSubnetsFileErrors(t *testing.T) {
	for text, want := range map[string]string{
		"\n10.1.5.0/23 r1\n":                      "line 2: \"10.1.5.0/23\" is no network like 10.1.4.0/23: did you mean 10.1.4.0/23?",
		"2001:db8::1/64 r1\n":                     "line 1: \"2001:db8::1/64\" is no network like 10.1.4.0/23: did you mean 2001:db8::/64?",
		"10.0.0.0/8 r1\n# x\n10.0.0.0/8 dc1/r1\n": "line 3: 10.0.0.0/8 is dc1/r1 here and r1 above",
		"10.0.0.0/33 r1\n":                        "malformed",
		"10.0.0.0 r1\n":                           "malformed",
		"::ffff:10.0.0.0/104 r1\n":                "write it as an IPv4 network",
		"fe80::%eth0/64 r1\n":                     "malformed",
		"10.0.0.0/8\n":                            "must be a network and a path like 10.1.4.0/23 dc1/r17",
		"10.0.0.0/8 # r1\n":                       "must be a network and a path",
		"10.0.0.0/8 r\v1\n":                       `path: group "r\v1" holds a control character`,
		"10.0.0.0/8 a/b/c/d/e\n":                  `path: "a/b/c/d/e" has 5 groups`,
		strings.Repeat("x", 1<<20):                "must be a network and a path like 10.1.4.0/23 dc1/r17",
	} {
		table, err := parseSubnets([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "line ") || len(err.Error()) > 300 {
			t.Errorf("%.80q: %v, %v; want %s", text, table, err, want)
		}
	}
}

// The table finds what a scan of all networks finds.
func TestSubnetsFileLikeAScan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		paths := map[netip.Prefix]tracker.Location{}
		var text bytes.Buffer
		for i := range rapid.IntRange(1, 40).Draw(t, "networks") {
			prefix := drawPrefix(t)
			if _, twice := paths[prefix]; !twice {
				paths[prefix] = tracker.Location(fmt.Sprintf("dc%d/r%d", i%3, i))
			}
			fmt.Fprintln(&text, prefix, paths[prefix])
		}
		table, err := parseSubnets(text.Bytes())
		if err != nil || table.size() != len(paths) {
			t.Fatal(table, err)
		}
		for range 20 {
			ip := drawAddr(t, "host")
			if rapid.Bool().Draw(t, "inside") {
				ip = rapid.SampledFrom(prefixes(paths)).Draw(t, "network").Addr()
			}
			place, known := table.find(ip)
			want, wantKnown := scan(paths, ip)
			if place.Location != want || known != wantKnown {
				t.Fatalf("%s: %v, %v; want %q", ip, place, known, want)
			}
		}
	})
}

// drawPrefix draws networks that often lie in each other.
func drawPrefix(t *rapid.T) netip.Prefix {
	ip := drawAddr(t, "network")
	if rapid.Bool().Draw(t, "common") {
		ip = rapid.SampledFrom([]netip.Addr{hostAddr, netip.MustParseAddr("2001:db8::ff")}).Draw(t, "common network")
	}
	prefix, err := ip.Prefix(rapid.IntRange(0, ip.BitLen()).Draw(t, "bits"))
	if err != nil {
		t.Fatal(err)
	}
	return prefix
}

// prefixes are in a fixed order, so that rapid can shrink.
func prefixes(paths map[netip.Prefix]tracker.Location) []netip.Prefix {
	return slices.SortedFunc(maps.Keys(paths), netip.Prefix.Compare)
}

func scan(paths map[netip.Prefix]tracker.Location, ip netip.Addr) (best tracker.Location, known bool) {
	longest := -1
	for prefix, path := range paths {
		if prefix.Contains(ip) && prefix.Bits() > longest {
			best, longest = path, prefix.Bits()
		}
	}
	return best, longest >= 0
}

// What is accepted can be written down again and says the same.
func FuzzParseSubnets(f *testing.F) {
	f.Add([]byte(subnets))
	f.Add([]byte("10.1.5.0/23 r1\n"))
	f.Add([]byte("0.0.0.0/0 a#b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		parsed, err := parseSubnets(data)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("more than a line: %q", err)
			}
			return
		}
		var again bytes.Buffer
		for prefix, location := range parsed.(*subnetTable).All() {
			if _, err := tracker.ReadLocation(string(location)); err != nil || prefix != prefix.Masked() {
				t.Fatal(prefix, location, err)
			}
			fmt.Fprintln(&again, prefix, location)
		}
		same, err := parseSubnets(again.Bytes())
		if err != nil || !same.(*subnetTable).Equal(&parsed.(*subnetTable).Table) {
			t.Fatalf("%q says something else than %q: %v", again.Bytes(), data, err)
		}
	})
}
