// Package bthttp answers announces and scrapes over HTTP (BEP 3, 7, 21, 23, 24,
// 31, 48). It knows the wire and nothing of swarms: bytes come in, a Tracker is
// asked, bytes go out.
//
// There are two ways in, with one meaning. A Listener answers what clients and proxies nearly
// always send, a plain GET that came in one piece. Every other connection is net/http's, to which
// a Server is a handler. docs/http-server.md has the reasons and the figures.
package bthttp

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

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
	tracker  Announcer
	requests *tracker.Requests
	opts     Options
	metrics  metrics
	log      *slog.Logger
}

// New returns a Server. It serves GET /announce and /scrape, both also with a trailing
// slash.
func New(t Announcer, opts Options, log *slog.Logger) *Server {
	if opts.ClientOf == nil {
		opts.ClientOf = func(peer netip.AddrPort, _ []string) (netip.AddrPort, error) { return peer, nil }
	}
	return &Server{tracker: t, requests: tracker.NewRequests(opts.MaxPending, log), opts: opts, metrics: newMetrics(opts.Metrics), log: log}
}

// request is an announce or a scrape from either way in. Its strings share memory that is used
// again as soon as it is answered.
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

// The paths that are answered. Clients have theirs from torrent files, which nobody can mend.
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
	case !s.requests.Admit():
		return s.appendFailure(dst, r, tracker.ErrBusy)
	}
	defer s.requests.Done()
	if strings.HasPrefix(r.path, pathScrape) {
		return s.scrape(ctx, dst, r)
	}
	return s.announce(ctx, dst, r)
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
	switch {
	case errors.Is(err, tracker.ErrEnded) && tracker.TraitsOf(req.PeerID).IgnoresFailures:
		s.fail(r, err)
		return AppendAnnounce(dst, req, tracker.EndedResponse())
	case err != nil:
		return s.appendFailure(dst, r, err)
	}
	s.metrics.count(tracker.OutcomeAnnounced)
	if resp.Warning != "" && s.log.Enabled(ctx, slog.LevelDebug) { // else naming them would cost memory
		s.log.Debug("announce answered with a warning", "hash", req.InfoHash, "warning", resp.Warning, "client", tracker.ClientName(r.client.String()))
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
	s.metrics.count(tracker.OutcomeScraped)
	return AppendScrape(dst, entries)
}

// appendFailure answers with a failure reason.
func (s *Server) appendFailure(dst []byte, r request, err error) []byte {
	return AppendFailure(dst, s.fail(r, err))
}

// fail counts and logs a request that failed.
func (s *Server) fail(r request, err error) tracker.Failure {
	f := s.requests.Fail(err, slog.String("path", r.path), r.client)
	s.metrics.count(f.Outcome)
	return f
}
