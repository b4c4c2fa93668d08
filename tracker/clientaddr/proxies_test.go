package clientaddr

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// wide is a network of proxies and of hosts.
var wide = append(prefixes("172.30.0.0/16"), proxies...)

func TestClientOf(t *testing.T) {
	for _, test := range []struct {
		name, peer, header string // "-": there is none
		want               string
	}{
		{"through a proxy", "10.0.0.1:4000", "192.0.2.7", "192.0.2.7:0"},
		{"through a proxy, IPv6", "[2001:db8::1]:4000", "2001:db8::7", "[2001:db8::7]:0"},
		{"past the proxy", "192.0.2.9:4000", "-", "192.0.2.9:4000"},
		{"past the proxy, mapped", "[::ffff:192.0.2.9]:4000", "-", "192.0.2.9:4000"},
		{"through a proxy we were not told of", "192.0.2.9:4000", "192.0.2.7", notTrusted},
		{"a proxy that tells nothing", "10.0.0.1:4000", "-", noClient},
		{"a proxy that names itself", "10.0.0.1:4000", "10.0.0.1", noClient},
		{"mapped", "[::ffff:10.0.0.1]:4000", "::ffff:10.0.0.1", noClient},
		{"a proxy that names another one", "10.0.0.1:4000", "10.0.0.2", noClient},
		{"proxies alone", "10.0.0.1:4000", "10.0.0.2, 10.0.0.1", noClient},
		{"a proxy in a network that names itself", "172.30.69.10:4000", "172.30.69.10", noClient},
		{"a host in a network of proxies", "172.30.69.10:4000", "172.30.65.1", "172.30.65.1:0"},
		{"a host on the machine of proxy and frontend", "127.0.0.1:4000", "127.0.0.1", "127.0.0.1:0"},
		{"likewise by IPv6", "[::1]:4000", "::1", "[::1]:0"},
	} {
		var forwarded []string
		if test.header != "-" {
			forwarded = []string{test.header}
		}
		p := New(wide, slog.New(slog.DiscardHandler))
		client, err := p.ClientOf(netip.MustParseAddrPort(test.peer), forwarded)
		got := client.String()
		if err != nil {
			got = outcome(netip.Addr{}, err)
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestMiddleware(t *testing.T) {
	for _, test := range []struct {
		name, peer, header string
		want               string // RemoteAddr
		left               string // of the header
	}{
		{"through a proxy", "10.0.0.1:4000", "192.0.2.7", "192.0.2.7:0", "-"},
		{"past the proxy", "192.0.2.9:4000", "-", "192.0.2.9:4000", "-"},
		{"on a frontend's machine, and no proxy is there", "127.9.0.1:4000", "-", "127.9.0.1:4000", "-"},
		{"on a proxy's machine, past it", "10.0.0.1:4000", "-", "10.0.0.1:4000", ""},
		{"on a proxy's machine, through it", "10.0.0.1:4000", "10.0.0.1", "10.0.0.1:0", "-"},
		{"no address at all", "@", "192.0.2.7", "@", "-"},
		{"through a proxy we were not told of", "192.0.2.9:4000", "192.0.2.7", notTrusted, "-"},
		{"a proxy that makes no sense", "10.0.0.1:4000", "unknown", noClient, "-"},
		{"a proxy that says nothing", "10.0.0.1:4000", "", noClient, "-"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = test.peer
		if test.header != "-" {
			r.Header.Set("X-Forwarded-For", test.header)
		}
		var got string
		left := "-"
		handler := New(prefixes("10.0.0.1/32"), slog.New(slog.DiscardHandler)).Middleware(
			http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got = r.RemoteAddr
				if lines, ok := r.Header["X-Forwarded-For"]; ok {
					left = strings.Join(lines, ";")
				}
			}),
			func(_ http.ResponseWriter, err error) { got = outcome(netip.Addr{}, err) })
		handler.ServeHTTP(httptest.NewRecorder(), r)
		if got != test.want || left != test.left {
			t.Errorf("%s: %s with the header %q, want %s with %q", test.name, got, left, test.want, test.left)
		}
	}
}

// Whoever is no trusted proxy does not say how its request came.
func TestMiddlewareProto(t *testing.T) {
	for peer, want := range map[string]string{
		"10.0.0.1:4000": "https", "[::ffff:10.0.0.1]:4000": "https", "192.0.2.9:4000": "", "@": "",
	} {
		got := "refused"
		handler := New(proxies, slog.New(slog.DiscardHandler)).Middleware(
			http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Get("X-Forwarded-Proto") }), nil)
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = peer
		r.Header.Set("X-Forwarded-Proto", "https")
		handler.ServeHTTP(httptest.NewRecorder(), r)
		if got != want {
			t.Errorf("from %s: %q is left, want %q", peer, got, want)
		}
	}
}

// Of each kind a line a minute is logged, whatever comes; it names who, and counts the others.
func TestRefusalsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		p := New(proxies, slog.New(slog.NewTextHandler(&log, nil)))
		ask := func(peer string, forwarded ...string) string {
			log.Reset()
			_, _ = p.ClientOf(netip.MustParseAddrPort(peer), forwarded)
			return log.String()
		}
		for _, test := range []struct{ peer, header, line, says string }{
			{"192.0.2.9:4000", "192.0.2.7", "TRUSTED_PROXIES", "address=192.0.2.9 X-Forwarded-For=192.0.2.7 suppressed=0"},
			{"192.0.2.8:4000", "192.0.2.7", "", ""},
			{"10.0.0.1:4000", strings.Repeat("x", 200), "TRUSTED_PROXIES", "address=10.0.0.1 X-Forwarded-For=" + strings.Repeat("x", 100) + " suppressed=0"},
			{"10.0.0.1:4000", "", "", ""},
		} {
			if got := ask(test.peer, test.header); !strings.Contains(got, test.line) || !strings.Contains(got, test.says) || test.line == "" && got != "" {
				t.Errorf("from %s with %q: %q is logged", test.peer, test.header, got)
			}
		}
		time.Sleep(time.Minute)
		for _, peer := range []string{"192.0.2.8:4000", "10.0.0.1:4000"} {
			if got := ask(peer, "unknown"); !strings.Contains(got, "suppressed=1") {
				t.Errorf("a minute later from %s: %q is logged", peer, got)
			}
		}
	})
}
