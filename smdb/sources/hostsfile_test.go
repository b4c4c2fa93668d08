package sources

import (
	"encoding/csv"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

var threeHosts = hostsTable{
	netip.MustParseAddr("10.1.2.3"):    {Location: "dc1/r17", Hostname: "web1"},
	netip.MustParseAddr("10.1.2.4"):    {Location: "017"},
	netip.MustParseAddr("2001:db8::7"): {Location: "dc1/row3/r17", Hostname: "web7.example.net"},
}

var goodHosts = []struct{ name, text string }{
	{"a.csv", "10.1.2.3,dc1/r17,web1\n10.1.2.4,017\n2001:db8::7,dc1/row3/r17,web7.example.net\n"},
	{"header.csv", "address,path,hostname\n10.1.2.3,dc1/r17,web1\n10.1.2.4,017,\n2001:db8::7,dc1/row3/r17,web7.example.net\n"},
	{"windows.csv", "\ufeffAddress, Path\r\n10.1.2.3 , dc1/r17 , web1\r\n\r\n10.1.2.4,017\r\n\"2001:db8:0::7\",\"dc1/row3/r17\",web7.example.net\r\n"},
	{"twice.CSV", "# hosts\n10.1.2.3,dc1/r17,web1\n::ffff:10.1.2.3,dc1/r17,web1\n10.1.2.4,017\n2001:db8::7,dc1/row3/r17,web7.example.net\n"},
	{"a.yaml", "10.1.2.3: {path: dc1/r17, hostname: web1}\n10.1.2.4: 017\n2001:db8::7:\n  path: dc1/row3/r17\n  hostname: web7.example.net\n"},
	{"a.yml", "---\n# hosts\n\"10.1.2.3\": {\"hostname\": web1, \"path\": 'dc1/r17'} # first\n10.1.2.4: {path: 017, hostname: ~}\n2001:db8::7: {path: dc1/row3/r17, hostname: web7.example.net}\n...\n"},
	{"flow.YAML", `{"10.1.2.3": {"path": "dc1/r17", "hostname": "web1"}, "10.1.2.4": "017", "2001:db8::7": {"path": "dc1/row3/r17", "hostname": "web7.example.net"}}` + "\n"},
	{"twice.yaml", "10.1.2.3: {path: dc1/r17, hostname: web1}\n10.1.2.3: {path: dc1/r17, hostname: web1}\n10.1.2.4: 017\n2001:db8::7: {path: dc1/row3/r17, hostname: web7.example.net}\n"},
}

// Every way to write it says the same.
func TestHostsFile(t *testing.T) {
	for _, tt := range goodHosts {
		path := filepath.Join(t.TempDir(), tt.name)
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		chain, err := Open("file", &Settings{FileSettings: FileSettings{HostsFile: path}}, smdb.Env{Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		for ip, want := range threeHosts {
			if place, err := chain.Locate(t.Context(), ip); err != nil || place != want {
				t.Errorf("%s: %s is %+v, %v; want %+v", tt.name, ip, place, err, want)
			}
		}
		if place, err := chain.Locate(t.Context(), netip.MustParseAddr("10.1.2.5")); kind(err) != smdb.ErrNotFound {
			t.Errorf("%s: %+v, %v", tt.name, place, err)
		}
		chain.Close()
	}
}

var badHosts = []struct{ name, text, want string }{
	{"a.csv", "10.1.2.3,r1\n10.1.2.3,r2\n", "line 2: 10.1.2.3 is r2 here and r1 above"},
	{"a.csv", "10.1.2.3,FA 1,web1\n::ffff:10.1.2.3,FA 2,web1\n", "line 2: 10.1.2.3 is FA 2 here and FA 1 above"},
	{"a.csv", "\n# x\n10.1.2,r1\n", `line 3: "10.1.2" is no address`},
	{"a.csv", "fe80::1%eth0,r1\n", "is no address"},
	{"a.csv", "address,path\naddress,path\n", `line 2: "address" is no address`},
	{"a.csv", "path,address\nr1,10.1.2.3\n", `line 1: "path" is no address`},
	{"a.csv", "10.1.2.3\n", "line 1: must be address,path or address,path,hostname, not 1 fields"},
	{"a.csv", "10.1.2.3,r1,web1,x\n", "not 4 fields"},
	{"a.csv", "10.1.2.3;r1\n", "not 1 fields"},
	{"a.csv", "10.1.2.3,\n", "line 1: there is no path"},
	{"a.csv", "10.1.2.3,dc1/r\x001\n", `path: group "r\x001" holds a control character`},
	{"a.csv", "10.1.2.3,r1,\"a\nb\"\n", `hostname "a\nb"`},
	{"a.csv", "10.1.2.3,r1,a\xff\n", `hostname "a\xff"`},
	{"a.csv", "10.1.2.3,r1\n10.1.2.4,\"r2\n", "line 2: extraneous or missing"},
	{"a.csv", "10.1.2.3,r\"1\n", "line 1: bare"},
	{"a.csv", "address,path\n", "no location is in it"},
	{"a.csv", "10.1.2.3,r1\n10.1.2.4,r1", "line 2: no newline at its end"},
	{"a.yaml", "10.1.2.3: r1\n10.1.2.3: r2\n", "line 2: 10.1.2.3 is r2 here and r1 above"},
	{"a.yaml", "10.1.2.3: r1\n10.1.2.4: r1: x\n", "line 2: mapping values are not allowed"},
	{"a.yaml", "10.1.2.3: {path: r1\n", "line 2: did not find expected"},
	{"a.yaml", "- 10.1.2.3\n", "line 1: must be a mapping"},
	{"a.yaml", "r1\n", "line 1: must be a mapping"},
	{"a.yaml", "10.1.2.3:\n10.1.2.4: r1\n", "line 1: there is no path"},
	{"a.yaml", "10.1.2.3: ~\n", "line 1: there is no path"},
	{"a.yaml", "10.1.2.3: [r1]\n", "line 1: path: must be a word"},
	{"a.yaml", "? [10.1.2.3]\n: r1\n", "line 1: address: must be a word"},
	{"a.yaml", "10.1.2.3: &rack r1\n10.1.2.4: *rack\n", "line 2: path: must be a word"},
	{"a.yaml", "10.1.2.3:\n  hostname: web1\n", "line 1: there is no path"},
	{"a.yaml", "10.1.2.3: {path: r1, path: r2}\n", `line 1: may hold path and hostname once each, not "path"`},
	{"a.yaml", "10.1.2.3: {path: r1, Hostname: web1}\n", `not "Hostname"`},
	{"a.yaml", "10.1.2.3: {path: {a: b}}\n", "line 1: path: must be a word"},
	{"a.yaml", "10.1.2.3: \"r\\n1\"\n", `path: group "r\n1" holds a control character`},
	{"a.yaml", "web1: r1\n", `"web1" is no address`},
	{"a.yaml", "<<: r1\n", `"<<" is no address`},
	{"a.yaml", "10.1.2.3: r1\n---\n10.1.2.4: r2\n", "expected single document"},
	{"a.yaml", "# nothing\n", "no documents"},
	{"a.yaml", "{}\n", "no location is in it"},
	{"a.yaml", "10.1.2.3: r1\n10.1.2.4: dc1/r1", "line 2: no newline at its end"},
	{"a.yaml", strings.Repeat("[", 20000) + "\n", "line 1: exceeded max depth"},
}

func TestHostsFileErrors(t *testing.T) {
	for _, tt := range badHosts {
		path := filepath.Join(t.TempDir(), tt.name)
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open("file", &Settings{FileSettings: FileSettings{HostsFile: path}}, smdb.Env{Log: slog.New(slog.DiscardHandler)})
		if err == nil || !strings.HasPrefix(err.Error(), "HOSTS_FILE: "+path+": ") ||
			!strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.80q: %v; want %s", tt.text, err, tt.want)
		}
	}
	for _, path := range []string{"", "/etc/hosts", "/does/not/exist.csv", "hosts.json"} {
		_, err := Open("file", &Settings{FileSettings: FileSettings{HostsFile: path}}, smdb.Env{})
		if err == nil || !strings.HasPrefix(err.Error(), "HOSTS_FILE: ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestHostsFileOf100000(t *testing.T) {
	for name, text := range map[string]string{"hosts.csv": manyHosts("%s,dc1/r%d\n"), "hosts.yaml": manyHosts("%s: dc1/r%d\n")} {
		parse, err := hostsParser(name)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parse([]byte(text))
		if err != nil || parsed.size() != 100_000 {
			t.Fatal(name, err)
		}
		if place, _ := parsed.find(netip.MustParseAddr("10.1.134.159")); place.Location != "dc1/r2499" {
			t.Errorf("%s: %+v", name, place)
		}
	}
}

// manyHosts are 100,000 hosts in racks of 40, from 10.0.0.0 to 10.1.134.159.
func manyHosts(format string) string {
	var text strings.Builder
	ip := netip.MustParseAddr("10.0.0.0")
	for i := range 100_000 {
		fmt.Fprintf(&text, format, ip, i/40)
		ip = ip.Next()
	}
	return text.String()
}

// Reads a file of 100,000 hosts; a bench of lookups would only measure a map.
func BenchmarkHostsFile(b *testing.B) {
	for name, text := range map[string]string{"hosts.csv": manyHosts("%s,dc1/r%d\n"), "hosts.yaml": manyHosts("%s: dc1/r%d\n")} {
		parse, err := hostsParser(name)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := parse([]byte(text)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func FuzzParseHostsCSV(f *testing.F) { fuzzHosts(f, parseHostsCSV, ".csv") }

func FuzzParseHostsYAML(f *testing.F) { fuzzHosts(f, parseHostsYAML, ".yaml") }

// What is accepted is valid, and says the same when it is written down in CSV.
func fuzzHosts(f *testing.F, parse func([]byte) (table, error), suffix string) {
	for _, tt := range goodHosts {
		f.Add([]byte(tt.text))
	}
	for _, tt := range badHosts {
		if strings.HasSuffix(tt.name, suffix) && len(tt.text) < 1000 {
			f.Add([]byte(tt.text))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		parsed, err := parse(data)
		if err != nil {
			if parsed != nil || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%v, %q", parsed, err)
			}
			return
		}
		var text strings.Builder
		w := csv.NewWriter(&text)
		hosts := parsed.(hostsTable)
		for _, ip := range slices.SortedFunc(maps.Keys(hosts), netip.Addr.Compare) {
			place := hosts[ip]
			if _, err := tracker.ReadLocation(string(place.Location)); err != nil || ip != tracker.PlainAddr(ip) {
				t.Fatal(ip, place, err)
			}
			w.Write([]string{ip.String(), place.Location.String(), place.Hostname})
		}
		w.Flush()
		again, err := parseHostsCSV([]byte(text.String()))
		if err != nil || !maps.Equal(again.(hostsTable), hosts) {
			t.Fatalf("%v of %q, %v of %q: %v", parsed, data, again, text.String(), err)
		}
	})
}
