package clientaddr

import (
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/p2ptracker/p2ptracker/tracker"
)

const (
	forwardedFor   = "X-Forwarded-For"
	forwardedProto = "X-Forwarded-Proto"
)

// Proxies decides who a request comes from.
type Proxies struct {
	trusted []netip.Prefix
	log     *slog.Logger

	strangers, silent tracker.LogLimiter
}

// New returns a Proxies that believes the X-Forwarded-For of the trusted networks.
func New(trusted []netip.Prefix, log *slog.Logger) *Proxies {
	return &Proxies{trusted: trusted, log: log}
}

// ClientOf returns the host that announces or scrapes, by the peer of a connection and the
// X-Forwarded-For lines that came over it. A host that came through a proxy gets port 0, since the
// header does not tell its port. No host is at a proxy's address: a proxy that names nobody, or
// nobody but itself, is tracker.ErrNoClient. Errors are logged here.
func (p *Proxies) ClientOf(peer netip.AddrPort, forwarded []string) (netip.AddrPort, error) {
	client, err := p.find(peer, forwarded)
	if err == nil && len(forwarded) > 0 && p.isProxy(client.Addr(), peer.Addr()) {
		err = tracker.ErrNoClient
	}
	if err != nil {
		p.note(err, peer.Addr(), forwarded)
		return peer, err
	}
	return client, nil
}

func (p *Proxies) find(peer netip.AddrPort, forwarded []string) (netip.AddrPort, error) {
	client, err := fromForwarded(peer.Addr(), forwarded, p.trusted)
	if len(forwarded) == 0 {
		return netip.AddrPortFrom(client, peer.Port()), err
	}
	return netip.AddrPortFrom(client, 0), err
}

// isProxy says whether a client's address is certainly a proxy's: the peer's own, or one that is
// trusted alone. In a trusted network there may be hosts as well. Clients on loopback are on the
// proxy's machine.
func (p *Proxies) isProxy(client, peer netip.Addr) bool {
	if client.IsLoopback() {
		return false
	}
	return client == tracker.PlainAddr(peer) || slices.ContainsFunc(p.trusted, func(p netip.Prefix) bool {
		return p.IsSingleIP() && p.Addr() == client
	})
}

// Middleware sets RemoteAddr to the client's address for the handler behind it, removes the header,
// and refuses requests whose client is not known. It is for people, not for hosts: they may ask from
// a proxy's address without a header. Such a request gets an empty header, since it may come from a
// proxy that names nobody: it must not pass for an operator on our machine. X-Forwarded-Proto stays
// if the peer is a trusted proxy.
//
// It changes the request in place, which costs less than a copy.
func (p *Proxies) Middleware(next http.Handler, refuse func(w http.ResponseWriter, err error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		forwarded := r.Header[forwardedFor]
		delete(r.Header, forwardedFor)
		isTrusted := contains(p.trusted, tracker.PlainAddr(peer.Addr()))
		if !isTrusted {
			delete(r.Header, forwardedProto)
		}
		switch {
		case err != nil: // it has no address
		case isTrusted && len(forwarded) == 0:
			r.Header[forwardedFor] = []string{""}
		default:
			client, err := p.find(peer, forwarded)
			if err != nil {
				p.note(err, peer.Addr(), forwarded)
				refuse(w, err)
				return
			}
			r.RemoteAddr = client.String()
		}
		next.ServeHTTP(w, r)
	})
}

// maxShown is how many bytes of a header are logged.
const maxShown = 100

// note logs a request that is refused: of each kind one a minute, as anybody may send them.
func (p *Proxies) note(err error, peer netip.Addr, forwarded []string) {
	limiter, message := &p.silent, "requests refused: a proxy of TRUSTED_PROXIES does not tell in X-Forwarded-For who the client is"
	if errors.Is(err, tracker.ErrNotTrusted) {
		limiter, message = &p.strangers, "requests refused: X-Forwarded-For from an address that is not in TRUSTED_PROXIES"
	}
	header := strings.Join(forwarded, ", ")
	limiter.Log(p.log, slog.LevelWarn, message, "address", tracker.PlainAddr(peer), forwardedFor, header[:min(len(header), maxShown)])
}
