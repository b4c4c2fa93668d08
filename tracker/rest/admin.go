package rest

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

var (
	errToken       = fault{http.StatusUnauthorized, "unauthorized", "this needs Authorization: Bearer ADMIN_TOKEN"}
	errCrossOrigin = fault{http.StatusForbidden, "forbidden", "a page of another site may not change state"}
	errNotLoopback = fault{http.StatusForbidden, "forbidden", "without ADMIN_TOKEN set, state is changed from loopback only"}
	errProxy       = fault{http.StatusForbidden, "forbidden", "this came through a proxy, or from the address of one: set ADMIN_TOKEN, or PROXYPASS and TRUSTED_PROXIES to the proxies alone"}
	errPageHost    = fault{http.StatusForbidden, "forbidden", "without ADMIN_TOKEN set, a page changes state only if it is at localhost or a loopback address"}
)

// admit refuses a request that may not change state. It must bear ADMIN_TOKEN, or come from this
// machine if no token is set. An operator's browser is on this machine, too, so pages of other sites
// are refused.
func (s *server) admit(r *http.Request) error {
	switch {
	case s.crossOrigin.Check(r) != nil:
		return errCrossOrigin
	case s.opts.AdminToken == "":
		return checkLoopback(r)
	case !bears(r, s.opts.AdminToken):
		return errToken
	}
	return nil
}

// bears compares the token in a time that tells neither its bytes nor its length.
func bears(r *http.Request, token string) bool {
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	got, want := sha256.Sum256([]byte(strings.TrimSpace(given))), sha256.Sum256([]byte(token))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// checkLoopback refuses a request that may come from elsewhere: a proxy on this machine makes its
// clients look like loopback, and a page whose owner points its name at 127.0.0.1 makes requests
// that look like its own site's.
func checkLoopback(r *http.Request) error {
	switch {
	case !fromLoopback(r):
		return errNotLoopback
	case proxied(r):
		return errProxy
	case r.Header.Get("Origin") != "" && !loopbackHost(r.Host):
		return errPageHost
	}
	return nil
}

func fromLoopback(r *http.Request) bool {
	client, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && client.Addr().IsLoopback()
}

// proxied says whether a header of a proxy is there, be it empty. With PROXYPASS the header has been
// removed before, or put in, empty, for a proxy that names nobody.
func proxied(r *http.Request) bool {
	for _, name := range []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip"} {
		if len(r.Header.Values(name)) > 0 {
			return true
		}
	}
	return false
}

// loopbackHost says whether a Host header names this machine as no name in the
// DNS can.
func loopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}
