package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/p2ptracker/p2ptracker/tracker/redisstore"
)

func newServeCommand(load func() (Config, faults)) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the tracker until SIGTERM or SIGINT",
		Long:  "Run the tracker until SIGTERM or SIGINT.\n\n" + settingsHelp,
		Example: `  p2ptracker serve                             # port 6969, everything in memory
  REDISHOST=redis.example SMDB_URL=https://smdb.example ADMIN_TOKEN=secret p2ptracker serve
  p2ptracker serve --config /etc/p2ptracker.conf`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, wrong := load()
			log := newLogger(cmd.ErrOrStderr(), &c)
			slog.SetDefault(log) // for libraries that log on their own
			signalled, forget := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer forget()
			// The first signal stops the server, but not before a second one would
			// kill it.
			ctx, stop := context.WithCancel(cmd.Context())
			defer context.AfterFunc(signalled, func() { forget(); stop() })()
			return lastWords(serve(ctx, &c, wrong, cmd.OutOrStdout(), log), &c, log)
		},
	}
}

// serve runs the tracker until the context is done. Whatever is wrong with its settings, or
// with its ports, it says before anything else happens.
func serve(ctx context.Context, c *Config, wrong faults, stdout io.Writer, log *slog.Logger) error {
	registry := newRegistry()
	chain, err := openChain(c, wrong, registry, log)
	if err != nil {
		return err
	}
	defer chain.Close()
	listener, udpListener, err := listenAll(ctx, c)
	if err != nil {
		return err
	}
	defer listener.Close()
	defer udpListener.Close()
	store, closeStore, err := openStore(c, registry, log)
	if err != nil {
		return err
	}
	defer closeStore()
	defer store.Compare(mustBeAlike(c, chain))()
	cache := newLocator(c, chain, store, registry, log)
	defer cache.Close()
	t, closeTracker := newTracker(c, store, cache, registry, log)
	defer closeTracker()
	handler, clients := newHandler(c, store, t, cache, registry, log)
	server := newHTTPServer(handler, clients, listener, log)

	if c.ProxyPass && c.AdminToken == "" {
		log.Warn("PROXYPASS WITHOUT ADMIN_TOKEN: whoever is on the machine of a frontend or of a proxy may register torrents and end transfers")
	}
	log.Info("listening", "address", listener.Addr().String(), "url", c.url(), "version", programVersion())
	if c.UDPPort != noUDP {
		log.Info("listening for UDP", "address", udpListener.Addr().String())
	}
	servers, serving := errgroup.WithContext(ctx)
	if c.LogFormat != jsonFormat && isTerminal(stdout) {
		servers.Go(func() error { greetWhenReady(serving, stdout, c, store); return nil })
	}
	servers.Go(func() error { return server.run(serving, c.ShutdownTimeout.duration()) })
	if c.UDPPort != noUDP {
		servers.Go(func() error { return serveUDP(serving, udpListener, c, store, t, registry, log) })
	}
	return servers.Wait()
}

// url is where the tracker is reached from this machine.
func (c *Config) url() string { return "http://" + c.ownAddress() + "/" }

// isTerminal says whether a person may be reading.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// greetWhenReady greets behind what the store logs at start: a store that is away is not waited for.
func greetWhenReady(ctx context.Context, w io.Writer, c *Config, store *redisstore.Store) {
	for tries := 0; tries < 20 && store.Ready(ctx) != nil; tries++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(100 * time.Millisecond): // 2 s in all
		}
	}
	greet(w, c)
}

// greet tells a person where the tracker is and what to type next.
func greet(w io.Writer, c *Config) {
	var memory, header string
	if c.RedisHost == "" {
		memory = "It keeps everything in its own memory, and forgets it when it ends: set REDISHOST for Redis.\n"
	}
	if c.AdminToken != "" {
		header = ` -H "Authorization: Bearer $ADMIN_TOKEN"`
	}
	fmt.Fprintf(w, "\np2ptracker is at %[1]s\n%[2]sNext, in another terminal, share a FILE:\n"+
		"  mktorrent -p -a %[1]sannounce FILE && curl -f%[3]s --data-binary @FILE.torrent %[1]storrents/FILE.torrent\n\n",
		c.url(), memory, header)
}
