package swarm

import (
	"net/netip"
	"testing"
)

// FuzzParseAddrPort holds it against the standard library's.
func FuzzParseAddrPort(f *testing.F) {
	for _, s := range []string{
		"10.0.0.1:6881", "255.255.255.255:65535", "0.0.0.0:0", "[2001:db8::1]:6881", "256.0.0.1:1", "1.2.3.4:65536",
		"01.2.3.4:1", "1.2.3.4:01", "1.2.3:4", "1.2.3.4.5:6", "1.2.3.4:", "1.2.3.4", "", ":", "1:2.3.4", "1.2.3.4:1 ",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseAddrPort(s)
		want, wantErr := netip.ParseAddrPort(s)
		if got != want || (err == nil) != (wantErr == nil) {
			t.Errorf("%q is %v, %v, expected %v, %v", s, got, err, want, wantErr)
		}
	})
}

func BenchmarkParseAddrPort(b *testing.B) {
	for name, parse := range map[string]func(string) (netip.AddrPort, error){
		"ours": parseAddrPort, "netip": netip.ParseAddrPort,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, _ = parse("10.123.45.67:51413")
			}
		})
	}
}
