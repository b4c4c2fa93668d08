package clientaddr_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/p2ptracker/p2ptracker/tracker/clientaddr"
)

func TestMiddleware(t *testing.T) {
	tests := []struct {
		name       string
		proxyPass  bool
		remoteAddr string
		header     string
		want       string
		headerLeft bool
	}{
		{"through a proxy", true, "10.0.0.1:4000", "192.0.2.7", "192.0.2.7:0", false},
		{"through a proxy, IPv6", true, "[2001:db8::1]:4000", "2001:db8::7", "[2001:db8::7]:0", false},
		{"past the proxy", true, "192.0.2.9:4000", "192.0.2.7", "192.0.2.9:4000", false},
		{"through a proxy that tells nothing", true, "10.0.0.1:4000", "", "10.0.0.1:4000", false},
		{"mapped", true, "[::ffff:192.0.2.9]:4000", "", "192.0.2.9:4000", false},
		{"no address at all", true, "@", "192.0.2.7", "@", false},
		{"PROXYPASS off", false, "10.0.0.1:4000", "192.0.2.7", "10.0.0.1:4000", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got *http.Request
			handler := clientaddr.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got = r
			}), test.proxyPass, proxies)

			r := httptest.NewRequest(http.MethodGet, "/announce", nil)
			r.RemoteAddr = test.remoteAddr
			if test.header != "" {
				r.Header.Set("X-Forwarded-For", test.header)
			}
			handler.ServeHTTP(httptest.NewRecorder(), r)

			if got.RemoteAddr != test.want {
				t.Errorf("RemoteAddr is %q, want %q", got.RemoteAddr, test.want)
			}
			if left := got.Header.Get("X-Forwarded-For") != ""; left != test.headerLeft {
				t.Errorf("the header is left in the request: %t, want %t", left, test.headerLeft)
			}
		})
	}
}

// Whoever is no trusted proxy does not say how its request came.
func TestMiddlewareProto(t *testing.T) {
	for peer, want := range map[string]string{
		"10.0.0.1:4000": "https", "[::ffff:10.0.0.1]:4000": "https", "192.0.2.9:4000": "", "@": "",
	} {
		var got string
		handler := clientaddr.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got = r.Header.Get("X-Forwarded-Proto")
		}), true, proxies)
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = peer
		r.Header.Set("X-Forwarded-Proto", "https")
		handler.ServeHTTP(httptest.NewRecorder(), r)
		if got != want {
			t.Errorf("from %s: %q is left, want %q", peer, got, want)
		}
	}
}
