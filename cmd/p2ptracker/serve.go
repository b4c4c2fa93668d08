package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

func newServeCommand(load func() (Config, error)) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the tracker until SIGTERM or SIGINT",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := load()
			if err != nil {
				return err
			}
			signalled, forget := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer forget()
			// The first signal stops the server, but not before a second one would
			// kill it.
			ctx, stop := context.WithCancel(cmd.Context())
			defer context.AfterFunc(signalled, func() { forget(); stop() })()
			return serve(ctx, &c, newLogger(cmd.ErrOrStderr(), c.Debug))
		},
	}
}

func newLogger(w io.Writer, debug bool) *slog.Logger {
	level := slog.LevelInfo
	if debug {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

// serve runs the tracker until the context is done. The ports come first: who
// cannot have them says so before anything else happens.
func serve(ctx context.Context, c *Config, log *slog.Logger) error {
	listener, err := listen(ctx, c)
	if err != nil {
		return err
	}
	defer listener.Close()
	udpListener, err := listenUDP(ctx, c)
	if err != nil {
		return err
	}
	defer udpListener.Close()
	registry := newRegistry()
	chain, err := openChain(c, registry, log)
	if err != nil {
		return err
	}
	defer chain.Close()
	store, closeStore, err := openStore(c, registry, log)
	if err != nil {
		return err
	}
	defer closeStore()
	cache := newLocator(c, chain, store, registry, log)
	defer cache.Close()
	t, closeTracker := newTracker(c, store, cache, registry, log)
	defer closeTracker()

	servers, serving := errgroup.WithContext(ctx)
	servers.Go(func() error {
		door := openDoor(c, newHandler(c, store, t, cache, registry, log), listener, log)
		log.Info("listening", "address", listener.Addr().String(), "version", programVersion())
		return runServer(serving, door, door.listener, c.ShutdownTimeout.duration(), log)
	})
	if c.UDPPort != noUDP {
		servers.Go(func() error { return serveUDP(serving, udpListener, c, store, t, registry, log) })
	}
	return servers.Wait()
}
