package sources

import (
	"context"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// fixedNames is a namer that knows the same names for all, separated by commas.
type fixedNames struct {
	names string
	err   error
}

func (f fixedNames) hostNames(context.Context, netip.Addr) ([]string, error) {
	return strings.Split(f.names, ","), f.err
}

func TestPatternOfName(t *testing.T) {
	const racks = `^(?P<dc>[a-z]+)-(?P<rack>r\d+)`
	for _, tt := range []struct {
		pattern, name string
		want          tracker.Place
		err           error
	}{
		{racks, "ams-r17-h3.example.net", tracker.Place{Location: "ams/r17", Hostname: "ams-r17-h3.example.net"}, nil},
		{racks, "ams-r17-h3.example.net", tracker.Place{Location: "ams/r17", Hostname: "ams-r17-h3.example.net"}, nil},
		{racks, "mail.example.net", tracker.Place{}, smdb.ErrNotFound},
		{racks, "x.ams-r17", tracker.Place{}, smdb.ErrNotFound},
		{racks, "", tracker.Place{}, smdb.ErrNotFound},
		{`(?P<rack>r\d+)`, "x.ams-r17", tracker.Place{Location: "r17", Hostname: "x.ams-r17"}, nil},
		{`^(..)(?P<b>.)(?:.)(?P<a>.)`, "vwxyz", tracker.Place{Location: "x/z", Hostname: "vwxyz"}, nil},
		{`^(?P<a>.)(?P<b>.)(?P<c>.)(?P<d>.)`, "vwxyz", tracker.Place{Location: "v/w/x/y", Hostname: "vwxyz"}, nil},
		{`^(?P<dc>\w+)-(?P<rack>r\d+)?`, "ams-web", tracker.Place{}, smdb.ErrInvalid},
		{`(?P<all>.*)`, "0/25.2.0.192.example.net", tracker.Place{Location: "0%2F25.2.0.192.example.net", Hostname: "0/25.2.0.192.example.net"}, nil},
		{racks, "ams-r17-bond,ams-r17-h3,mail", tracker.Place{Location: "ams/r17", Hostname: "ams-r17-bond"}, nil},
		{racks, "ams-r17-h3,ams-r18-h3", tracker.Place{}, smdb.ErrInvalid},
		{racks, "mail,www", tracker.Place{}, smdb.ErrNotFound},
		{`^(?P<rack>r\d*|)-`, "r17-a,-b", tracker.Place{}, smdb.ErrInvalid},
		{`(?P<all>.*)`, strings.Repeat("r", 65), tracker.Place{}, smdb.ErrInvalid},
	} {
		p, err := newPattern(tt.pattern, fixedNames{names: tt.name})
		if err != nil {
			t.Fatal(err)
		}
		place, err := p.Locate(t.Context(), hostAddr)
		if place != tt.want || kind(err) != tt.err {
			t.Errorf("%s of %q: %+v, %v; want %+v, %v", tt.pattern, tt.name, place, err, tt.want, tt.err)
		}
	}
}

// Why there is no name is for the chain to know.
func TestPatternWithoutName(t *testing.T) {
	for _, want := range []error{smdb.ErrNotFound, smdb.ErrInvalid, errFailure} {
		p, err := newPattern(`(?P<rack>.*)`, fixedNames{err: want})
		if err != nil {
			t.Fatal(err)
		}
		if place, err := p.Locate(t.Context(), hostAddr); place != (tracker.Place{}) || kind(err) != want {
			t.Errorf("%+v, %v; want %v", place, err, want)
		}
	}
}

func TestPatternOfAddress(t *testing.T) {
	settings := &Settings{PatternSettings: PatternSettings{
		LocationPattern:   `^(?:10\.|2001:db8:)(?P<dc>\w+)[.:]+(?P<rack>\w+)`,
		LocationPatternOf: "address",
	}}
	chain, err := Open("pattern", settings, smdb.Env{})
	if err != nil {
		t.Fatal(err)
	}
	for ip, want := range map[string]tracker.Location{"10.1.2.3": "1/2", "2001:db8:7::1": "7/1", "192.0.2.1": ""} {
		place, err := chain.Locate(t.Context(), netip.MustParseAddr(ip))
		if place != (tracker.Place{Location: want}) || (kind(err) == nil) != (want != "") {
			t.Errorf("%s: %+v, %v; want %q", ip, place, err, want)
		}
	}
}

// Names are asked for over the network, addresses are not.
func TestPatternIsRemoteIfNamesAreAskedFor(t *testing.T) {
	for of, want := range map[string]bool{"name": true, "address": false} {
		settings := &Settings{PatternSettings: PatternSettings{LocationPattern: `(?P<rack>.*)`, LocationPatternOf: of}}
		for _, k := range settings.kinds() {
			if k.name == "pattern" && k.remote != want {
				t.Errorf("of %s: remote is %v", of, k.remote)
			}
		}
	}
}

func TestPatternSettingsErrors(t *testing.T) {
	for _, tt := range []struct{ pattern, of, want string }{
		{"", "name", "LOCATION_PATTERN: must have 1 to 4 named groups"},
		{`^(..)-(r\d+)`, "name", "LOCATION_PATTERN: must have 1 to 4 named groups like (?P<rack>r[0-9]+), not 0"},
		{`(?P<a>.)(?P<b>.)(?P<c>.)(?P<d>.)(?P<e>.)`, "address", "LOCATION_PATTERN: must have 1 to 4 named groups like (?P<rack>r[0-9]+), not 5"},
		{`(?P<rack>r`, "name", "LOCATION_PATTERN: missing closing ): \"(?P<rack>r\""},
		{"(?P<rack>r\n*", "name", `LOCATION_PATTERN: missing closing ): "(?P<rack>r\n*"`},
		{`(?P<rack>r)`, "hostname", `LOCATION_PATTERN_OF: must be name or address, not "hostname"`},
		{`(?P<rack>r)`, "", "LOCATION_PATTERN_OF: "},
	} {
		_, err := (&Settings{PatternSettings: PatternSettings{LocationPattern: tt.pattern, LocationPatternOf: tt.of}}).openPattern(smdb.Env{})
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%q, %q: %v; want %s", tt.pattern, tt.of, err, tt.want)
		}
	}
}

// Whatever pattern and name there are: a place is a valid one whose groups stand
// in the name.
func FuzzPattern(f *testing.F) {
	f.Add(`^(?P<dc>[a-z]+)-(?P<rack>r\d+)`, "ams-r17-h3.example.net")
	f.Add(`(?P<a>.*)`, "0/25.example.net")
	f.Add(`(?P<a>x?)(?P<b>.)(?P<c>.)(?P<d>.)`, "AMS")
	f.Fuzz(func(t *testing.T, expr, name string) {
		p, err := newPattern(expr, fixedNames{names: name})
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("more than a line: %q", err)
			}
			return
		}
		place, err := p.Locate(t.Context(), hostAddr)
		if err != nil {
			if place != (tracker.Place{}) || kind(err) == errFailure {
				t.Fatalf("%+v, %v", place, err)
			}
			return
		}
		if _, err := tracker.ReadLocation(string(place.Location)); err != nil {
			t.Fatal(err)
		}
		groups := strings.Split(string(place.Location), "/")
		if len(groups) != len(p.groups) {
			t.Fatalf("%s has not %d groups", place.Location, len(p.groups))
		}
		for _, group := range groups {
			if text, err := url.PathUnescape(group); err != nil || !strings.Contains(name, text) {
				t.Fatalf("%s is not in %q", group, name)
			}
		}
	})
}
