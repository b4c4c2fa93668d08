package smdb

import (
	"context"
	"errors"
	"net/netip"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Source knows where hosts stand, or asks a service that does. Any number of goroutines may
// ask it at once, but at most RemoteCalls a remote one. It returns by the context's deadline.
type Source interface {
	// Locate says where the host with this address stands; the address is valid, unmapped
	// and has no zone. An error that wraps ErrNotFound or ErrInvalid is the source's answer;
	// any other error means that it could not answer now.
	Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error)
}

var (
	// ErrNotFound: the source does not know the host.
	ErrNotFound = errors.New("host not found")
	// ErrInvalid: the source knows the host, but not one valid place of it.
	ErrInvalid = errors.New("no valid place")
)
