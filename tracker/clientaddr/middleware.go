package clientaddr

import (
	"net/http"
	"net/netip"
)

const (
	forwardedFor   = "X-Forwarded-For"
	forwardedProto = "X-Forwarded-Proto"
)

// Middleware lets the handlers behind it find the client's address in
// RemoteAddr alone.
//
// With proxyPass it sets RemoteAddr as FromForwarded says and removes the
// header, which has had its say. Whoever came through a proxy gets port 0, since
// the header does not tell the client's. X-Forwarded-Proto stays if the peer is a
// trusted proxy.
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
	clientOf := Of(proxyPass, trusted)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err == nil {
			r.RemoteAddr = clientOf(peer, r.Header[forwardedFor]).String()
		}
		if !contains(trusted, plain(peer.Addr())) {
			delete(r.Header, forwardedProto)
		}
		delete(r.Header, forwardedFor)
		next.ServeHTTP(w, r)
	})
}

// Of returns what Middleware sets RemoteAddr to, by the peer of a connection and the
// X-Forwarded-For lines that came over it.
func Of(proxyPass bool, trusted []netip.Prefix) func(peer netip.AddrPort, headers []string) netip.AddrPort {
	return func(peer netip.AddrPort, headers []string) netip.AddrPort {
		if !proxyPass {
			return peer
		}
		return remoteAddr(peer, headers, trusted)
	}
}

func remoteAddr(peer netip.AddrPort, headers []string, trusted []netip.Prefix) netip.AddrPort {
	client := FromForwarded(peer.Addr(), headers, trusted)
	if client == plain(peer.Addr()) {
		return netip.AddrPortFrom(client, peer.Port())
	}
	return netip.AddrPortFrom(client, 0)
}
