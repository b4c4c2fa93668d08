package smdb

import (
	"context"
	"net/netip"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// remote is a source behind a deadline.
type remote struct {
	source  Source
	timeout time.Duration
}

func newRemote(source Source, timeout time.Duration) *remote {
	return &remote{source, timeout}
}

// Locate implements Source.
func (r *remote) Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	return r.source.Locate(ctx, ip)
}
