// Package btudp answers announces and scrapes over UDP (BEP 15, 41). It knows the wire and
// nothing of swarms: packets come in, a Tracker is asked, packets go out.
//
// A request that cannot be answered now gets an error with a static text, as over HTTP. An error
// has no field for when to come back, but brings most clients back sooner than silence does. This
// was seen on the wire: the time until the next packet after the first failure, the second, …
//
//	              error             no answer
//	rtorrent      5, 10, 20, 40 s   30, 35, 30 s
//	transmission  21, 350 s         81 s
//	libtorrent    29, 55, 117 s     39, 65, 127 s
//	aria2         121, 121 s        5, 131, 5, 131 s
//
// Silence also makes a load balancer believe that the frontend is dead. So only senders get no
// answer that may have forged their address, and would get more than they sent.
package btudp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/p2ptracker/p2ptracker/internal/workerpool"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// Announcer decides what clients are answered; *tracker.Tracker is one. Any
// number of goroutines ask it at once. It returns by the context's deadline, and
// its errors are for tracker.FailureOf.
type Announcer interface {
	Announce(ctx context.Context, req tracker.AnnounceRequest) (tracker.AnnounceResponse, error)
	// Scrape leaves out what it does not know.
	Scrape(ctx context.Context, hashes []tracker.InfoHash) ([]tracker.ScrapeEntry, error)
}

// Options are what the program sets.
type Options struct {
	Timeout    time.Duration         // deadline of an announce or a scrape; more than zero
	MaxPending int                   // announces and scrapes under way at once; 0: no bound
	Metrics    prometheus.Registerer // where the counters go, if anywhere
}

// Server answers packets.
type Server struct {
	tracker   Announcer
	requests  *tracker.Requests
	answering sync.WaitGroup // a goroutine for each request that is pending
	secrets   Secrets
	opts      Options
	metrics   metrics
	log       *slog.Logger
}

// New returns a Server whose connection ids are made with secrets.
func New(t Announcer, secrets Secrets, opts Options, log *slog.Logger) *Server {
	return &Server{
		tracker: t, requests: tracker.NewRequests(opts.MaxPending, log), secrets: secrets,
		opts: opts, metrics: newMetrics(opts.Metrics), log: log,
	}
}

// Serve answers what comes until the context is done. Then it reads no more, gives the
// requests under way the time to finish, and frees the port.
func (s *Server) Serve(ctx context.Context, l *Listener, grace time.Duration) error {
	defer l.Close()
	work, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	readers, reading := errgroup.WithContext(ctx)
	defer context.AfterFunc(reading, l.wake)()
	workers := workerpool.New()
	var writers sync.WaitGroup
	transports := make([]*transport, len(l.sockets))
	for i, sock := range l.sockets {
		t := &transport{server: s, workers: workers, socket: sock, out: make(chan *outPacket, maxQueued)}
		transports[i] = t
		readers.Go(func() error { return t.read(reading, work) })
		writers.Go(t.write)
	}
	err := readers.Wait()
	if !s.finish(grace) {
		err = errors.Join(err, fmt.Errorf("requests over UDP unfinished after %v", grace))
		abandon()
		s.answering.Wait()
	}
	workers.Close()
	for _, t := range transports {
		close(t.out)
	}
	writers.Wait()
	return err
}

// finish waits for the requests under way, and says whether they have ended in time.
func (s *Server) finish(within time.Duration) bool {
	if s.requests.Pending() == 0 {
		return true
	}
	ended := make(chan struct{})
	go func() {
		s.answering.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return true
	case <-time.After(within):
		return false
	}
}
