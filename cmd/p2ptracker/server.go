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

func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelError),
	}
}

// door is an http.Server behind a listener that answers announces and scrapes by itself.
type door struct {
	*http.Server
	listener *bthttp.Listener
}

// openDoor begins to serve a port.
func openDoor(f front, listener net.Listener, log *slog.Logger) door {
	bounds := bthttp.Bounds{Connections: maxConnections(log), First: headerTimeout, Idle: idleTimeout}
	server := newServer(f, log)
	server.ConnContext = bthttp.ConnContext
	return door{server, f.clients.Listen(listener, bounds)}
}

// Shutdown stops both, within the context's deadline.
func (d door) Shutdown(ctx context.Context) error {
	var both errgroup.Group
	both.Go(func() error { return d.listener.Shutdown(ctx) })
	both.Go(func() error { return d.Server.Shutdown(ctx) })
	return both.Wait()
}

// httpServer is an *http.Server or a door.
type httpServer interface {
	Serve(listener net.Listener) error
	Shutdown(ctx context.Context) error
	Close() error
}

// runServer serves until the context is done. Then it takes no more requests,
// and gives those in flight the time to finish.
func runServer(ctx context.Context, server httpServer, listener net.Listener, timeout time.Duration, log *slog.Logger) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	log.Info("stopping: requests in flight may finish", "within", timeout)
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	if err := server.Shutdown(bound); err != nil {
		_ = server.Close()
		return fmt.Errorf("stopped with requests unfinished after SHUTDOWN_TIMEOUT (%v): %w", timeout, err)
	}
	log.Info("stopped")
	return nil
}
