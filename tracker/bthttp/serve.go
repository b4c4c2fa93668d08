// Package bthttp answers announces and scrapes over HTTP (BEP 3, 7, 21, 23, 24,
// 31, 48). It knows the wire and nothing of swarms: bytes come in, a Tracker is
// asked, bytes go out.
//
// There are two ways in, with one meaning. A Listener answers by itself what clients and
// proxies send nearly always, a plain GET that came in one piece, and hands every other
// connection to net/http, behind which a Server is a handler. docs/http-server.md has the
// reasons and the figures.
package bthttp

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/p2ptracker/p2ptracker/internal/seldom"
	"github.com/p2ptracker/p2ptracker/tracker"
)

const errScrapeAll = tracker.ClientError("scrape must name an info_hash")

// Announcer decides what clients are answered; *tracker.Tracker is one. Any
// number of goroutines ask it at once. It returns by the context's deadline, and
// its errors are for tracker.FailureOf. It may keep what it is asked.
type Announcer interface {
	Announce(ctx context.Context, req tracker.AnnounceRequest) (tracker.AnnounceResponse, error)
	// Scrape leaves out what it does not know. No hashes means all transfers.
	Scrape(ctx context.Context, hashes []tracker.InfoHash) ([]tracker.ScrapeEntry, error)
}

// ClientOf says who the client is that a peer sent X-Forwarded-For lines for; see package
// clientaddr. It must not keep the lines. Its errors are for tracker.FailureOf.
type ClientOf func(peer netip.AddrPort, forwarded []string) (netip.AddrPort, error)

// Options are what an operator sets.
type Options struct {
	ClientOf     ClientOf              // nil: the peer is the client
	TrustIPParam []netip.Prefix        // TRUST_IP_PARAM: who may name addresses with ip, ipv4 and ipv6
	Timeout      time.Duration         // deadline of an announce or a scrape; more than zero
	ScrapeAll    bool                  // answer a scrape that names no info hash with every transfer
	MaxPending   int                   // announces and scrapes under way at once; 0: no bound
	Metrics      prometheus.Registerer // where the counters go, if anywhere
}

// Server answers announces and scrapes.
type Server struct {
	tracker Announcer
	opts    Options
	metrics metrics
	log     *slog.Logger
	pending atomic.Int64 // requests that the tracker is asked about
	failure seldom.Line  // of requests that failed for a reason that nobody foresaw
}

// New returns a Server. It serves GET /announce and /scrape, both also with a trailing
// slash.
func New(t Announcer, opts Options, log *slog.Logger) *Server {
	if opts.ClientOf == nil {
		opts.ClientOf = func(peer netip.AddrPort, _ []string) (netip.AddrPort, error) { return peer, nil }
	}
	return &Server{tracker: t, opts: opts, metrics: newMetrics(opts.Metrics), log: log}
}

// request is one that is to be answered, by whichever way it came in. Its strings are of
// memory that is used again as soon as it is answered.
type request struct {
	path   string // that isOurs
	query  string // raw
	client netip.AddrPort
	fault  error          // what is wrong with its client, if anything
	waiter tracker.Waiter // may be nil
}

// requestOf finds out who the client is.
func (s *Server) requestOf(path, query string, peer netip.AddrPort, forwarded []string) request {
	client, err := s.opts.ClientOf(peer, forwarded)
	return request{path: path, query: query, client: client, fault: err}
}

// The paths that are answered. Each client has its own from a torrent file that nobody can
// mend.
const (
	pathAnnounce = "/announce"
	pathScrape   = "/scrape"
)

// isOurs says whether a path is one of ours, perhaps with a slash behind it.
func isOurs(path string) bool {
	path = strings.TrimSuffix(path, "/")
	return path == pathAnnounce || path == pathScrape
}

// appendAnswer appends the bencoded reply to a request. A failure is one, too.
func (s *Server) appendAnswer(ctx context.Context, dst []byte, r request) []byte {
	switch {
	case r.fault != nil:
		return s.appendFailure(dst, r, r.fault)
	case !s.admit():
		return s.appendFailure(dst, r, tracker.ErrBusy)
	}
	defer s.pending.Add(-1)
	if strings.HasPrefix(r.path, pathScrape) {
		return s.scrape(ctx, dst, r)
	}
	return s.announce(ctx, dst, r)
}

// admit counts a request, unless too many are under way. What is beyond the bound costs
// neither a look for a host's location nor a call of the store.
func (s *Server) admit() bool {
	if n := s.pending.Add(1); s.opts.MaxPending > 0 && n > int64(s.opts.MaxPending) {
		s.pending.Add(-1)
		return false
	}
	return true
}

func (s *Server) announce(ctx context.Context, dst []byte, r request) []byte {
	client := tracker.PlainAddr(r.client.Addr())
	trusted := slices.ContainsFunc(s.opts.TrustIPParam, func(p netip.Prefix) bool { return p.Contains(client) })
	req, err := ParseAnnounce(r.query, client, trusted)
	if err != nil {
		return s.appendFailure(dst, r, err)
	}
	req.Named = req.Also.IsValid() || req.Addr.Addr() != client
	req.Key = strings.Clone(req.Key) // a call of the store may outlive its deadline, and the request's memory
	req.Waiter = r.waiter
	resp, err := s.tracker.Announce(ctx, req)
	if errors.Is(err, tracker.ErrEnded) && comesBack(req.PeerID) {
		s.noteFailure(r.path, r.client.String(), err)
		return AppendAnnounce(dst, req, tracker.EndedResponse())
	}
	if err != nil {
		return s.appendFailure(dst, r, err)
	}
	s.metrics.count(announced)
	// The hash costs memory, so it is not named in vain.
	if resp.Warning != "" && s.log.Enabled(ctx, slog.LevelDebug) {
		s.logAt(slog.LevelDebug, r.client.String(), "announce answered with a warning", "hash", req.InfoHash, "warning", resp.Warning)
	}
	return AppendAnnounce(dst, req, resp)
}

func (s *Server) scrape(ctx context.Context, dst []byte, r request) []byte {
	hashes, err := ParseScrape(r.query)
	if err == nil && len(hashes) == 0 && !s.opts.ScrapeAll {
		err = errScrapeAll
	}
	if err == nil && r.waiter != nil && r.waiter.Gone(tracker.EventNone) {
		err = tracker.ErrLate
	}
	if err != nil {
		return s.appendFailure(dst, r, err)
	}
	entries, err := s.tracker.Scrape(ctx, hashes)
	if err != nil {
		return s.appendFailure(dst, r, err)
	}
	s.metrics.count(scraped)
	return AppendScrape(dst, entries)
}

// appendFailure answers with a failure reason.
func (s *Server) appendFailure(dst []byte, r request, err error) []byte {
	s.noteFailure(r.path, r.client.String(), err)
	return AppendFailure(dst, tracker.FailureOf(err))
}

// noteFailure is the one place where errors of requests are counted and logged. A request's
// own fault concerns whoever debugs it only. A store or a location source that is
// away is logged where it goes and comes back, and not for every request in
// between. Anything else is logged seldom: whoever provokes it can do so with each request.
func (s *Server) noteFailure(path, client string, err error) {
	level, o := slog.LevelError, failed
	var fault tracker.ClientError
	switch {
	case errors.As(err, &fault), errors.Is(err, tracker.ErrCrowded):
		level, o = slog.LevelDebug, refused
	case errors.Is(err, tracker.ErrBusy):
		level, o = slog.LevelDebug, shed
	case errors.Is(err, tracker.ErrTooEarly):
		level, o = slog.LevelDebug, deferred
	case errors.Is(err, tracker.ErrEnded):
		level, o = slog.LevelDebug, ended
	case errors.Is(err, tracker.ErrUnavailable), errors.Is(err, tracker.ErrLocationUnknown),
		errors.Is(err, tracker.ErrNotTrusted), errors.Is(err, tracker.ErrNoClient), errors.Is(err, tracker.ErrLate), // logged where they are found
		errors.Is(err, context.Canceled): // the client went away, or the server stops
		level = slog.LevelDebug
	}
	s.metrics.count(o)
	if !s.log.Enabled(context.Background(), level) {
		return
	}
	args := []any{"path", path, "error", err}
	if level == slog.LevelError {
		suppressed, due := s.failure.Due()
		if !due {
			return
		}
		args = append(args, "suppressed", suppressed)
	}
	s.logAt(level, client, "request failed", args...)
}

// logAt logs about a request and names its client, if lines of this level are
// wanted.
func (s *Server) logAt(level slog.Level, client, message string, args ...any) {
	s.log.Log(context.Background(), level, message, append(args, "client", tracker.ClientName(client))...)
}
