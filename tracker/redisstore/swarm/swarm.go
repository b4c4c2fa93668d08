// Package swarm keeps who is in a transfer and who represents whom: announces, the leases that they take,
// probes, scrapes. Each announce is decided and recorded by one EVALSHA of a script of package lua.
package swarm

import (
	"log/slog"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/client"
)

// Swarm is one frontend's part in all swarms. It is safe for concurrent use.
type Swarm struct {
	redis      *client.Client
	log        *slog.Logger
	background *background
	scans      *otter.Cache[scanKey, time.Duration]
	metrics    metrics
	crowded    *tracker.LogLimiter // of lines of an address that is full
}

// New returns one that counts with a registerer, or for nobody if it is nil. Run does what announces
// leave to do.
func New(redis *client.Client, registerer prometheus.Registerer, log *slog.Logger) *Swarm {
	return &Swarm{
		redis: redis, log: log, background: newBackground(), scans: newScans(), metrics: newMetrics(registerer),
		crowded: &tracker.LogLimiter{},
	}
}

// Over returns the same over another client. Tasks share the queue and its workers; each runs over the
// client of the Swarm that queued it.
func (s *Swarm) Over(redis *client.Client) *Swarm {
	other := *s
	other.redis = redis
	return &other
}
