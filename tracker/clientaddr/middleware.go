package clientaddr

import (
	"net/http"
	"net/netip"
)

const forwardedFor = "X-Forwarded-For"

// Middleware lets the handlers behind it find the client's address in
// RemoteAddr alone.
//
// With proxyPass it sets RemoteAddr as FromForwarded says and removes the
// header, which has had its say. Whoever came through a proxy gets port 0, since
// the header does not tell the client's.
//
// Without proxyPass the header changes nothing, and is left in the request: a
// request that carries it came through a proxy nobody told us of, and must not
// pass for an operator on this machine because the proxy runs here.
//
// It changes the request in place: a copy for every announce would cost more
// than all else it does.
func Middleware(next http.Handler, proxyPass bool, trusted []netip.Prefix) http.Handler {
	if !proxyPass {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
			r.RemoteAddr = remoteAddr(peer, r.Header[forwardedFor], trusted).String()
		}
		delete(r.Header, forwardedFor)
		next.ServeHTTP(w, r)
	})
}

func remoteAddr(peer netip.AddrPort, headers []string, trusted []netip.Prefix) netip.AddrPort {
	client := FromForwarded(peer.Addr(), headers, trusted)
	if client == plain(peer.Addr()) {
		return netip.AddrPortFrom(client, peer.Port())
	}
	return netip.AddrPortFrom(client, 0)
}
