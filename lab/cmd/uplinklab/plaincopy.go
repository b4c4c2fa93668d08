package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/netlab"
	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
)

// plainCopy fetches the payload's number of bytes by HTTP, on the first host.
func (l *lab) plainCopy(ctx context.Context) (_ *experiment.PlainCopy, err error) {
	n := newNetwork(l.options, false)
	defer func() {
		if failed := n.tearDown(); err == nil {
			err = failed
		}
	}()
	if err := n.setUp(l.options); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(coreHost, "0"))
	if err != nil {
		return nil, err
	}
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(make([]byte, l.options.Bytes())))
	})}
	defer server.Close()
	go func() { _ = server.Serve(listener) }()

	before, err := n.count()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	fetch := netlab.Inside(n.hosts[0].namespace, "curl", "--noproxy", "*", "-sSf", "-o", "/dev/null", "http://"+listener.Addr().String())
	if err := runUntil(ctx, fetch); err != nil {
		return nil, err
	}
	took := time.Since(began)
	after, err := n.count()
	crossed := after.minus(before)[n.racks[0].namespace]
	size := float64(l.options.Bytes())
	return &experiment.PlainCopy{
		In: float64(crossed.in) / size, Out: float64(crossed.out) / size,
		Seconds: took.Seconds(), Ratio: took.Seconds() / l.options.Bound(),
	}, err
}

// runUntil runs a command, and kills it when the context is done.
func runUntil(ctx context.Context, command *exec.Cmd) error {
	var stderr bytes.Buffer
	command.Stderr = &stderr
	if err := command.Start(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = command.Process.Kill() })
	defer stop()
	if err := command.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	return nil
}
