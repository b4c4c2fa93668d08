package sources

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

func TestTXTNames(t *testing.T) {
	for _, tt := range []struct{ name, ip, want string }{
		{"{reverse}", "10.1.4.17", "17.4.1.10.in-addr.arpa"},
		{"{reverse}.", "10.1.4.17", "17.4.1.10.in-addr.arpa"},
		{"_rack.{reverse}", "10.1.4.17", "_rack.17.4.1.10.in-addr.arpa"},
		{"{reverse}.racks.example", "10.1.4.17", "17.4.1.10.racks.example"},
		{"{ip}.racks.example", "10.1.4.17", "10-1-4-17.racks.example"},
		{"{ip}.{reverse}", "10.1.4.17", "10-1-4-17.17.4.1.10.in-addr.arpa"},
		{"{ip}.racks.example.", "2001:db8::17", "2001-db8--17.racks.example"},
		{"{reverse}", "2001:db8::17", "7.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"},
		{"{reverse}.racks6.example", "2001:db8::17", "7.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.racks6.example"},
	} {
		name := txtName(strings.TrimSuffix(tt.name, "."))
		got, err := name.of(netip.MustParseAddr(tt.ip))
		if err == nil {
			err = name.check()
		}
		if got != tt.want || err != nil {
			t.Errorf("%s of %s: %q, %v; want %q", tt.name, tt.ip, got, err, tt.want)
		}
	}
}

func TestTXTNameRefuses(t *testing.T) {
	long := strings.Repeat("a", 63)
	for _, name := range []string{
		"", "racks.example", "{REVERSE}", "{host}.example", "{ip}.{host}.example", "{ip}.racks..example", ".{ip}",
		"{ip} .example", "{ip}.exämple", `{ip}\.example`, "{ip}" + long, "{ip}." + long + "a",
		"{reverse}." + long + "." + long + "." + long, "{ip}/24.example",
	} {
		if err := txtName(name).check(); err == nil {
			t.Errorf("%q accepted", name)
		}
	}
}

// No two hosts have one name, and no name is longer than the one that is checked.
func TestTXTNamesAreDistinct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := txtName(rapid.SampledFrom([]string{"{reverse}", "{ip}.example", "{reverse}.example", "x.{ip}.{reverse}"}).Draw(t, "name"))
		one, other := drawAddr(t, "one"), drawAddr(t, "other")
		names := make([]string, 3)
		for i, ip := range []netip.Addr{one, other, longestIP} {
			var err error
			if names[i], err = name.of(ip); err != nil {
				t.Fatal(err)
			}
		}
		if (names[0] == names[1]) != (one == other) || len(names[0]) > len(names[2]) {
			t.Fatalf("%s: %s, %s: %s", one, names[0], other, names[1])
		}
	})
}

var texts = []struct {
	texts []string
	want  tracker.Location
	err   error
}{
	{[]string{"r17"}, "r17", nil},
	{[]string{"dc1/row3/r17"}, "dc1/row3/r17", nil},
	{[]string{"rack=r17"}, "r17", nil},
	{[]string{"RACK=dc1/r17"}, "dc1/r17", nil},
	{[]string{"v=spf1 -all", "r17"}, "r17", nil},
	{[]string{"google-site-verification=abc", "rack=r17", "bought in May"}, "r17", nil},
	{[]string{"printer", "rack=r17"}, "r17", nil},
	{[]string{"rack=r17", "Rack=r17"}, "r17", nil},
	{[]string{"r17", "r17", ""}, "r17", nil},
	{[]string{"r17", "bought in May"}, "r17", nil},
	{[]string{"rack= r17", "Rack = r17 "}, "r17", nil},
	{[]string{"r17.", "r17 ", "r17. ", "rack=r17.", "rack=r17 .", "rack=r17. "}, "r17", nil},
	{[]string{"dc1/r17."}, "dc1/r17", nil},
	{[]string{"r1.7"}, "r1.7", nil},
	{[]string{"."}, "", smdb.ErrInvalid},
	{[]string{"rack=."}, "", smdb.ErrInvalid},
	{[]string{"rack=FA 12"}, "FA%2012", nil},
	{[]string{"rack=DC1:R17/Käfig-3/A%2f12"}, "DC1%3AR17/K%C3%A4fig-3/A%2F12", nil},
	{[]string{"DC1:R17"}, "DC1%3AR17", nil},
	{[]string{"rack=a=b"}, "a%3Db", nil},

	{nil, "", smdb.ErrNotFound},
	{[]string{"v=spf1 -all"}, "", smdb.ErrNotFound},
	{[]string{"racks=r17"}, "", smdb.ErrNotFound},

	{[]string{"rack=r17", "rack=r18"}, "", smdb.ErrInvalid},
	{[]string{"rack=r17", "rack=R17"}, "", smdb.ErrInvalid},
	{[]string{"r17", "r18"}, "", smdb.ErrInvalid},
	{[]string{"rack=r17", "rack=r 18"}, "", smdb.ErrInvalid},
	{[]string{"rack="}, "", smdb.ErrInvalid},
	{[]string{"rack=", "r17"}, "", smdb.ErrInvalid},
	{[]string{""}, "", smdb.ErrInvalid},
	{[]string{"bought in May"}, "", smdb.ErrInvalid},
	{[]string{"FA 12", "v=spf1 -all"}, "", smdb.ErrInvalid},
	{[]string{"dc=dc1 rack=r17"}, "", smdb.ErrInvalid},
	{[]string{"rack=r17", "rack=r17 rack=r17"}, "", smdb.ErrInvalid},
	{[]string{"rack=rack=r17"}, "", smdb.ErrInvalid},
	{[]string{"rack=a/b/c/d/e"}, "", smdb.ErrInvalid},
	{[]string{"dc1//r17"}, "", smdb.ErrInvalid},
	{[]string{"r\xff"}, "", smdb.ErrInvalid},
	{[]string{"rack=r\x00"}, "", smdb.ErrInvalid},
	{[]string{strings.Repeat("r", 65)}, "", smdb.ErrInvalid},
}

func TestParseTXT(t *testing.T) {
	for _, tt := range texts {
		location, err := parseTXT(tt.texts)
		if location != tt.want || kind(err) != tt.err {
			t.Errorf("%q: %q, %v; want %q, %v", tt.texts, location, err, tt.want, tt.err)
		}
	}
}

// What is accepted is a valid location that stands in a text alone or behind
// "rack=", no text behind "rack=" says otherwise, and the order of the texts does
// not matter.
func FuzzParseTXT(f *testing.F) {
	for _, tt := range texts {
		f.Add(strings.Join(tt.texts, "\n"))
	}
	f.Fuzz(func(t *testing.T, lines string) {
		texts := strings.Split(lines, "\n")
		location, err := parseTXT(slices.Clone(texts))
		if err != nil {
			if location != "" || kind(err) == errFailure {
				t.Fatalf("%q with %v", location, err)
			}
		} else if _, err := tracker.ReadLocation(string(location)); err != nil {
			t.Fatal(err)
		}
		said := false
		for _, text := range texts {
			if len(text) < len("rack=") || !strings.EqualFold(text[:len("rack=")], "rack=") {
				plain, _ := tracker.ParseLocation(plainName(text))
				said = said || plain == location
				continue
			}
			said = true
			if named, _ := tracker.ParseLocation(plainName(text[len("rack="):])); err == nil && named != location {
				t.Fatalf("%q is %q, although there is %q", texts, location, text)
			}
			if kind(err) == smdb.ErrNotFound {
				t.Fatalf("%q is not found", text)
			}
		}
		if err == nil && !said && !rackKey.MatchString(lines) {
			t.Fatalf("%q is in no text of %q", location, texts)
		}
		if kind(err) == smdb.ErrNotFound && slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(text, "=") }) {
			t.Fatalf("%q is not found", texts)
		}
		slices.Reverse(texts)
		if again, errAgain := parseTXT(texts); again != location || kind(errAgain) != kind(err) {
			t.Fatalf("%q, %v; turned round %q, %v", location, err, again, errAgain)
		}
	})
}
