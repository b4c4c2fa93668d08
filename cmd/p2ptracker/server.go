package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/p2ptracker/p2ptracker/tracker/bthttp"
)

// Limits of a connection, against slow and oversized clients.
const (
	headerTimeout  = 5 * time.Second  // to send the request's header
	readTimeout    = 30 * time.Second // to send all of it; torrents are uploaded here, too
	writeTimeout   = 60 * time.Second // to take the reply, counted from the header's end; more than restTimeout. REST renews it, see its paced
	idleTimeout    = 75 * time.Second // between two requests; more than the default ACTIVE_INTERVAL, so that a connection serves a client's next announce
	maxHeaderBytes = 16 << 10         // a scrape of 200 transfers has 14 KB
)

// httpServer is an http.Server behind a listener that answers announces and scrapes by itself.
type httpServer struct {
	*http.Server
	listener *bthttp.Listener
	log      *slog.Logger
}

// newHTTPServer begins to accept connections. Clients answers plain announces and scrapes, handler
// everything else.
func newHTTPServer(handler http.Handler, clients *bthttp.Server, listener net.Listener, log *slog.Logger) httpServer {
	server := &http.Server{
		Handler:           handler,
		ConnContext:       bthttp.ConnContext,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelError),
	}
	bounds := bthttp.Bounds{Connections: maxConnections(log), First: headerTimeout, Idle: idleTimeout}
	return httpServer{server, clients.Listen(listener, bounds), log}
}

// run serves until the context is done. Then it takes no more requests, and gives those in flight
// the time to finish.
func (s httpServer) run(ctx context.Context, grace time.Duration) error {
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(s.listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.log.Info("stopping: requests in flight may finish", "within", grace)
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := s.stop(bound); err != nil {
		_ = s.Close()
		return fmt.Errorf("stopped with requests unfinished after SHUTDOWN_TIMEOUT (%v): %w", grace, err)
	}
	s.log.Info("stopped")
	return nil
}

// stop stops the server and its listener, within the context's deadline.
func (s httpServer) stop(ctx context.Context) error {
	var both errgroup.Group
	both.Go(func() error { return s.listener.Shutdown(ctx) })
	both.Go(func() error { return s.Shutdown(ctx) })
	return both.Wait()
}
