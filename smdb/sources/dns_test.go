package sources

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/smdb"
)

func TestDNSServers(t *testing.T) {
	for _, tt := range []struct {
		setting string
		want    []string
	}{
		{"10.0.0.53", []string{"10.0.0.53:53"}},
		{"10.0.0.53:5353", []string{"10.0.0.53:5353"}},
		{" ns1 , ns2.example:54", []string{"ns1:53", "ns2.example:54"}},
		{"2001:db8::53", []string{"[2001:db8::53]:53"}},
		{"[2001:db8::53],[::1]:5353", []string{"[2001:db8::53]:53", "[::1]:5353"}},
		{"fe80::1%eth0", []string{"[fe80::1%eth0]:53"}},
	} {
		resolver, err := newResolver(DNSSettings{DNSServers: tt.setting})
		if err != nil || !slices.Equal(resolver.servers, tt.want) {
			t.Errorf("%q: %+v, %v; want %q", tt.setting, resolver, err, tt.want)
		}
	}
	for _, setting := range []string{
		",", "10.0.0.53,", ":53", "ns1:", "ns1:dns", "ns1:0", "ns1:65536", "ns1:-1", "ns1:53:53", "http://ns1", "ns 1", "[::1", "me@ns1", "[]:53",
	} {
		if _, err := newResolver(DNSSettings{DNSServers: setting}); err == nil || !strings.HasPrefix(err.Error(), "DNS_SERVERS: ") {
			t.Errorf("%q: %v", setting, err)
		}
	}
}

func TestResolvConf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	if _, err := readResolvConf(path); err == nil {
		t.Error("a missing file is accepted")
	}
	writeFile(t, path, "search example\n")
	if _, err := readResolvConf(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("no server: %v", err)
	}
	writeFile(t, path, "search example\nnameserver 10.0.0.53\nnameserver ::1\noptions rotate\n")
	servers, err := readResolvConf(path)
	if want := []string{"10.0.0.53:53", "[::1]:53"}; err != nil || !slices.Equal(servers, want) {
		t.Errorf("%q, %v; want %q", servers, err, want)
	}
}

// A setting of the DNS that makes no sense stops the program only if its source
// is used.
func TestDNSSettingsAreNamed(t *testing.T) {
	good := Settings{
		SubnetSettings: SubnetSettings{Subnets: "24,64"},
		DNSSettings:    DNSSettings{DNSServers: "127.0.0.1"},
		DNSTXTSettings: DNSTXTSettings{DNSTXTName: "{reverse}"},
		DNSLOCSettings: DNSLOCSettings{LOCGrid: 100},
	}
	for _, tt := range []struct {
		location, name string
		spoil          func(s *Settings)
	}{
		{"dns-txt", "DNS_SERVERS", func(s *Settings) { s.DNSServers = "ns1:0" }},
		{"dns-loc", "DNS_SERVERS", func(s *Settings) { s.DNSServers = "ns1:0" }},
		{"dns-txt", "DNS_TXT_NAME", func(s *Settings) { s.DNSTXTName = "racks.example" }},
		{"dns-loc", "LOC_GRID", func(s *Settings) { s.LOCGrid = 0 }},
	} {
		s := good
		tt.spoil(&s)
		if _, err := Open(tt.location, &s, smdb.Env{}); err == nil || !strings.HasPrefix(err.Error(), tt.name+": ") {
			t.Errorf("%s without %s: %v", tt.location, tt.name, err)
		}
		if _, err := Open("subnet", &s, smdb.Env{}); err != nil {
			t.Errorf("subnet with a bad %s: %v", tt.name, err)
		}
	}
}

func TestNoHostNameWithoutAddress(t *testing.T) {
	resolver := &resolver{servers: []string{"127.0.0.1:53"}}
	if names, err := resolver.hostNames(t.Context(), netip.Addr{}); kind(err) != errFailure {
		t.Errorf("%q, %v", names, err)
	}
}
