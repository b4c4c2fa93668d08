package bthttp

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// ServeHTTP answers what comes through net/http. An http.ServeMux would redirect untidy paths,
// and not every client follows.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !isOurs(r.URL.Path) {
		s.refuse(w, r, http.StatusNotFound)
		return
	}
	// HEAD is refused too: a host would be recorded and never see its peers.
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		s.refuse(w, r, http.StatusMethodNotAllowed)
		return
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		unknown := request{path: r.URL.Path}
		write(w, func(dst []byte) []byte { return s.appendFailure(dst, unknown, fmt.Errorf("peer's address: %w", err)) })
		return
	}
	asked := s.requestOf(r.URL.Path, r.URL.RawQuery, peer, r.Header["X-Forwarded-For"])
	if h, ours := r.Context().Value(connKey{}).(*delegatedConn); ours {
		asked.waiter = h
	}
	if reclaim(w, r, asked) {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.opts.Timeout)
	defer cancel()
	write(w, func(dst []byte) []byte { return s.appendAnswer(ctx, dst, asked) })
}

// refuse answers what is no request of a BitTorrent client.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int) {
	s.log.Debug("request refused", "method", r.Method, "path", r.URL.Path, "status", status, "client", tracker.ClientName(r.RemoteAddr))
	http.Error(w, http.StatusText(status), status)
}

// write sends a bencoded reply in one piece with its length, so that it is never
// chunked. Its status is 200 even if it is a failure: libtorrent and transmission drop the
// body of any other.
func write(w http.ResponseWriter, appendReply func([]byte) []byte) {
	m := scratches.Get().(*scratch)
	defer m.free()
	m.body = appendReply(m.body[:0])
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(m.body)))
	_, _ = w.Write(m.body) // fails only if the client went away: nobody is left to tell
}
