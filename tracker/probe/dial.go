package probe

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// outcome is how a probe ended, as it is counted.
type outcome string

const (
	answered outcome = "answered"
	refused  outcome = "refused"
	timeout  outcome = "timeout" // nobody there; also where the network says so
	failed   outcome = "error"   // nothing is known of the host: the fault is here
)

// dialer opens a connection and closes it. It returns by the context's deadline.
type dialer func(ctx context.Context, addr netip.AddrPort) error

func dialTCP(ctx context.Context, addr netip.AddrPort) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr.String())
	if err != nil {
		return err
	}
	return conn.Close()
}

// reach tries a representative's one or two addresses. One that answers is enough; and a
// frontend without IPv6, say, learns by the other address what there is to learn.
func (p *Prober) reach(ctx context.Context, c tracker.Check) outcome {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	addresses := []netip.AddrPort{c.Addr}
	if c.Also.IsValid() {
		addresses = append(addresses, c.Also)
	}
	outcomes := make(chan outcome, len(addresses))
	for _, addr := range addresses {
		go func() { outcomes <- classify(p.dial(ctx, addr)) }()
	}
	best := failed
	for range addresses {
		switch o := <-outcomes; {
		case o == answered:
			return answered
		case best == failed:
			best = o
		}
	}
	return best
}

// classify tells what an error says of the host from what it says of this machine.
func classify(err error) outcome {
	var timed net.Error
	switch {
	case err == nil:
		return answered
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET):
		return refused
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.EHOSTDOWN),
		errors.As(err, &timed) && timed.Timeout():
		return timeout
	}
	return failed
}
