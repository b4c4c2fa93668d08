package sources

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A URL is hidden if it may hold a password or a key, and shown as it is
// otherwise.
func TestURLHides(t *testing.T) {
	for text, secret := range map[URL]bool{
		"":                                    false,
		"http://x":                            false,
		"http://x/a/{ip}":                     false,
		"http://x/?address={ip}":              false,
		"http://me:geheim@x/{ip}":             true,
		"http://geheim@x/{ip}":                true,
		"http://x/?address={ip}&key=geheim":   true,
		"http://x/?address={ip}&geheim;%zz=":  true,
		"http://me:geheim@x?ip={ip}&b=geheim": true,
	} {
		if text.Secret() != secret {
			t.Errorf("%q is secret: %v", string(text), text.Secret())
		}
		shown := text.String()
		if !secret && shown != string(text) || strings.Contains(shown, ":geheim") || strings.Contains(shown, "=geheim") {
			t.Errorf("%q is shown as %q", string(text), shown)
		}
	}
}

// Whatever the address, a server reads it as it was, and nothing else of the URL
// changes.
func TestAddressReadsBack(t *testing.T) {
	template, err := parseURL("http://x/hosts/{ip}/rack?ip={ip}&a=b")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		ip := drawAddr(t, "ip")
		r, err := http.NewRequest(http.MethodGet, withAddress(template, ip), http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		segments := strings.Split(r.URL.Path, "/")
		if len(segments) != 4 || netip.MustParseAddr(segments[2]) != ip || segments[3] != "rack" {
			t.Fatalf("path %s", r.URL.Path)
		}
		want := url.Values{"ip": {ip.String()}, "a": {"b"}}
		if r.URL.Query().Encode() != want.Encode() {
			t.Fatalf("query %s", r.URL.RawQuery)
		}
	})
}
