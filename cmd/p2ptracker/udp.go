package main

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/btudp"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore"
)

// listenUDP takes the UDP port. With UDP_PORT=0 that is none.
func listenUDP(ctx context.Context, c *Config) (*btudp.Listener, error) {
	port := string(c.UDPPort)
	switch c.UDPPort {
	case noUDP:
		return new(btudp.Listener), nil
	case "":
		port = strconv.Itoa(c.Port)
	}
	listener, err := btudp.Listen(ctx, string(c.Host), port)
	return listener, listenFault(err, "UDP_PORT", c, port)
}

// serveUDP serves until the context is done, as httpServer.run does.
func serveUDP(
	ctx context.Context, listener *btudp.Listener, c *Config, store *redisstore.Store, t *tracker.Tracker,
	registerer prometheus.Registerer, log *slog.Logger,
) error {
	secrets := store.Secrets()
	defer secrets.Close()
	server := btudp.New(t, secrets, btudp.Options{
		Timeout: c.AnnounceTimeout.duration(), MaxPending: c.MaxPending, Metrics: registerer,
	}, log)
	if err := server.Serve(ctx, listener, c.ShutdownTimeout.duration()); err != nil {
		return fmt.Errorf("serve UDP: %w", err)
	}
	return nil
}
