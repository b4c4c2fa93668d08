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
)

// plainCopy is what a copy of the payload costs that comes over one TCP connection from the
// core: the copies of a push are to be held against it.
type plainCopy struct {
	In      float64 `json:"in"`      // bytes of frames into the rack, by those of the payload
	Out     float64 `json:"out"`     // and out of it: acknowledgements
	Seconds float64 `json:"seconds"` // it took
	Ratio   float64 `json:"ratio"`   // of that to the bound
}

func (p plainCopy) String() string {
	return fmt.Sprintf("a plain copy over TCP counts as %.3f in and %.3f out, and takes %.1f s, %.2f × the bound", p.In, p.Out, p.Seconds, p.Ratio)
}

// plainCopy fetches the payload's number of bytes by HTTP, on the first host.
func (l *lab) plainCopy(ctx context.Context) (_ plainCopy, err error) {
	n := layOut(l.options, false)
	defer func() {
		if failed := n.tearDown(); err == nil {
			err = failed
		}
	}()
	if err := n.setUp(l.options); err != nil {
		return plainCopy{}, err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(coreHost, "0"))
	if err != nil {
		return plainCopy{}, err
	}
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(make([]byte, l.options.bytes())))
	})}
	defer server.Close()
	go func() { _ = server.Serve(listener) }()

	before, err := n.count()
	if err != nil {
		return plainCopy{}, err
	}
	began := time.Now()
	fetch := netlab.Inside(n.hosts[0].namespace, "curl", "--noproxy", "*", "-sSf", "-o", "/dev/null", "http://"+listener.Addr().String())
	if err := runUntil(ctx, fetch); err != nil {
		return plainCopy{}, err
	}
	took := time.Since(began)
	after, err := n.count()
	crossed := after.minus(before)[n.racks[0].namespace]
	size := float64(l.options.bytes())
	return plainCopy{
		In: float64(crossed.in) / size, Out: float64(crossed.out) / size,
		Seconds: took.Seconds(), Ratio: took.Seconds() / l.options.bound().Seconds(),
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
