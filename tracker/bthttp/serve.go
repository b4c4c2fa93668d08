// Package bthttp answers announces and scrapes over HTTP (BEP 3, 7, 21, 23, 24,
// 31, 48). It knows the wire and nothing of swarms: bytes come in, a Tracker is
// asked, bytes go out.
package bthttp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

const errScrapeAll = tracker.ClientError("scrape must name an info_hash")

// Announcer decides what clients are answered; *tracker.Tracker is one. Any
// number of goroutines ask it at once. It returns by the context's deadline, and
// its errors are for tracker.FailureOf.
type Announcer interface {
	Announce(ctx context.Context, req tracker.AnnounceRequest) (tracker.AnnounceResponse, error)
	// Scrape leaves out what it does not know. No hashes means all transfers.
	Scrape(ctx context.Context, hashes []tracker.InfoHash) ([]tracker.ScrapeEntry, error)
}

// Options are what an operator sets.
type Options struct {
	TrustIPParam []netip.Prefix // TRUST_IP_PARAM: who may name addresses with ip, ipv4 and ipv6
	Timeout      time.Duration  // deadline of an announce or a scrape; more than zero
	ScrapeAll    bool           // answer a scrape that names no info hash with every transfer
}

// server has the routes. It is no http.ServeMux, which redirects what it finds
// untidy: not every client follows, and each has its path from a torrent file
// that nobody can mend.
type server struct {
	tracker Announcer
	opts    Options
	log     *slog.Logger
}

// New serves GET /announce and /scrape, both also with a trailing slash. The
// client's address is the request's RemoteAddr, which package clientaddr puts
// right behind proxies.
func New(t Announcer, opts Options, log *slog.Logger) http.Handler {
	return &server{tracker: t, opts: opts, log: log}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var handle func(context.Context, http.ResponseWriter, *http.Request)
	switch r.URL.Path {
	case "/announce", "/announce/":
		handle = s.announce
	case "/scrape", "/scrape/":
		handle = s.scrape
	default:
		s.refuse(w, r, http.StatusNotFound)
		return
	}
	// HEAD is refused too: a host would be recorded and never see its peers.
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		s.refuse(w, r, http.StatusMethodNotAllowed)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.opts.Timeout)
	defer cancel()
	handle(ctx, w, r)
}

func (s *server) announce(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	req, resp, err := s.answer(ctx, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	// The hash costs memory, so it is not named in vain.
	if resp.Warning != "" && s.log.Enabled(ctx, slog.LevelDebug) {
		s.logAt(r, slog.LevelDebug, "announce answered with a warning", "hash", req.InfoHash, "warning", resp.Warning)
	}
	write(w, func(dst []byte) []byte { return AppendAnnounce(dst, req, resp) })
}

func (s *server) answer(ctx context.Context, r *http.Request) (
	req tracker.AnnounceRequest, resp tracker.AnnounceResponse, err error,
) {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return req, resp, fmt.Errorf("client's address: %w", err)
	}
	client := tracker.PlainAddr(remote.Addr())
	trusted := slices.ContainsFunc(s.opts.TrustIPParam, func(p netip.Prefix) bool { return p.Contains(client) })
	if req, err = ParseAnnounce(r.URL.RawQuery, client, trusted); err != nil {
		return req, resp, err
	}
	resp, err = s.tracker.Announce(ctx, req)
	return req, resp, err
}

func (s *server) scrape(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	hashes, err := ParseScrape(r.URL.RawQuery)
	if err == nil && len(hashes) == 0 && !s.opts.ScrapeAll {
		err = errScrapeAll
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	entries, err := s.tracker.Scrape(ctx, hashes)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	write(w, func(dst []byte) []byte { return AppendScrape(dst, entries) })
}

// refuse answers what is no request of a BitTorrent client.
func (s *server) refuse(w http.ResponseWriter, r *http.Request, status int) {
	s.logAt(r, slog.LevelDebug, "request refused", "method", r.Method, "path", r.URL.Path, "status", status)
	http.Error(w, http.StatusText(status), status)
}

// fail answers with a failure reason, and status 200: libtorrent and transmission
// drop the body of any other.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	s.logFailure(r, err)
	write(w, func(dst []byte) []byte { return AppendFailure(dst, tracker.FailureOf(err)) })
}

// logFailure is the one place where errors of requests are logged. A request's
// own fault concerns whoever debugs it only. A store or a location source that is
// away is logged where it goes and comes back, and not for every request in
// between.
func (s *server) logFailure(r *http.Request, err error) {
	level := slog.LevelError
	var fault tracker.ClientError
	switch {
	case errors.As(err, &fault), errors.Is(err, tracker.ErrUnavailable), errors.Is(err, tracker.ErrLocationUnknown),
		errors.Is(err, context.Canceled): // the client went away
		level = slog.LevelDebug
	}
	s.logAt(r, level, "request failed", "path", r.URL.Path, "error", err)
}

// logAt logs about a request and names its client, if lines of this level are
// wanted.
func (s *server) logAt(r *http.Request, level slog.Level, message string, args ...any) {
	if s.log.Enabled(r.Context(), level) {
		s.log.Log(r.Context(), level, message, append(args, "client", tracker.ClientName(r.RemoteAddr))...)
	}
}

// maxPooled is the largest buffer that is kept: a rare scrape of everything
// should not hold its memory for ever.
const maxPooled = 64 << 10

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// write sends a bencoded reply in one piece with its length, so that it is never
// chunked.
func write(w http.ResponseWriter, appendReply func([]byte) []byte) {
	buffer := buffers.Get().(*[]byte)
	body := appendReply((*buffer)[:0])
	header := w.Header()
	header.Set("Content-Type", "text/plain")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // fails only if the client went away: nobody is left to tell
	if cap(body) <= maxPooled {
		*buffer = body
		buffers.Put(buffer)
	}
}
