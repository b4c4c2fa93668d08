// Command smdbstub is a small server-management database for trying out
// p2ptracker. It answers GET /servers/ipaddresses/IP as the older tracker's
// SMDB does, with 200 and {"hostname": {"cabinet": "rack", ...}} or with 404; and
// GET /healthz.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// stopTimeout bounds how long requests under way may take to finish.
const stopTimeout = 5 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "smdbstub:", err)
		os.Exit(1)
	}
}

// run serves until the context is done.
func run(ctx context.Context, args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("smdbstub", flag.ContinueOnError)
	flags.SetOutput(stderr)
	listen := flags.String("listen", "127.0.0.1:8000", "`address` to serve on")
	file := flags.String("hosts", "", "`file` of known hosts, a line \"IP hostname cabinet\" each, and more\n"+
		"fields of its record behind it, like row=3; # begins a comment;\n"+
		"two lines with one IP make an ambiguous answer")
	subnet := flags.Int("subnet", 0, "prefix `length` (8, 16 or 24) whose last octet is the cabinet of every IPv4\n"+
		"host that has no line: with 24, 127.0.3.7 is host-127-0-3-7 in r3; 0 for none")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	hosts, err := loadHosts(*file)
	if err != nil {
		return err
	}
	handler, err := newHandler(hosts, *subnet)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	slog.New(slog.NewTextHandler(stderr, nil)).Info("serving", "address", listener.Addr().String(), "hosts", len(hosts))
	return serve(ctx, listener, handler)
}

// serve answers requests until the context is done, and then finishes those
// under way.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       5 * time.Second,
		WriteTimeout:      5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return server.Shutdown(bound)
}
