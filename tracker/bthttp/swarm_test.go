package bthttp_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/bthttp"
)

// fixedSwarm answers alike to everybody, and remembers what it was asked.
type fixedSwarm struct {
	mu    sync.Mutex
	asked []string // as in the .parsed files
	err   error    // the answer instead, if any
	panic bool     // instead of an answer
}

var fixedPeers = []tracker.Peer{
	{ID: tracker.PeerID([]byte("-LT2080-first-------")), Addr4: netip.MustParseAddrPort("10.0.1.1:6881")},
	{ID: tracker.PeerID([]byte("-TR3000-second------")), Addr4: netip.MustParseAddrPort("10.0.1.2:51413"), Addr6: netip.MustParseAddrPort("[fd00::2]:51413")},
}

func (s *fixedSwarm) Announce(ctx context.Context, req tracker.AnnounceRequest) (tracker.AnnounceResponse, error) {
	s.remember(ctx, describe(req))
	resp := tracker.AnnounceResponse{
		Interval: 46 * time.Second, MinInterval: 43 * time.Second,
		Complete: 1, Incomplete: 2, Downloaded: 1, ExternalIP: req.Addr.Addr(),
	}
	if req.Event != tracker.EventStopped {
		resp.Peers = fixedPeers
	}
	return resp, s.err
}

func (s *fixedSwarm) Scrape(ctx context.Context, hashes []tracker.InfoHash) ([]tracker.ScrapeEntry, error) {
	var asked strings.Builder
	var entries []tracker.ScrapeEntry
	for _, hash := range hashes {
		asked.WriteString("info_hash   " + hash.String() + "\n")
		if hash != (tracker.InfoHash{}) { // which nobody knows
			entries = append(entries, tracker.ScrapeEntry{InfoHash: hash, Complete: 1, Incomplete: 2, Downloaded: 1, Downloaders: 2})
		}
	}
	s.remember(ctx, asked.String())
	return entries, s.err
}

func (s *fixedSwarm) remember(ctx context.Context, what string) {
	if s.panic {
		panic("a fault of the program")
	}
	if _, bounded := ctx.Deadline(); !bounded {
		panic("asked without a deadline")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, what)
}

// seen is the one request that came.
func (s *fixedSwarm) seen(t *testing.T) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.asked) != 1 {
		t.Fatalf("%d requests were answered, not one", len(s.asked))
	}
	return s.asked[0]
}

func (s *fixedSwarm) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

var quiet = slog.New(slog.DiscardHandler)

// serve runs a Server in front of net/http on loopback, as the program does, and returns its
// address.
func serve(t *testing.T, swarm bthttp.Announcer) string {
	t.Helper()
	return serveWith(t, swarm, bthttp.Options{TrustIPParam: loopback, Timeout: time.Minute}, quiet)
}

func serveWith(t *testing.T, swarm bthttp.Announcer, opts bthttp.Options, log *slog.Logger) string {
	t.Helper()
	return start(t, swarm, opts, log).addr
}

var bounds = bthttp.Bounds{Connections: 1000, First: time.Minute, Idle: time.Minute}

// running is a Server with its Listener and the net/http behind it.
type running struct {
	addr     string
	listener *bthttp.Listener
	behind   *http.Server
	handed   atomic.Int64 // requests that net/http got
	metrics  *prometheus.Registry
}

// connections is how many are open.
func (r *running) connections() float64 {
	families, err := r.metrics.Gather()
	if err != nil {
		panic(err)
	}
	for _, family := range families {
		if family.GetName() == "p2ptracker_http_connections" {
			return family.GetMetric()[0].GetGauge().GetValue()
		}
	}
	panic("not counted")
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) logger() *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

func (b *lockedBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(line)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func start(t *testing.T, swarm bthttp.Announcer, opts bthttp.Options, log *slog.Logger) *running {
	t.Helper()
	return startBounded(t, swarm, opts, bounds, log)
}

func startBounded(t *testing.T, swarm bthttp.Announcer, opts bthttp.Options, bounds bthttp.Bounds, log *slog.Logger) *running {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if opts.Metrics == nil {
		opts.Metrics = prometheus.NewRegistry()
	}
	server := bthttp.New(swarm, opts, log)
	r := &running{metrics: opts.Metrics.(*prometheus.Registry), addr: inner.Addr().String(), listener: server.Listen(inner, bounds)}
	r.behind = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			r.handed.Add(1)
			server.ServeHTTP(w, req)
		}),
		ConnContext:    bthttp.ConnContext,
		MaxHeaderBytes: 16 << 10,
		ErrorLog:       slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	go r.behind.Serve(r.listener)
	t.Cleanup(func() {
		r.behind.Close()
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		r.listener.Shutdown(gone)
	})
	return r
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return conn
}
